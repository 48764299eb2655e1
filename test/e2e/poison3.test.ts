// A request kills every worker that takes it: it ends as a dead letter, and the service lives on.

import { Load } from './load.js';
import { freeEndpoint, type Program } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient, startWorker } from './stage.js';

const ATTEMPTS = 5;

interface DeadLetter {
  readonly request: string;
  readonly address: string;
  readonly code: string;
  readonly attempts: readonly { readonly attempt: number; readonly worker: string; readonly ended: string }[];
}

let isOver = false;
/** Every worker process there was, in the order in which they were started. */
let workers: Program[] = [];

beforeEach(() => {
  isOver = false;
  workers = [];
});
afterEach(async () => {
  isOver = true;
  await clearStage();
});

/** Keeps a worker running as a supervisor would: when its process ends, another one is started in its place. */
async function supervise(bind: string, name: string): Promise<void> {
  const worker = await startWorker({ brokers: [bind], name });
  workers.push(worker);
  const replace = (): Promise<void> | undefined => (isOver ? undefined : supervise(bind, name));
  // One that is killed by the end of the test while it starts is not missed.
  void worker.ended.then(replace).catch(() => undefined);
}

test('a request that kills five workers is a dead letter with its history, and every other request of the service succeeds', async () => {
  const bind = await freeEndpoint();
  const broker = await startBroker({ bind });
  await Promise.all(['w1', 'w2', 'w3'].map((name) => supervise(bind, name)));
  const client = await startClient(bind);
  const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 5 });

  const more = ['p2','p3'].map((id) => expect(client.call('lab.die', { id })).rejects.toMatchObject({ code: 'ATTEMPTS_EXHAUSTED' }));
  await expect(client.call('lab.die', { id: 'poison' })).rejects.toMatchObject({
    code: 'ATTEMPTS_EXHAUSTED',
    ran: 'unknown',
    retryable: false,
    details: { attempts: Array.from({ length: ATTEMPTS }, (_, i) => expect.objectContaining({ attempt: i + 1 })) },
  });
  await Promise.all(more);
  const { asked, right, wrong } = await load.end();
  expect(wrong).toEqual([]);
  expect(right).toBe(asked);

  const [letter, ...others] = await client.call<DeadLetter[]>('majordomo.deadLetters');
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ address: 'lab.die', code: 'ATTEMPTS_EXHAUSTED' });
  expect(letter?.attempts.map(({ attempt, worker, ended }) => [attempt, /^w[123]$/.test(worker), ended])).toEqual(
    Array.from({ length: ATTEMPTS }, (_, i) => [i + 1, true, 'disconnected']),
  );
  expect(broker.all('request.dead')).toEqual([expect.objectContaining({ address: 'lab.die', attempts: ATTEMPTS })]);
  expect(workers.flatMap((worker) => worker.all('run')).filter(({ id }) => id === 'poison').length).toBe(ATTEMPTS);

  await client.call('lab.echo', { id: 'after' }, { waitForService: true });
}, LIMIT_MS);
