// Requests kill every worker that takes them: they end as dead letters, and the service lives on.

import { Load } from './load.js';
import { freeEndpoint, type Program } from './processes.js';
import { allRunsOf, clearStage, launchWorker, LIMIT_MS, startBroker, startClient } from './stage.js';

const ATTEMPTS = 5;
const POISONS = ['poison-1', 'poison-2', 'poison-3'];

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

/** Keeps a worker running as a supervisor would: when its process ends, however young it is, another one is started in its place. */
function supervise(bind: string, name: string): Program {
  const worker = launchWorker({ brokers: [bind], name });
  workers.push(worker);
  void worker.ended.then(() => (isOver ? undefined : supervise(bind, name)));
  return worker;
}

test(
  'requests that kill every worker are dead letters with their history after five attempts, and all others of the service succeed',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    await Promise.all(['w1', 'w2', 'w3'].map((name) => supervise(bind, name).hear('ready')));
    const client = await startClient(bind);
    // All three may be down at once, for as long as a process takes to start.
    const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 5, waitForService: true });

    const exhausted = {
      code: 'ATTEMPTS_EXHAUSTED',
      ran: 'unknown',
      retryable: false,
      details: { attempts: Array.from({ length: ATTEMPTS }, (_, i) => expect.objectContaining({ attempt: i + 1 })) },
    };
    const poison = POISONS.map((id) =>
      expect(client.call('lab.die', { id }, { waitForService: true, deadlineMs: LIMIT_MS })).rejects.toMatchObject(
        exhausted,
      ),
    );
    await Promise.all(poison);
    const { asked, right, wrong } = await load.end();
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);

    const letters = await client.call<DeadLetter[]>('majordomo.deadLetters');
    expect(letters.length).toBe(POISONS.length);
    for (const { address, code, attempts } of letters) {
      expect({ address, code }).toEqual({ address: 'lab.die', code: 'ATTEMPTS_EXHAUSTED' });
      expect(attempts.map(({ attempt, ended }) => [attempt, ended])).toEqual(
        Array.from({ length: ATTEMPTS }, (_, i) => [i + 1, expect.stringMatching(/^(?:disconnected|unreachable)$/)]),
      );
      for (const { worker } of attempts) expect(['w1', 'w2', 'w3']).toContain(worker);
    }
    await broker.caughtUp();
    expect(broker.all('request.dead').map(({ attempts }) => attempts)).toEqual(POISONS.map(() => ATTEMPTS));
    // One may have gone down with another before it ran itself.
    const runs = await allRunsOf(...workers);
    for (const id of POISONS) expect(runs.get(id)).toBeLessThanOrEqual(ATTEMPTS);
    await client.call('lab.echo', { id: 'after' }, { waitForService: true });
  },
  LIMIT_MS,
);
