// The table on the terminal: a group for each cell, a line for each system.

import { CATALOGUE } from './catalogue.js';
import { parseCell, type Work } from './cell.js';
import type { MeasuredRow, Row } from './rows.js';
import { bestPeer, floorOf } from './targets.js';

const HEAD = [
  'system',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'CPU client',
  'broker',
  'worker',
  'MiB client',
  'broker',
  'worker',
  'of floor',
  'of best peer',
];
/** A reason longer than this is cut; --json has it whole. In characters. */
const REASON_MAX = 300;

const WORK_TITLES: Readonly<Record<Work, string>> = { echo: '', submit: 'submitted, ', mixed: '', paired: '' };
const BESIDE_TITLES: Partial<Record<Work, string>> = {
  mixed: ', beside a client that submits as much',
  paired: ', beside a client that calls as much',
};

/** `64 B, 1,000 in flight`, or with how many clients and workers. */
export function cellTitle(name: string): string {
  const cell = parseCell(name);
  if (cell === undefined) return name;
  const { work, bodyBytes, inFlight, clients } = cell;
  const size = bodyBytes >= 1_024 && bodyBytes % 1_024 === 0 ? `${bodyBytes / 1_024} KiB` : `${bodyBytes} B`;
  const each = clients === 1 ? '' : ` at each of ${clients} clients, ${clients} workers`;
  return `${WORK_TITLES[work]}${size}, ${whole(inFlight)} in flight${each}${BESIDE_TITLES[work] ?? ''}`;
}

/** What the table calls a system. */
export function systemTitle(name: string): string {
  return CATALOGUE.find((each) => each.name === name)?.title ?? name;
}

/** `12,345` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three digits that count: `0.163`, `2.73`, `42.9`, `1,230`. */
export function threeDigits(value: number): string {
  return value >= 999.5 ? whole(value) : value.toPrecision(3);
}

/** What the heads of the columns leave out. */
export const LEGEND =
  'CPU: seconds of all processes of a part for 100,000 requests. MiB: memory of its largest process. of: throughput, as a share.';

/** The whole table, each line ended. */
export function table(rows: readonly Row[]): string {
  const cells = [...new Set(rows.map((row) => row.cell))];
  const lines = rows.flatMap((row) => (row.status === 'measured' ? [figures(row, rows)] : []));
  const widths: number[] = HEAD.map((word, at) => Math.max(word.length, ...lines.map((line) => line[at]?.length ?? 0)));
  widths[0] = Math.max(...rows.map((row) => systemTitle(row.system).length));
  const laid = (words: readonly string[]): string =>
    words
      .map((word, at) => (at === 0 ? word.padEnd(widths[at] ?? 0) : word.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  const groups = cells.map((cell) => {
    const group = rows.filter((row) => row.cell === cell);
    const body = group.map((row) => (row.status === 'measured' ? laid(figures(row, rows)) : absent(row, widths[0])));
    return [cellTitle(cell), laid(HEAD), ...body, ...group.flatMap(notes)].join('\n');
  });
  return `${groups.join('\n\n')}\n`;
}

function figures(row: MeasuredRow, rows: readonly Row[]): string[] {
  const optional = (value: number | undefined, show: (value: number) => string): string =>
    value === undefined ? '-' : show(value);
  const of = (other: MeasuredRow | undefined): string =>
    optional(other && row.perSecond / other.perSecond, (ratio) => ratio.toFixed(2));
  const { cpuSeconds, rssMib } = row;
  return [
    systemTitle(row.system),
    whole(row.perSecond),
    threeDigits(row.p50 / 1_000),
    threeDigits(row.p99 / 1_000),
    ...[cpuSeconds.client, cpuSeconds.broker, cpuSeconds.worker].map((value) => optional(value, threeDigits)),
    ...[rssMib.client, rssMib.broker, rssMib.worker].map((value) => optional(value, whole)),
    of(floorOf(rows, row.cell)),
    of(bestPeer(rows, row.cell)),
  ];
}

function absent(row: Exclude<Row, MeasuredRow>, width = 0): string {
  const reason = row.reason.replaceAll(/\s+/g, ' ').slice(0, REASON_MAX);
  return `${systemTitle(row.system).padEnd(width)}  ${row.status}: ${reason}`;
}

/** What a row does not show: what was beside it, and runs that went wrong. */
function notes(row: Row): string[] {
  if (row.status !== 'measured') return [];
  const name = systemTitle(row.system);
  const all = row.runs + row.failures.length;
  const reason = (row.failures[0] ?? '').replaceAll(/\s+/g, ' ').slice(0, REASON_MAX);
  return [
    ...(row.besidePerSecond === undefined ? [] : [`  ${name}: ${whole(row.besidePerSecond)}/s beside it`]),
    ...(row.wrong > 0 ? [`  ${name}: ${whole(row.wrong)} answers were wrong`] : []),
    ...(row.failures.length > 0 ? [`  ${name}: ${row.failures.length} of ${all} runs failed: ${reason}`] : []),
  ];
}
