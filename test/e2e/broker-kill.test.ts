// The broker is killed with kill -9 under load and started again at the same place: nobody's call is lost, run twice or mixed up.

import { setTimeout as delay } from 'node:timers/promises';
import { keepFigures } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until, wallClock, type Program } from './processes.js';
import {
  allRunsOf,
  clearStage,
  LIMIT_MS,
  runsOf,
  startBroker,
  startClient,
  startWorker,
  type Answer,
} from './stage.js';

/** How long nobody is there in each round, in ms, beside the start of the new process: in the last one until peers knock most seldom. */
const OUTAGES_MS = [0, 0, 0, 0, 2_500];
const ROUNDS = OUTAGES_MS.length;
const IN_FLIGHT = 100;
const HELD = 10;
/** From the new broker's being ready to the first new answer by way of it, and to each worker's being back, in ms. */
const BACK_MS = 1_000;

/** How long a slow machine may take until workers are back at a broker that was started again, in ms. */
const ABSENCE_MAX_MS = 20_000;

afterEach(clearStage);

/** Kills the broker and starts the next one. */
async function restart(bind: string, broker: Program, outageMs: number): Promise<Program> {
  broker.kill();
  await broker.ended;
  await delay(outageMs);
  return startBroker({ bind, absenceMaxMs: ABSENCE_MAX_MS });
}

test(
  'with 100 calls in flight, every call gets its own answer once, and what workers were running is not started again',
  async () => {
    const bind = await freeEndpoint();
    let broker = await startBroker({ bind, absenceMaxMs: ABSENCE_MAX_MS });
    const workers = await Promise.all([startWorker({ brokers: [bind] }), startWorker({ brokers: [bind] })]);
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: IN_FLIGHT, ms: 50 });
    const toNewAnswer: number[] = [];
    const toWorker: number[] = [];

    for (const [round, outageMs] of OUTAGES_MS.entries()) {
      const ids = Array.from({ length: HELD }, (_, i) => `held-${round}-${i}`);
      const held = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
      await until('all are running', () => ids.every((id) => runsOf(...workers).has(id)));
      const answered = load.answers.length;
      await until('load runs', () => load.answers.length > answered + IN_FLIGHT);
      expect(load.inFlight).toBe(IN_FLIGHT);

      const from = workers.map(({ lines }) => lines.length);
      broker = await restart(bind, broker, outageMs);
      const { at } = await broker.hear('ready');
      // Asked for the first time now, so that nobody need wait for a worker that may have it already (ADR 0006).
      await client.call('lab.echo', { id: 'new' });
      toNewAnswer.push(wallClock() - at);
      for (const [i, worker] of workers.entries()) {
        toWorker.push((await worker.hear('broker.connected', () => true, from[i])).at - at);
      }
      for (const worker of workers) for (const id of ids) worker.tell({ open: id });
      expect((await held).map(({ id, attempt }) => ({ id, attempt }))).toEqual(ids.map((id) => ({ id, attempt: 1 })));
    }

    const { asked, right, wrong, slowestMs } = await load.end();
    const runs = [...(await allRunsOf(...workers))];
    keepFigures('broker-kill', {
      kills: ROUNDS,
      calls: asked + ROUNDS * HELD,
      'ready to first new answer, slowest': Math.max(...toNewAnswer),
      'ready to worker back, slowest': Math.max(...toWorker),
      'calls, slowest': slowestMs,
      'runs beyond the first': runs.reduce((sum, [, count]) => sum + count - 1, 0),
    });
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    expect(runs.filter(([, count]) => count !== 1)).toEqual([]);
    expect(runs.length).toBe(asked + ROUNDS * HELD);
    expect(Math.max(...toNewAnswer, ...toWorker)).toBeLessThan(BACK_MS);
  },
  LIMIT_MS,
);
