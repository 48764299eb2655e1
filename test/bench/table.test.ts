// How the figures are shown: on the terminal and as a picture.
import { chart } from './chart.js';
import { measuredRow, missingRow } from './sample-rows.js';
import { cellTitle, table, threeDigits } from './table.js';

const ROWS = [
  measuredRow('64x1000', 'floor', { perSecond: 400_000 }),
  measuredRow('64x1000', 'majordomo', { perSecond: 100_000, p50: 1_500, wrong: 2, failures: ['it fell over'] }),
  measuredRow('64x1000', 'grpc', { perSecond: 50_000, cpuSeconds: { client: 1, broker: undefined, worker: 3 } }),
  missingRow('64x1000', 'moleculer'),
];

const lineOf = (name: string): string =>
  table(ROWS)
    .split('\n')
    .find((line) => line.startsWith(name)) ?? '';

test('a row has the ratios to the floor and to the best peer', () => {
  expect(lineOf('Majordomo')).toMatch(/100,000 +1\.50 +0\.200 .* 0\.25 +2\.00$/);
});

test('what nobody can tell is a dash', () => {
  expect(lineOf('gRPC')).toMatch(/ 1\.00 +- +3\.00 /);
});

test('a system that is not installed says why in its row', () => {
  expect(lineOf('Moleculer')).toBe('Moleculer/NATS  not installed: nats-server is not on the PATH');
});

test('wrong answers and runs that failed stand below the group', () => {
  expect(table(ROWS)).toContain('Majordomo: 2 answers were wrong');
  expect(table(ROWS)).toContain('Majordomo: 1 of 4 runs failed: it fell over');
});

test('a table where nothing could be measured is still one', () => {
  expect(table([missingRow('64x1', 'nats')])).toContain('not installed');
});

test('cells have titles that a reader understands', () => {
  expect(cellTitle('64x1000')).toBe('64 B, 1,000 in flight');
  expect(cellTitle('65536x100')).toBe('64 KiB, 100 in flight');
  expect(cellTitle('64x250x4')).toBe('64 B, 250 in flight at each of 4 clients, 4 workers');
});

test('three digits count', () => {
  expect([0.1634, 2.731, 42.94, 999.7].map(threeDigits)).toEqual(['0.163', '2.73', '42.9', '1,000']);
});

// An opening, closing or empty tag: its slash, its name, its attributes.
const TAG = /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/g;

test('the chart is well-formed, with a bar for each row that was measured', () => {
  const svg = chart(ROWS, 'Node & <friends>');
  const open: string[] = [];
  const unmatched: string[] = [];
  for (const [, slash, name = '', attributes = ''] of svg.matchAll(TAG)) {
    if (slash === '/' && open.at(-1) !== name) unmatched.push(name);
    else if (slash === '/') open.pop();
    else if (!attributes.endsWith('/')) open.push(name);
  }
  expect([...open, ...unmatched]).toEqual([]);
  // What is left when the tags are gone is text: nothing in it may look like one.
  const text = svg.replaceAll(TAG, '');
  expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
  expect(svg.match(/ rx="2"/g)).toHaveLength(3);
  expect(text).toContain('not installed');
});
