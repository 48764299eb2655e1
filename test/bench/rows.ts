// One line of the table for each system in each cell: the medians of its runs, or why there are none.

import type { Part, Run, Took } from './cell.js';

/** What was measured; every figure is the median over the runs that worked. Latencies in µs. */
export interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU seconds of each part for 100,000 requests; undefined where there is no such process, or nobody can tell. */
  readonly cpuSeconds: Readonly<Record<Part, number | undefined>>;
  /** Memory of the largest process of each part, in MiB. */
  readonly rssMib: Readonly<Record<Part, number | undefined>>;
  /** What was done beside it each second, where somebody was there. */
  readonly besidePerSecond?: number | undefined;
  readonly runs: number;
  /** Answers that were errors or of a wrong length, in all runs. */
  readonly wrong: number;
  /** Why runs failed, one entry for each that did. */
  readonly failures: readonly string[];
}

export interface RowName {
  readonly cell: string;
  readonly system: string;
}

export type Row = RowName &
  (
    | ({ readonly status: 'measured' } & Figures)
    | { readonly status: 'failed' | 'not installed'; readonly reason: string }
  );

export type MeasuredRow = Extract<Row, { status: 'measured' }>;

/** What became of one run. */
export type Outcome = { readonly run: Run } | { readonly failure: string };

const PARTS = ['client', 'broker', 'worker'] as const;

/** The middle one; of an even number the upper of the two in the middle. NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The row of a system whose runs in a cell came out like this. */
export function rowOf(name: RowName, outcomes: readonly Outcome[]): Row {
  const runs = outcomes.flatMap((outcome) => ('run' in outcome ? [outcome.run] : []));
  const failures = outcomes.flatMap((outcome) => ('failure' in outcome ? [outcome.failure] : []));
  if (runs.length === 0) return { ...name, status: 'failed', reason: failures[0] ?? 'it never ran' };
  const each = (pick: (took: Took, run: Run) => number): Figures['cpuSeconds'] => {
    const of = (part: Part): number | undefined => {
      const known = runs.flatMap((run) => (run.took[part] === undefined ? [] : [pick(run.took[part], run)]));
      return known.length === 0 ? undefined : median(known);
    };
    return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<Part, number | undefined>;
  };
  return {
    ...name,
    status: 'measured',
    perSecond: median(runs.map((run) => run.perSecond)),
    p50: median(runs.map((run) => run.p50)),
    p99: median(runs.map((run) => run.p99)),
    cpuSeconds: each((took, run) => (took.cpuMs / run.answered) * 100),
    rssMib: each((took) => took.rssBytes / 1_024 / 1_024),
    besidePerSecond: runs[0]?.beside === undefined ? undefined : median(runs.map((run) => run.beside ?? 0)),
    runs: runs.length,
    wrong: runs.reduce((sum, run) => sum + run.failed, 0),
    failures,
  };
}

/** Did everything that ran answer rightly every time? */
export function isClean(row: Row): boolean {
  return row.status === 'measured' ? row.wrong === 0 && row.failures.length === 0 : row.status === 'not installed';
}

/** The row of this system in this cell, if it was measured. */
export function measured(rows: readonly Row[], cell: string, system: string): MeasuredRow | undefined {
  const row = rows.find((each) => each.cell === cell && each.system === system);
  return row?.status === 'measured' ? row : undefined;
}
