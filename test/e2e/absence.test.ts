// No worker offers what is asked for: an unknown name fails at once, a service that has just lost its workers is waited for.

import type { Client } from '@majordomo/client';
import { freeEndpoint, until, wallClock } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

/** At once, in ms: a round trip takes one, and two slow cores may be busy with other tests. */
const AT_ONCE_MS = 500;
/** What the broker waits for workers after its start, in ms. */
const ABSENCE_MAX_MS = 300;
/** And after the last of them has left. */
const SERVICE_AWAIT_MAX_MS = 400;

let bind: string;
let client: Client;

beforeEach(async () => {
  bind = await freeEndpoint();
  await startBroker({ bind, absenceMaxMs: ABSENCE_MAX_MS, serviceAwaitMaxMs: SERVICE_AWAIT_MAX_MS });
  client = await startClient(bind);
  await until('the broker is older than its grace', async () => (await brokerAgeMs()) > ABSENCE_MAX_MS);
}, LIMIT_MS);
afterEach(clearStage);

async function brokerAgeMs(): Promise<number> {
  return (await client.call<{ upMs: number }>('majordomo.info')).upMs;
}

/** How a call ended, and after how many ms. */
async function outcomeOf(call: Promise<unknown>): Promise<{ afterMs: number; ended: unknown }> {
  const askedAt = wallClock();
  const ended = await call.catch((error: unknown) => error);
  return { afterMs: wallClock() - askedAt, ended };
}

test('a service that nobody offers is NO_SUCH_SERVICE at once', async () => {
  const { afterMs, ended } = await outcomeOf(client.call('nobody.knows', 1));
  expect(ended).toMatchObject({ code: 'NO_SUCH_SERVICE', ran: 'no', stage: 'queued' });
  expect(afterMs).toBeLessThan(AT_ONCE_MS);
});

test(
  'a method that the service does not have is NO_SUCH_METHOD at once, and the error lists those that it has',
  async () => {
    await startWorker({ brokers: [bind] });
    const { afterMs, ended } = await outcomeOf(client.call('lab.nothing', 1));
    expect(ended).toMatchObject({ code: 'NO_SUCH_METHOD', ran: 'no' });
    expect((ended as { details: { methods: string[] } }).details.methods).toEqual(
      expect.arrayContaining(['echo', 'gate']),
    );
    expect(afterMs).toBeLessThan(AT_ONCE_MS);
  },
  LIMIT_MS,
);

test('a stream of a service that nobody offers is NO_SUCH_SERVICE at once', async () => {
  const { afterMs, ended } = await outcomeOf(client.stream('nobody.knows').next());
  expect(ended).toMatchObject({ code: 'NO_SUCH_SERVICE', ran: 'no' });
  expect(afterMs).toBeLessThan(AT_ONCE_MS);
});

test('who waits for a service waits until the deadline', async () => {
  const deadlineMs = 700;
  const call = client.call('nobody.knows', 1, { waitForService: true, deadlineMs });
  const { afterMs, ended } = await outcomeOf(call);
  // The broker knows that nothing ran; on a busy machine its word may come after the client has given up by itself.
  expect(ended).toMatchObject({ code: 'DEADLINE_EXCEEDED', ran: expect.stringMatching(/^(?:no|unknown)$/) });
  expect(afterMs).toBeGreaterThan(deadlineMs - 5);
  expect(afterMs).toBeLessThan(deadlineMs + AT_ONCE_MS);
});

test(
  'who waits for a service is answered when its worker comes',
  async () => {
    const waiting = client.call<Answer>('lab.echo', { id: 'early' }, { waitForService: true });
    const queued = async () => client.call<{ address: string; queued: number }[]>('majordomo.queues');
    await until('it waits', async () =>
      (await queued()).some(({ address, queued: n }) => address === 'lab.echo' && n === 1),
    );
    const worker = await startWorker({ brokers: [bind] });
    expect(await waiting).toEqual({ id: 'early', pid: worker.pid, attempt: 1 });
  },
  LIMIT_MS,
);

test(
  'a service whose last worker was lost a moment ago is waited for, and then it is SERVICE_UNAVAILABLE, which may be retried',
  async () => {
    const worker = await startWorker({ brokers: [bind] });
    await client.call('lab.echo', { id: 'served' });
    worker.kill();
    await worker.ended;
    await until('the broker knows', async () => (await client.call<unknown[]>('majordomo.workers')).length === 0);
    const { afterMs, ended } = await outcomeOf(client.call('lab.echo', { id: 'late' }));
    expect(ended).toMatchObject({ code: 'SERVICE_UNAVAILABLE', ran: 'no', retryable: true });
    expect((ended as { details: unknown }).details).toEqual({
      awayMs: expect.any(Number),
      waiting: expect.any(Number),
    });
    expect(afterMs).toBeLessThan(SERVICE_AWAIT_MAX_MS + AT_ONCE_MS);
    const unknown = await outcomeOf(client.call('lab.nothing', 1));
    expect(unknown.ended).toMatchObject({ code: 'NO_SUCH_METHOD', retryable: false });
  },
  LIMIT_MS,
);
