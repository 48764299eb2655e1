// Two brokers, and everybody connected to both: one is killed under load, and the other goes on with what workers are running.

import { keepFigures } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until, type Program } from './processes.js';
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

const ROUNDS = 4;
const HELD = 20;

/** How long a slow machine may take until workers are back at a broker that was started again, in ms. */
const ABSENCE_MAX_MS = 20_000;

afterEach(clearStage);

test(
  'a killed broker costs no call its answer, and no handler that runs meanwhile is started again',
  async () => {
    const binds = [await freeEndpoint(), await freeEndpoint()];
    const brokers: Program[] = await Promise.all(
      binds.map((bind) => startBroker({ bind, absenceMaxMs: ABSENCE_MAX_MS })),
    );
    const workers = await Promise.all([startWorker({ brokers: binds }), startWorker({ brokers: binds })]);
    for (const worker of workers)
      for (const bind of binds) await worker.hear('broker.connected', ({ endpoint }) => endpoint === bind);
    const client = await startClient(...binds);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 50, ms: 20 });

    let heldByKilled = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const killed = round % 2;
      const ids = Array.from({ length: HELD }, (_, i) => `held-${round}-${i}`);
      // Both brokers have their share of the load, so that both get some of what is asked now.
      const before = load.answers.length;
      await until('the load is spread', () => load.answers.length > before + 100);
      const held = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
      await until('all are running', () => ids.every((id) => runsOf(...workers).has(id)));
      const from = workers.map(({ lines }) => lines.length);
      const answered = load.answers.length;
      brokers[killed]?.kill();
      await until('the load goes on', () => load.answers.length > answered + 200);
      for (const worker of workers) for (const id of ids) worker.tell({ open: id });
      const lost = await Promise.all(workers.map((worker, i) => worker.hear('broker.lost', () => true, from[i])));
      for (const line of lost) heldByKilled += Number(line['held']);
      expect((await held).map(({ id, attempt }) => ({ id, attempt }))).toEqual(ids.map((id) => ({ id, attempt: 1 })));

      const bind = binds[killed] as string;
      brokers[killed] = await startBroker({ bind, absenceMaxMs: ABSENCE_MAX_MS });
      for (const [i, worker] of workers.entries()) {
        await worker.hear('broker.connected', ({ endpoint }) => endpoint === bind, from[i]);
      }
      await until('the client is back too', () => brokers[killed]?.all('client.joined').length === 1);
    }

    const { asked, right, wrong, slowestMs } = await load.end();
    const runs = [...(await allRunsOf(...workers))];
    keepFigures('failover', {
      kills: ROUNDS,
      calls: asked + ROUNDS * HELD,
      'requests that workers held for a killed broker': heldByKilled,
      'calls, slowest': slowestMs,
      'runs beyond the first': runs.reduce((sum, [, count]) => sum + count - 1, 0),
    });
    expect(heldByKilled).toBeGreaterThan(HELD);
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    expect(runs.filter(([, count]) => count !== 1)).toEqual([]);
  },
  LIMIT_MS,
);
