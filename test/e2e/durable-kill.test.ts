// The broker is killed with kill -9 at random moments while requests are handed over and called: no ticket is lost, none has two results.
//
// DURABLE_KILL_ROUNDS says how many times: 20 by default, 200 in the nightly run (npm run test:nightly).

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { keepFigures } from './figures.js';
import { Handovers } from './handovers.js';
import { Load } from './load.js';
import { built, freeEndpoint, Program, until, wallClock } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient } from './stage.js';

const ROUNDS = Number(process.env['DURABLE_KILL_ROUNDS'] ?? 20);
/** What a round may take, in ms: some five times what it does. */
const ROUND_MS = 5_000;
/** A broker is killed at some moment of its first second, in ms: while it waits for its workers, most of the time. */
const SHORT_MS = 1_000;
/** One of so many lives for longer, so that what waits gets on; it is killed at some moment between these, in ms. */
const LONG = 3;
const LONG_MS = [1_300, 2_300] as const;
/** One of so many is killed before it is ready, at some moment of its start. */
const UNREADY = 4;
const START_MS = 250;
const HOUR_MS = 3_600_000;

const folders: string[] = [];

afterEach(async () => {
  await clearStage();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

function between(from: number, to: number): number {
  return from + Math.random() * (to - from);
}

async function startRecordingWorker(bind: string): Promise<Program> {
  const init = JSON.stringify({ brokers: [bind] });
  const worker = new Program(built('test/dist/e2e/fixtures/recording-worker.js'), { args: [init] });
  await worker.hear('ready');
  return worker;
}

interface Place {
  readonly bind: string;
  readonly data: string;
  readonly collectedKeepMs: number;
}

/** Starts a broker that is killed before it may be ready. */
async function killUnready(place: Place): Promise<void> {
  const broker = new Program(built('test/dist/e2e/fixtures/broker.js'), { args: [JSON.stringify(place)] });
  await delay(between(0, START_MS));
  broker.kill();
  await broker.ended;
}

/** @returns the ms that each broker needed to be ready, but for the first. */
async function killAgainAndAgain(
  place: Place,
  first: Program,
  rounds: number,
): Promise<{ last: Program; toReady: number[] }> {
  const toReady: number[] = [];
  let last = first;
  for (let round = 1; round <= rounds; round++) {
    await delay(round % LONG === 0 ? between(...LONG_MS) : between(0, SHORT_MS));
    last.kill();
    await last.ended;
    if (round % UNREADY === 0) await killUnready(place);
    const startedAt = wallClock();
    last = await startBroker({ ...place });
    toReady.push(wallClock() - startedAt);
  }
  return { last, toReady };
}

test(
  'what was acknowledged has one result, the same for everybody who asks, and calls get their answers',
  async () => {
    const data = await mkdtemp(join(tmpdir(), 'majordomo-kill-'));
    folders.push(data);
    // What was collected early is to be there when it is asked for again.
    const place: Place = { bind: await freeEndpoint(), data, collectedKeepMs: HOUR_MS };
    const first = await startBroker({ ...place });
    const workers = await Promise.all([startRecordingWorker(place.bind), startRecordingWorker(place.bind)]);
    const client = await startClient(place.bind);
    const calls = new Load('call', { client, address: 'books.enter', inFlight: 20, ms: 20 });
    const handovers = new Handovers({ client, address: 'books.enter', inFlight: 40, pauseMs: 20, workMs: 40 });
    await until('both run', () => handovers.acknowledged > 40 && calls.answers.length > 20);

    const { last, toReady } = await killAgainAndAgain(place, first, ROUNDS);

    await handovers.end();
    const called = await calls.end();
    const entries = async (broker: Program): Promise<number> => Number((await broker.hear('journal.read'))['requests']);
    last.kill();
    await last.ended;
    const kept = await entries(await startBroker({ ...place }));
    const stranger = await startClient(place.bind);
    const runs = async () => {
      await Promise.all(workers.map((worker) => worker.caughtUp()));
      return workers.flatMap((worker) => worker.all('run').filter(({ id }) => String(id).startsWith('handed')));
    };
    const report = await handovers.count([client, stranger], runs);
    keepFigures('durable-kill', {
      kills: ROUNDS + Math.floor(ROUNDS / UNREADY) + 1,
      acknowledged: report.acknowledged,
      'acknowledged and lost': report.lost.length,
      'two different results': report.different.length,
      'in the journal and never acknowledged': kept - report.acknowledged,
      'runs of a ticket beyond the first': report.runsBeyondFirst,
      'runs of what was never accepted': report.runsBeforeAcceptance,
      calls: called.asked,
      'calls, slowest': called.slowestMs,
      'start of a broker until ready, slowest': Math.max(...toReady),
    });
    expect(report.lost).toEqual([]);
    expect(report.different).toEqual([]);
    expect(report.refused).toEqual([]);
    // A submission that a broker had stored when it was killed is found again when its client sends it again.
    expect(kept).toBe(report.acknowledged);
    expect(called.wrong).toEqual([]);
    expect(called.right).toBe(called.asked);
  },
  LIMIT_MS + ROUNDS * ROUND_MS,
);
