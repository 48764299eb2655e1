// Rows as a table of aligned columns.

import type { Paint } from './screen.js';

/** One column: its title, and which side its cells are aligned to. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** Columns that terminals give to a text: wide letters of East Asia are not counted as two. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, width: number, align: Column['align']): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? fill + text : text + fill;
}

/**
 * @param rows as many cells as there are columns; control characters in them are shown as `�`, so that no name of a peer moves the cursor.
 * @returns lines without spaces at their ends and without a line break after the last.
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string {
  const clean = rows.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, '�')));
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...clean.map((row) => widthOf(row[at] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.align))
      .join(GAP)
      .trimEnd();
  return [paint.bold(line(columns.map(({ title }) => title))), ...clean.map(line)].join('\n');
}
