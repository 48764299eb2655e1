// What people read at the end of a bench.

import { ERRORS, MajordomoError } from '@majordomo/protocol';
import { Load, type Call } from './load.js';
import { readPlan } from './plan.js';
import { reportOf, type Report } from './report.js';
import { summaryText } from './summary.js';
import { Tally } from './tally.js';

const PAINT = { bold: (text: string): string => text, dim: (text: string): string => text };

interface Play {
  readonly flags: Record<string, unknown>;
  /** How each call ends, one every 10 ms. */
  readonly ends: readonly (MajordomoError | undefined)[];
}

/** The report of a second in which calls ended one after the other, and what people see of it. */
function played({ flags, ends }: Play): { readonly report: Report; readonly text: string } {
  const { plan } = readPlan({ duration: '1s', warmUp: '0', ...flags }, false);
  const tally = new Tally();
  const load = new Load(plan, tally, 0);
  const calls: Call[] = [];
  ends.forEach((end, at) => {
    const now = (at + 1) * 10;
    for (let call = load.take(now - 10); call !== undefined; call = load.take(now - 10)) calls.push(call);
    load.settle(calls.shift() as Call, end, now);
  });
  const interrupted = !load.isOver;
  load.stop(1_000);
  const report = reportOf({ address: 'orders.create', plan, timeoutMs: 5_000, load, tally, interrupted }, 1_000);
  return { report, text: summaryText(report, tally.latencies.bands(), PAINT) };
}

const busy = new MajordomoError('BUSY', 'the queue\u001b[2J is full', { stage: 'queued' });

test('it says what was done, what came of it, and how long it took', () => {
  const { text } = played({ flags: { inFlight: '1' }, ends: [undefined, undefined] });
  expect(text.split('\n')).toEqual([
    'orders.create: closed loop, 1 in flight on 1 connection, 1s after 0ms of warm-up, interrupted',
    '',
    '  requests            2  2 a second',
    '  answered            2  2 a second',
    '  failed              0',
    '',
    'latency of the answered calls, in ms',
    '     min      mean       p50       p90       p99     p99.9    p99.99       max',
    '    10.0      10.0      10.0      10.0      10.0      10.0      10.0      10.0',
    '',
    `  ≤ 10 ms            2  100.0 %  ${'█'.repeat(40)}`,
  ]);
});

test('errors stand under what failed, by code, the most frequent first, with what to do about it', () => {
  const lost = new MajordomoError('WORKER_LOST', 'gone', { stage: 'running' });
  const { report, text } = played({ flags: { inFlight: '1' }, ends: [lost, busy, undefined, busy] });
  expect(report).toMatchObject({ requests: 4, answered: 1, failed: 3, requestsPerSecond: 4, answeredPerSecond: 1 });
  expect(report.errors).toEqual([
    { code: 'BUSY', count: 2, message: busy.message },
    { code: 'WORKER_LOST', count: 1, message: 'gone' },
  ]);
  expect(text).toContain(
    '  failed                   3  75 %\n    BUSY                   2  the queue [2J is full\n    WORKER_LOST  ',
  );
  expect(text).toContain(`\n\nBUSY: ${ERRORS.BUSY.help}\nBUSY is counted and not asked again: `);
});

test('an open loop that could not be held says so, and every call that was due is somewhere', () => {
  const { report, text } = played({ flags: { inFlight: '1', rate: '100' }, ends: [undefined, undefined, undefined] });
  const { requests, unfinished, neverBegun } = report;
  expect({ requests, unfinished, neverBegun }).toEqual({ requests: 3, unfinished: 0, neverBegun: 97 });
  expect(text).toContain('open loop, 100 due in a second, at most 1 in flight on 1 connection');
  expect(text).toContain('The rate was not held: 1 places');
  expect(text).toContain('never begun           97  due, and without a place until the end');
});

test('of nothing there is little to say', () => {
  const { report, text } = played({ flags: { inFlight: '3', warmUp: '5s' }, ends: [] });
  expect(report).toMatchObject({ latencyMs: null, distribution: [], requestsPerSecond: 0, measuredMs: 0 });
  expect(text).toContain('Nothing was measured');
});
