// A worker is killed with kill -9 while it holds requests and other load runs: they run elsewhere, at once, and nobody else notices.

import { keepFigures, percentile } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until, type Program } from './processes.js';
import { clearStage, LIMIT_MS, runsOf, startBroker, startClient, startWorker, type Answer } from './stage.js';

const ROUNDS = 20;
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

test(
  'what a killed worker held runs again elsewhere within 100 ms, every request is answered once, and no other is disturbed',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const all: Program[] = await Promise.all([startWorker({ brokers: [bind] }), startWorker({ brokers: [bind] })]);
    let here = [...all];
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 5 });
    const toRedelivery: number[] = [];

    for (let round = 0; round < ROUNDS; round++) {
      const ids = Array.from({ length: HELD }, (_, i) => `held-${round}-${i}`);
      const answers = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
      const holders = await Promise.all(ids.map((id) => holderOf(id, here)));
      const victim = holders[0] as Program;
      const other = here.find((each) => each !== victim) as Program;
      const from = broker.lines.length;
      const killedAt = victim.kill();
      for (const id of ids) await other.hear('run', (line) => line['id'] === id);
      const lost = await broker.hear('worker.lost', () => true, from);
      for (const id of ids) other.tell({ open: id });
      for (const [i, answer] of (await answers).entries()) {
        expect(answer).toEqual({ id: ids[i], pid: other.pid, attempt: holders[i] === victim ? 2 : 1 });
      }
      const redelivered = () => broker.lines.slice(from).filter(({ event }) => event === 'request.redelivered');
      await until('all that it held was handed out again', () => redelivered().length === lost['leases']);
      for (const { at } of redelivered()) toRedelivery.push(at - killedAt);
      const replacement = await startWorker({ brokers: [bind] });
      here = [other, replacement];
      all.push(replacement);
    }

    const { asked, right, wrong, slowestMs } = await load.end();
    const p99 = percentile(toRedelivery, 0.99);
    keepFigures('worker-kill', {
      kills: ROUNDS,
      redelivered: toRedelivery.length,
      'kill to redelivery p50': percentile(toRedelivery, 0.5),
      'kill to redelivery p99': p99,
      'kill to redelivery max': Math.max(...toRedelivery),
      'other calls': asked,
      'other calls, slowest': slowestMs,
    });
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    expect(p99).toBeLessThan(100);
    expect(slowestMs).toBeLessThan(UNDISTURBED_MS);
    for (const [id, runs] of runsOf(...all)) expect([id, runs <= 2]).toEqual([id, true]);
  },
  LIMIT_MS,
);
