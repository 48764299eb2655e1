// In which order the runs are, and what becomes of those that fail.
import { listing, type Listing } from './catalogue.js';
import { parseCell, type Cell, type Run } from './cell.js';
import { Progress, timeLeft } from './progress.js';
import { runRounds, type Candidate, type Plan, type Step } from './rounds.js';
import { isClean } from './rows.js';

const RUN: Run = {
  perSecond: 1_000,
  failed: 0,
  p50: 10,
  p99: 20,
  answered: 2_000,
  beside: undefined,
  took: { client: { cpuMs: 100, rssBytes: 1_048_576 }, worker: { cpuMs: 50, rssBytes: 1 }, broker: undefined },
};

const candidate = (name: string, reason?: string): Candidate => ({
  listing: listing(name) as Listing,
  server: undefined,
  absence: reason === undefined ? undefined : { reason },
});

const planOf = (candidates: Candidate[], rounds: number): Plan => ({
  candidates,
  cells: ['64x10', '64x1'].map((text) => parseCell(text) as Cell),
  rounds,
  measureMs: 1,
  warmUpMs: 1,
});

test('rounds are interleaved: every system runs in every cell before any runs again', async () => {
  const steps: Step[] = [];
  const plan = planOf([candidate('floor'), candidate('majordomo')], 2);
  await runRounds(
    plan,
    () => Promise.resolve(RUN),
    (step) => steps.push(step),
  );
  const round = ['64x10 floor', '64x10 majordomo', '64x1 floor', '64x1 majordomo'];
  expect(steps.map(({ cell, system }) => `${cell} ${system}`)).toEqual([...round, ...round]);
  expect(steps.at(-1)).toMatchObject({ round: 2, done: 7, total: 8 });
});

test('figures are medians, CPU in seconds for 100,000 requests', async () => {
  const speeds = [300, 100, 200];
  const run = (): Promise<Run> => Promise.resolve({ ...RUN, perSecond: speeds.shift() ?? 0 });
  const plan = planOf([candidate('grpc')], 3);
  const [row] = await runRounds({ ...plan, cells: plan.cells.slice(1) }, run, () => undefined);
  expect(row).toMatchObject({
    perSecond: 200,
    runs: 3,
    cpuSeconds: { client: 5, worker: 2.5, broker: undefined },
    rssMib: { client: 1 },
  });
});

test('a run that fails is a failure of its row, and the others go on', async () => {
  let runs = 0;
  const run = ({ listing: { name } }: { readonly listing: Listing }): Promise<Run> => {
    runs += 1;
    const isBad = name === 'nats' || (name === 'floor' && runs === 1);
    return isBad ? Promise.reject(new Error('it fell over')) : Promise.resolve(RUN);
  };
  const rows = await runRounds(planOf([candidate('floor'), candidate('nats')], 2), run, () => undefined);
  expect(rows).toMatchObject([
    { system: 'floor', status: 'measured', runs: 1, failures: ['it fell over'] },
    { system: 'nats', status: 'failed', reason: 'it fell over' },
    { system: 'floor', status: 'measured', runs: 2, failures: [] },
    { system: 'nats', status: 'failed', reason: 'it fell over' },
  ]);
  expect(rows.map(isClean)).toEqual([false, false, true, false]);
});

test('a system that is not installed never runs, and is no failure', async () => {
  const rows = await runRounds(
    planOf([candidate('nats', 'no server')], 2),
    () => Promise.reject(new Error('it ran')),
    () => undefined,
  );
  expect(rows[0]).toMatchObject({ status: 'not installed', reason: 'no server' });
  expect(rows.every(isClean)).toBe(true);
});

test('the time left follows from the time that was needed', () => {
  expect(timeLeft(0, 0, 10)).toBeUndefined();
  expect(timeLeft(4_000, 2, 10)).toBe(16_000);
});

test('where nobody watches there is one line for each round', () => {
  const lines: string[] = [];
  const progress = new Progress((text) => lines.push(text), false);
  for (const [done, round] of [1, 1, 2, 2].entries())
    progress.step({ round, cell: '64x1', system: 'floor', done, total: 4 }, done * 30_000);
  progress.end();
  expect(lines).toEqual(['round 1: run 1 of 4\n', 'round 2: run 3 of 4, about 60 s left\n']);
});
