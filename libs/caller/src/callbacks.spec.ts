// Functions that the application gives with a call: in whose context they are called, and what they may do wrong. And what is no call at all.

import { AsyncLocalStorage } from 'node:async_hooks';
import { encodeBody, isMajordomoError, Kind, type WireRecord } from '@majordomo/protocol';
import { CALLER_LIMITS, RETRY_BUDGET } from './core/limits.js';
import { openCaller, type OpenCallerOptions } from './open.js';
import { PlayedBroker, value } from './played-broker.js';
import type { CallerSession } from './session.js';

/** The number of the journal of the played broker. */
const JOURNAL = 0x1f;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function sessionTo(endpoint: string, more: Partial<OpenCallerOptions> = {}): CallerSession {
  const session = openCaller({
    brokers: [endpoint],
    identity: 'spec',
    software: 'spec',
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1_000_000,
    deadlineMs: 10_000,
    inFlightMax: CALLER_LIMITS.inFlightMax,
    retryBudget: RETRY_BUDGET,
    ...more,
  });
  open.push(session);
  return session;
}

/** A session with a broker that answers every request with a note and a value, and what the session logs. */
async function connected(
  more: Partial<OpenCallerOptions> = {},
  journal = 0,
): Promise<{ session: CallerSession; lines: string[] }> {
  const answer = (record: WireRecord): WireRecord[] =>
    record.kind === Kind.request
      ? [{ kind: Kind.progress, ref: record.ref, body: encodeBody('half') }, value(record, 'done')]
      : [];
  const broker = await PlayedBroker.open(answer, undefined, journal);
  open.push(broker);
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level} ${message}`.replace(broker.endpoint, 'ENDPOINT'));
  const logger = { info: write('info'), warn: write('warn'), error: write('error') };
  const session = sessionTo(broker.endpoint, { logger, ...more });
  await session.open(5_000);
  return { session, lines };
}

test('onProgress is called in the context of its own call', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { session } = await storage.run('connect', () => connected());
  const ask = (): Promise<unknown> => session.call('a.b', 1, { onProgress: () => seen.push(storage.getStore()) });
  await Promise.all([storage.run('first', ask), storage.run('second', ask), ask()]);
  expect(seen).toEqual(['first', 'second', undefined]);
});

test('onProgress of a ticket is called in the context in which its result was asked for', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const { session } = await storage.run('connect', () => connected({}, JOURNAL));
  const ticket = session.ticket(`${JOURNAL.toString(16).padStart(14, '0')}-1`);
  const ask = (): Promise<unknown> =>
    ticket.result({ onProgress: (note) => void seen.push([note, storage.getStore()]) });
  await Promise.all([storage.run('first', ask), storage.run('second', ask), ask()]);
  expect(seen).toEqual([
    ['half', 'first'],
    ['half', 'second'],
    ['half', undefined],
  ]);
  await expect(ticket.result({ onProgress: 'log' as never })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('onProgress'),
  });
});

test('onEvent is called in the context in which the client was made', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const onEvent = (): unknown => seen.push(storage.getStore());
  await storage.run('connect', () => connected({ onEvent }));
  expect(seen).toEqual(['connect']);
});

test('what callbacks throw, odd or not, at once or later, is logged and ends nothing', async () => {
  const { session, lines } = await connected({
    // oxlint-disable-next-line typescript/no-misused-promises -- this is what is tried
    onEvent: () => Promise.reject(new Error('observer')),
  });
  const onProgress = (): never => {
    // oxlint-disable-next-line typescript/only-throw-error -- this is what is tried
    throw Object.create(null);
  };
  await expect(session.call('a.b', 1, { onProgress })).resolves.toBe('done');
  expect(lines).toEqual([
    'info connected to the broker ENDPOINT',
    'error onEvent threw: observer',
    'error onProgress threw: an object without a readable message was thrown',
  ]);
});

test('a broker that is lost and back is logged', async () => {
  const first = await PlayedBroker.open();
  const { lines, logger } = book();
  const session = sessionTo(first.endpoint, { logger });
  await session.open(5_000);
  await first.close();
  const second = await PlayedBroker.open(undefined, first.endpoint);
  open.push(second);
  await second.hears(Kind.hello);
  await expect(session.call('a.b', 1, { deadlineMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(lines.map((line) => line.replaceAll(first.endpoint, 'ENDPOINT'))).toEqual([
    'connected to the broker ENDPOINT',
    expect.stringMatching(/^lost the broker ENDPOINT: /),
    'connected again to the broker ENDPOINT',
  ]);
});

function book() {
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  return { lines, logger: { info: write, warn: write, error: write } };
}

/** Everything that may be asked, with what is nonsense in one place or another. */
const NONSENSE: [string, (session: CallerSession) => unknown, RegExp][] = [
  ['call()', (at) => at.call(...([] as unknown as [string])), /must be a string, not undefined: write service.method/],
  ['a symbol', (at) => at.call(Symbol('s') as never), /the address must be a string, not Symbol\(s\)/],
  ['an object', (at) => at.call(Object.create(null) as never), /the address must be a string, not an object/],
  ['half a name', (at) => at.call('orders'), /"orders" is not an address: write service.method/],
  ['letters', (at) => at.call('café.order'), /"café" cannot be the name of a service: a name has letters A to Z/],
  ['a method', (at) => at.call('a.größe'), /"größe" cannot be the name of a method: a name has letters A to Z/],
  ['options null', (at) => at.call('a.b', 1, null as never), /^call: the options must be an object.*, not null/],
  ['a number', (at) => at.call('a.b', 1, 5_000 as never), /^call: the options must be an object.*, not 5000/],
  [
    'a timeout',
    (at) => at.call('a.b', 1, { timeout: 5 } as never),
    /timeout is not an option; did you mean deadlineMs/,
  ],
  ['a trap', (at) => at.call('a.b', 1, { signal: revoked() as never }), /signal must be an AbortSignal/],
  ['stream()', (at) => at.stream(...([] as unknown as [string])), /must be a string, not undefined/],
  ['a text', (at) => at.stream('a.b', 1, 'x' as never), /^stream: the options must be an object.*, not "x"/],
  ['submit()', (at) => at.submit(...([] as unknown as [string])), /must be a string, not undefined/],
  ['an array', (at) => at.submit('a.b', 1, [] as never), /^submit: the options must be an object.*, not an array/],
  ['a ttl', (at) => at.submit('a.b', 1, { ttl: 5 } as never), /ttl is not an option; did you mean expiresMs/],
  ['ticket()', (at) => at.ticket(...([] as unknown as [string])), /^undefined is not a ticket/],
  ['a symbol', (at) => at.ticket(Symbol('s') as never), /^Symbol\(s\) is not a ticket/],
  ['null', (at) => at.ticket('00000000000001-1').result(null as never), /^result: the options must be an object/],
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each(NONSENSE)('%s: %p is INVALID_OPTION with what to write', async (_what, ask, message) => {
  const session = sessionTo('tcp://127.0.0.1:9');
  const error: unknown = await Promise.resolve()
    .then(() => ask(session))
    .catch((thrown: unknown) => thrown);
  expect(isMajordomoError(error, 'INVALID_OPTION')).toBe(true);
  expect(error).toMatchObject({ message: expect.stringMatching(message), ran: 'no' });
});
