// Rows as a bench gives them, made up, for the tests of what is done with rows.

import type { Figures, MeasuredRow, Row } from './rows.js';

/** A row that was measured, with ordinary figures where none are given. */
export function measuredRow(cell: string, system: string, figures: Partial<Figures> = {}): MeasuredRow {
  const row = {
    perSecond: 1_000,
    p50: 100,
    p99: 200,
    cpuSeconds: { client: 1, broker: 2, worker: 3 },
    rssMib: { client: 10, broker: 20, worker: 30 },
    runs: 3,
    wrong: 0,
    failures: [],
  };
  return { cell, system, status: 'measured', ...row, ...figures };
}

/** A row of a system whose server is missing. */
export function missingRow(cell: string, system: string): Row {
  return { cell, system, status: 'not installed', reason: 'nats-server is not on the PATH' };
}
