// How often a request may run: once when it says so, again when its handler asks for it, once for everybody who uses the same key.

import { freeEndpoint, until } from './processes.js';
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

afterEach(clearStage);

async function twoWorkers() {
  const bind = await freeEndpoint();
  const [broker, first, second] = await Promise.all([
    startBroker({ bind }),
    startWorker({ brokers: [bind] }),
    startWorker({ brokers: [bind] }),
  ]);
  return { bind, broker, workers: [first, second] as const, client: await startClient(bind) };
}

test(
  'what may run at most once is not run again when its worker dies: WORKER_LOST, and nobody knows whether it ran',
  async () => {
    const { broker, workers, client } = await twoWorkers();
    const charge = client.call('lab.charge', { id: 'charge' });
    await until('it is running', () => runsOf(...workers).has('charge'));
    const [holder, other] = runsOf(workers[0]).has('charge') ? workers : [workers[1], workers[0]];
    holder.kill();
    await expect(charge).rejects.toMatchObject({ code: 'WORKER_LOST', ran: 'unknown', retryable: false });
    expect(await client.call<Answer>('lab.echo', { id: 'after' })).toMatchObject({ pid: other.pid });
    expect((await allRunsOf(...workers)).get('charge')).toBe(1);
    await broker.caughtUp();
    expect(broker.all('request.redelivered')).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'a RetryableError is tried again until it succeeds, or until its attempts are used up',
  async () => {
    const { workers, client } = await twoWorkers();
    expect(await client.call<Answer>('lab.flaky', { id: 'twice', count: 2 })).toMatchObject({
      id: 'twice',
      attempt: 3,
    });
    await expect(client.call('lab.flaky', { id: 'always', count: 99 })).rejects.toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'not yet',
      details: { name: 'RetryableError' },
    });
    expect(await allRunsOf(...workers)).toEqual(
      new Map([
        ['always', 5],
        ['twice', 3],
      ]),
    );
  },
  LIMIT_MS,
);

test(
  'a method whose errors are tried again gets its request again until it succeeds, or until its attempts are used up',
  async () => {
    const { workers, client } = await twoWorkers();
    expect(await client.call<Answer>('lab.moody', { id: 'twice', count: 2 })).toMatchObject({ attempt: 3 });
    await expect(client.call('lab.moody', { id: 'always', count: 99 })).rejects.toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'no, for the 3. time',
    });
    expect(await allRunsOf(...workers)).toEqual(
      new Map([
        ['always', 3],
        ['twice', 3],
      ]),
    );
  },
  LIMIT_MS,
);

test(
  'one idempotency key is one request for two clients: it runs once, and both get its answer, then and later',
  async () => {
    const { bind, workers, client } = await twoWorkers();
    const other = await startClient(bind);
    const options = { idempotencyKey: 'order-1' };
    const first = client.call<Answer>('lab.gate', { id: 'keyed' }, options);
    await until('it is running', () => runsOf(...workers).has('keyed'));
    const second = other.call<Answer>('lab.gate', { id: 'keyed' }, options);
    await other.call('lab.echo', { id: 'behind' });
    for (const worker of workers) worker.tell({ open: 'keyed' });
    const answer = await first;
    expect(await second).toEqual(answer);
    expect(await other.call<Answer>('lab.gate', { id: 'keyed' }, options)).toEqual(answer);
    await client.close();
    const third = await startClient(bind);
    expect(await third.call<Answer>('lab.gate', { id: 'keyed' }, options)).toEqual(answer);
    await expect(third.call('lab.gate', { id: 'other' }, options)).rejects.toMatchObject({ code: 'REQUEST_CONFLICT' });
    expect(await allRunsOf(...workers)).toEqual(new Map([['keyed', 1]]));
  },
  LIMIT_MS,
);
