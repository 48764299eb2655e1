// What reaches a handler beside its input: that nobody waits any more, and why; how much time is left; whose call it is.

import type { Client } from '@majordomo/client';
import { freeEndpoint, type Program } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

/** What `lab.about` answers. */
interface About {
  readonly requestId: string;
  readonly attempt: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly remainingMs: number;
  readonly deadlineInMs: number;
}

const TRACE = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };

let bind: string;
let worker: Program;
let client: Client;

beforeAll(async () => {
  bind = await freeEndpoint();
  [, worker] = await Promise.all([startBroker({ bind }), startWorker({ brokers: [bind] })]);
  client = await startClient(bind);
}, LIMIT_MS);
afterAll(clearStage);

/** Waits until the handler of this call has been told to stop. @returns why. */
async function abortOf(id: string): Promise<unknown> {
  return (await worker.hear('aborted', (line) => line['id'] === id))['reason'];
}

async function running(id: string): Promise<void> {
  await worker.hear('run', (line) => line['id'] === id);
}

test('a caller that aborts is told CANCELLED with its own reason, and the handler is told to stop', async () => {
  const controller = new AbortController();
  const call = client.call('lab.gate', { id: 'aborted' }, { signal: controller.signal });
  await running('aborted');
  const why = new Error('the user went away');
  controller.abort(why);
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', cause: why });
  expect(await abortOf('aborted')).toBe('cancelled');
});

test('a signal that was aborted before costs no request', async () => {
  const call = client.call('lab.gate', { id: 'never' }, { signal: AbortSignal.abort() });
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', ran: 'no' });
  await client.call('lab.echo', { id: 'after' });
  await worker.caughtUp();
  expect(worker.all('run').some(({ id }) => id === 'never')).toBe(false);
});

test('a deadline reaches the handler, which is told to stop when it passes; the caller is told DEADLINE_EXCEEDED', async () => {
  const call = client.call('lab.gate', { id: 'overdue' }, { deadlineMs: 400 });
  // Broker and worker both watch it; the worker, if it is first, knows that the handler ran.
  await expect(call).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    ran: expect.stringMatching(/^(?:yes|unknown)$/),
  });
  expect(await abortOf('overdue')).toBe('deadline');
  const { remainingMs, deadlineInMs } = await client.call<About>('lab.about', { id: 'about' }, { deadlineMs: 60_000 });
  // More than the default, and less than what was asked for.
  expect(remainingMs).toBeLessThanOrEqual(60_000);
  expect(remainingMs).toBeGreaterThan(30_000);
  expect(Math.abs(deadlineInMs - remainingMs)).toBeLessThan(50);
});

test('a client that closes stops the handlers of its calls', async () => {
  const leaving = await startClient(bind);
  const call = leaving.call('lab.gate', { id: 'closed' });
  await running('closed');
  await Promise.all([expect(call).rejects.toMatchObject({ code: 'CLOSED' }), leaving.close()]);
  expect(await abortOf('closed')).toBe('client-lost');
});

test('calls of a handler inherit the deadline and the trace of its caller, and none of its other headers', async () => {
  const headers = { ...TRACE, tenant: 'mine' };
  const options = { deadlineMs: 60_000, headers };
  const { own, inner } = await client.call<{ own: About; inner: About }>('lab.outer', { id: 'outer' }, options);
  expect(own.headers).toEqual(headers);
  expect(inner.headers).toEqual(TRACE);
  expect(inner.remainingMs).toBeLessThanOrEqual(own.remainingMs + 1);
  expect(inner.remainingMs).toBeGreaterThan(30_000);
  expect(inner.requestId).not.toBe(own.requestId);
});

test('cancelling a call cancels the calls that its handler has made', async () => {
  const controller = new AbortController();
  const call = client.call('lab.waitsForGate', { id: 'inner' }, { signal: controller.signal });
  await running('inner');
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await abortOf('inner')).toBe('cancelled');
});

test('a handler that overruns its execution limit is told to stop, and its caller is told EXECUTION_TIMEOUT', async () => {
  await expect(client.call('lab.slow', { id: 'slow' })).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' });
  expect(await abortOf('slow')).toBe('execution-timeout');
  expect(await client.call<Answer>('lab.echo', { id: 'next' })).toMatchObject({ id: 'next', attempt: 1 });
});
