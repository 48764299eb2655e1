// The throughput as a picture for the documents: a panel for each cell, a bar for each system, written as SVG by hand.
//
// A panel has a scale of its own, from zero: within it lengths compare; across panels the figures do.

import { CATALOGUE } from './catalogue.js';
import type { Row } from './rows.js';
import { cellTitle, systemTitle, whole } from './table.js';

// All lengths in px.
const COLUMNS = 2;
const PANEL_WIDTH = 450;
const NAME_WIDTH = 110;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 16;
const BAR_STEP = 22;
const TITLE_HEIGHT = 34;
const HEAD_HEIGHT = 50;
const FOOT_HEIGHT = 30;
const MARGIN = 20;
const BAR_WIDTH_MAX = PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH - MARGIN;

/** Grey for what is no choice, blue for us, sand for the others: told apart in light and in dark, and by colour-blind eyes. */
const COLOURS = { floor: '#9aa4ad', own: '#1f6feb', peer: '#d9a85b' } as const;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The whole SVG. `foot` says where the figures were taken. */
export function chart(rows: readonly Row[], foot: string): string {
  const cells = [...new Set(rows.map((row) => row.cell))];
  const groups = cells.map((cell) => rows.filter((row) => row.cell === cell));
  const panelHeight = TITLE_HEIGHT + Math.max(0, ...groups.map((group) => group.length)) * BAR_STEP + MARGIN;
  const width = COLUMNS * PANEL_WIDTH + MARGIN * 2;
  const height = HEAD_HEIGHT + Math.ceil(groups.length / COLUMNS) * panelHeight + FOOT_HEIGHT;
  const panels = groups.map((group, at) => {
    const x = MARGIN + (at % COLUMNS) * PANEL_WIDTH;
    const y = HEAD_HEIGHT + Math.floor(at / COLUMNS) * panelHeight;
    return `<g transform="translate(${x} ${y})">\n${panel(group)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13">`,
    '<title>Requests per second of Majordomo, the floor and its peers</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="30" font-size="18" font-weight="600" fill="#1b1f24">Requests per second (longer is better)</text>`,
    ...panels,
    `<text x="${MARGIN}" y="${height - 12}" font-size="11" fill="#57606a">${escape(foot)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function panel(group: readonly Row[]): string {
  const most = Math.max(1, ...group.map((row) => (row.status === 'measured' ? row.perSecond : 0)));
  const title = `<text y="18" font-weight="600" fill="#1b1f24">${escape(cellTitle(group[0]?.cell ?? ''))}</text>`;
  const bars = group.map((row, at) => {
    const y = TITLE_HEIGHT + at * BAR_STEP;
    const baseline = y + BAR_HEIGHT - 4;
    const kind = CATALOGUE.find((each) => each.name === row.system)?.kind ?? 'peer';
    const weight = kind === 'own' ? ' font-weight="600"' : '';
    const name = `<text x="${NAME_WIDTH - 8}" y="${baseline}" text-anchor="end" fill="#1b1f24"${weight}>${escape(systemTitle(row.system))}</text>`;
    if (row.status !== 'measured')
      return `${name}\n<text x="${NAME_WIDTH}" y="${baseline}" fill="#57606a">${row.status}</text>`;
    const length = Math.max(1, (row.perSecond / most) * BAR_WIDTH_MAX);
    const bar = `<rect x="${NAME_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${COLOURS[kind]}"/>`;
    const value = `<text x="${(NAME_WIDTH + length + 6).toFixed(1)}" y="${baseline}" fill="#1b1f24"${weight}>${whole(row.perSecond)}</text>`;
    return `${name}\n${bar}\n${value}`;
  });
  return [title, ...bars].join('\n');
}
