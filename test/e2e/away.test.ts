// A service whose workers are away for a while: no call that has time left fails because of it.

import { setTimeout as delay } from 'node:timers/promises';
import { Load } from './load.js';
import { freeEndpoint, until, type Program } from './processes.js';
import { allRunsOf, clearStage, launchWorker, LIMIT_MS, startBroker, startClient, startWorker } from './stage.js';

/** A supervisor that takes its time, in ms: longer than a process takes to start. */
const RESTART_MS = 2_500;

/** A worker may be silent for 15 s; it comes back later after that than a new broker waits for its workers. */
const BLOCKED_MS = 18_500;

let isOver = false;
let workers: Program[] = [];

beforeEach(() => {
  isOver = false;
  workers = [];
});
afterEach(async () => {
  isOver = true;
  await clearStage();
});

/** Keeps one worker running, as a supervisor with a pause between restarts would. */
function supervise(bind: string): Program {
  const worker = launchWorker({ brokers: [bind], name: 'only' });
  workers.push(worker);
  void worker.ended.then(async () => {
    await delay(RESTART_MS, undefined, { ref: false });
    return isOver ? undefined : supervise(bind);
  });
  return worker;
}

test(
  'a request that kills the only worker, which is restarted slowly, is a dead letter after five attempts, and its neighbours are answered',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    await supervise(bind).hear('ready');
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 5, ms: 5 });
    await expect(client.call('lab.die', { id: 'poison' }, { deadlineMs: LIMIT_MS })).rejects.toMatchObject({
      code: 'ATTEMPTS_EXHAUSTED',
      ran: 'unknown',
      details: { attempts: [1, 2, 3, 4, 5].map((attempt) => ({ attempt, worker: 'only' })) },
    });
    const { asked, right, wrong } = await load.end();
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    const letters = await client.call<object[]>('majordomo.deadLetters');
    expect(letters).toMatchObject([{ address: 'lab.die', code: 'ATTEMPTS_EXHAUSTED' }]);
    expect((await allRunsOf(...workers)).get('poison')).toBeLessThanOrEqual(5);
  },
  LIMIT_MS,
);

test(
  'the only worker is stopped with SIGTERM and replaced with a gap of some seconds: every call of that time is answered',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    const worker = await startWorker({ brokers: [bind] });
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 5 });
    await until('the load is on', () => load.answers.length > 100);
    worker.signal('SIGTERM');
    await worker.ended;
    const before = load.answers.length;
    await delay(RESTART_MS);
    await startWorker({ brokers: [bind] });
    await until('the load goes on', () => load.answers.length > before + 100);
    const { asked, right, wrong } = await load.end();
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
  },
  LIMIT_MS,
);

test(
  'a worker whose event loop is blocked for longer than a session may be silent comes back, and what was called meanwhile is answered',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    await startWorker({ brokers: [bind], name: 'only' });
    const client = await startClient(bind);
    const blocked = client.call('lab.block', { id: 'block', ms: BLOCKED_MS });
    await broker.hear('worker.lost', ({ identity }) => identity === 'only');
    const calls = ['a', 'b', 'c'].map((id) => client.call('lab.echo', { id }));
    expect(await Promise.all(calls)).toMatchObject([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    expect(await blocked).toMatchObject({ id: 'block' });
  },
  LIMIT_MS,
);

test(
  'a service that is away at one broker is found at the other, without waiting for it',
  async () => {
    const binds = [await freeEndpoint(), await freeEndpoint()] as const;
    const brokers = await Promise.all(binds.map((bind) => startBroker({ bind })));
    const [lost, other] = await Promise.all(binds.map((bind) => startWorker({ brokers: [bind] })));
    const client = await startClient(...binds);
    await until('both are connected', () => brokers.every((broker) => broker.all('client.joined').length > 0));
    lost?.kill();
    await brokers[0]?.hear('worker.lost');
    // One after the other: every second one is asked of the broker without a worker first. Its deadline is shorter than a turn there.
    for (let i = 0; i < 20; i++) {
      expect(await client.call('lab.echo', { id: `${i}` }, { deadlineMs: 1_500 })).toMatchObject({ pid: other?.pid });
    }
  },
  LIMIT_MS,
);
