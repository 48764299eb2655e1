// npm run bench: Majordomo next to the bare-socket floor, on the same work, in one run.
//
// Rounds are interleaved, so that whatever else the machine does hits all systems alike; the table shows medians.

import { parseArgs } from 'node:util';
import type { Cell, Part, Run } from './cell.js';
import { runOnce } from './run.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    systems: { type: 'string', default: 'floor,majordomo' },
    cells: { type: 'string', default: '64x1000,64x100,64x1,1024x1000,1024x100,1024x1' },
    json: { type: 'boolean', default: false },
  },
});

/** `64x1000` is 64 bytes and 1,000 in flight; `64x250x4` is four clients with 250 each and four workers. */
function parseCell(text: string): Cell {
  const [bodyBytes = 0, inFlight = 0, peers = 1] = text.split('x').map(Number);
  if (!(bodyBytes > 0) || !(inFlight > 0) || !(peers > 0))
    throw new Error(`not a cell: ${text} (write BYTESxINFLIGHT)`);
  return { bodyBytes, inFlight, clients: peers, workers: peers };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface Row {
  readonly cell: string;
  readonly system: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** CPU ms per 100,000 requests of each process. */
  readonly cpu: Readonly<Record<Part, number>>;
  readonly rssMiB: Readonly<Record<Part, number>>;
}

function rowOf(cell: string, system: string, runs: readonly Run[]): Row {
  const parts = ['client', 'broker', 'worker'] as const;
  const each = (pick: (run: Run, part: Part) => number): Record<Part, number> =>
    Object.fromEntries(parts.map((part) => [part, median(runs.map((run) => pick(run, part)))])) as Record<Part, number>;
  return {
    cell,
    system,
    perSecond: median(runs.map((run) => run.perSecond)),
    p50: median(runs.map((run) => run.p50)),
    p99: median(runs.map((run) => run.p99)),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
    cpu: each((run, part) => (run.took[part].cpuMs / run.answered) * 100_000),
    rssMiB: each((run, part) => run.took[part].rssBytes / 1024 / 1024),
  };
}

function print(rows: readonly Row[], systems: readonly string[]): void {
  const head = [
    'bytes x in flight',
    'system',
    'requests/s',
    'p50 µs',
    'p99 µs',
    'CPU ms/100k c/b/w',
    'RSS MiB c/b/w',
    'of floor',
  ];
  const lines = rows.map((row) => {
    const floor = rows.find((other) => other.cell === row.cell && other.system === systems[0]);
    const of =
      floor === undefined
        ? ''
        : `${(row.perSecond / floor.perSecond).toFixed(2)}, p50 x${(row.p50 / floor.p50).toFixed(2)}`;
    const three = (numbers: Row['cpu']): string =>
      [numbers.client, numbers.broker, numbers.worker].map(Math.round).join('/');
    const failed = row.failed > 0 ? ` (${row.failed} failed)` : '';
    return [
      row.cell,
      row.system,
      `${Math.round(row.perSecond)}${failed}`,
      row.p50,
      row.p99,
      three(row.cpu),
      three(row.rssMiB),
      of,
    ].map(String);
  });
  const widths = head.map((word, i) => Math.max(word.length, ...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of [head, ...lines]) {
    process.stdout.write(
      `${line.map((word, i) => (i < 2 ? word.padEnd(widths[i] ?? 0) : word.padStart(widths[i] ?? 0))).join('  ')}\n`,
    );
  }
}

async function main(): Promise<void> {
  const cells = values.cells.split(',');
  const systems = values.systems.split(',');
  const rounds = Number(values.rounds);
  const measureMs = Number(values.seconds) * 1_000;
  const runs = new Map<string, Run[]>();
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      for (const system of systems) {
        done += 1;
        process.stderr.write(`\r${done}/${rounds * cells.length * systems.length} ${cell} ${system}          `);
        const run = await runOnce({ system, cell: parseCell(cell), measureMs, warmUpMs: 700 });
        const key = `${cell} ${system}`;
        runs.set(key, [...(runs.get(key) ?? []), run]);
      }
    }
  }
  process.stderr.write('\r\n');
  const rows = cells.flatMap((cell) =>
    systems.map((system) => rowOf(cell, system, runs.get(`${cell} ${system}`) ?? [])),
  );
  if (values.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else print(rows, systems);
  if (rows.some((row) => row.failed > 0)) process.exitCode = 1;
}

await main();
