// Promises and iterators over real sockets, with a broker played by the test.

import { decodeBody, encodeBody, Kind, type Request, type WireRecord } from '@majordomo/protocol';
import { DealerPort, SystemClock } from '@majordomo/runtime';
import type { Ask } from './ask.js';
import { Caller } from './core/caller.js';
import { CALLER_LIMITS, RETRY_BUDGET } from './core/limits.js';
import { HELLO } from './core/rig.js';
import type { BrokerEvent } from './core/words.js';
import { openCaller, type OpenCallerOptions } from './open.js';
import { endOf, PlayedBroker, value, values, type Play } from './played-broker.js';
import { CallerSession } from './session.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function brokerThat(play?: Play, endpoint?: string): Promise<PlayedBroker> {
  const broker = await PlayedBroker.open(play, endpoint);
  open.push(broker);
  return broker;
}

function sessionTo(brokers: readonly string[], more: Partial<OpenCallerOptions> = {}): CallerSession {
  const session = openCaller({
    brokers,
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

async function connected(play?: Play): Promise<{ broker: PlayedBroker; session: CallerSession }> {
  const broker = await brokerThat(play);
  const session = sessionTo([broker.endpoint]);
  await session.open(5_000);
  return { broker, session };
}

/** A session whose machine can be broken. */
async function withMachine(): Promise<{ broker: PlayedBroker; session: CallerSession; caller: Caller<Ask> }> {
  const broker = await brokerThat();
  const clock = new SystemClock();
  const caller = new Caller<Ask>({
    brokers: [broker.endpoint],
    hello: HELLO,
    seed: 1,
    inFlightMax: 10,
    retryBudget: RETRY_BUDGET,
  });
  const port = new DealerPort({ clock });
  const session = new CallerSession({
    caller,
    port,
    clock,
    bytesMax: 1e6,
    deadlineMs: 10_000,
    onEvent: undefined,
    logger: undefined,
  });
  open.push(session);
  await session.open(5_000);
  return { broker, session, caller };
}

/** Answers every request; others are for the test to answer. */
const toRequests =
  (answer: (request: Request) => readonly WireRecord[]): Play =>
  (record) =>
    record.kind === Kind.request ? answer(record) : [];

const echo = toRequests((request) => [value(request, decodeBody(request.body))]);

/** The requests that a broker has heard. */
function requestsTo(broker: PlayedBroker): Request[] {
  return broker.heard.flatMap((record) => (record.kind === Kind.request ? [record] : []));
}

describe('connecting', () => {
  test('where nobody listens rejects in time with NO_BROKER, naming the endpoint', async () => {
    const broker = await brokerThat();
    await broker.close();
    const session = sessionTo([broker.endpoint]);
    await expect(session.open(50)).rejects.toMatchObject({
      code: 'NO_BROKER',
      ran: 'no',
      message: `no broker answers at ${broker.endpoint}`,
    });
  });

  test('without waiting settles at once, and the call waits for a broker', async () => {
    const broker = await brokerThat();
    await broker.close();
    const session = sessionTo([broker.endpoint]);
    await session.open(0);
    await expect(session.call('a.b', 1, { deadlineMs: 50 })).rejects.toMatchObject({ code: 'NO_BROKER', ran: 'no' });
  });

  test('is cut short by close', async () => {
    const broker = await brokerThat();
    await broker.close();
    const session = sessionTo([broker.endpoint]);
    const ends = Promise.allSettled([session.open(5_000)]);
    await session.close();
    await expect(ends).resolves.toMatchObject([{ reason: { code: 'CLOSED' } }]);
  });

  test('is told to the observer', async () => {
    const broker = await brokerThat(echo);
    const events: BrokerEvent[] = [];
    const session = sessionTo([broker.endpoint], { onEvent: (event) => void events.push(event) });
    await session.open(5_000);
    await expect(session.call('a.b', 1)).resolves.toBe(1);
    expect(events).toEqual([{ kind: 'broker.connected', endpoint: broker.endpoint, instance: 1, software: 'played' }]);
  });
});

describe('a call', () => {
  test('resolves with the value, many at once', async () => {
    const { session } = await connected(echo);
    const inputs = Array.from({ length: 2_000 }, (_, i) => ({ i }));
    await expect(Promise.all(inputs.map((input) => session.call('a.b', input)))).resolves.toEqual(inputs);
    expect(session.inFlight).toBe(0);
  });

  test('carries a body that is a frame of its own', async () => {
    const { session } = await connected(echo);
    const text = 'x'.repeat(100_000);
    await expect(session.call('a.b', text)).resolves.toBe(text);
  });

  test('sends what its options say', async () => {
    const { broker, session } = await connected(echo);
    const headers = { tenant: 't', nested: { deep: [1] } };
    await session.call('a.b', 1, { deadlineMs: 60_000, idempotencyKey: 'k', waitForService: true, headers });
    const [request] = requestsTo(broker);
    expect(request).toMatchObject({ key: 'k', waitForService: true, window: 0 });
    expect(request?.timeLeftMs).toBeLessThanOrEqual(60_000);
    expect(decodeBody(request?.headers ?? new Uint8Array())).toEqual(headers);
  });

  test('is told of progress', async () => {
    const notes: unknown[] = [];
    const { session } = await connected(
      toRequests((request) => [
        { kind: Kind.progress, ref: request.ref, body: encodeBody('half') },
        value(request, 'done'),
      ]),
    );
    await expect(session.call('a.b', 1, { onProgress: (note) => notes.push(note) })).resolves.toBe('done');
    expect(notes).toEqual(['half']);
  });

  test('whose value cannot be read is UNDECODABLE', async () => {
    const body = new Uint8Array([0xa5, 0x61]);
    const { session } = await connected(toRequests((request) => [{ ...value(request, 1), body } as WireRecord]));
    await expect(session.call('a.b')).rejects.toMatchObject({ code: 'UNDECODABLE' });
  });

  test.each([
    ['an address without a method', 'orders', undefined, {}, 'INVALID_OPTION', /"orders" is not an address/],
    ['a function as input', 'a.b', () => 1, {}, 'UNENCODABLE', /cannot be sent/],
    ['an option that nobody knows', 'a.b', 1, { deadlineMS: 1 }, 'INVALID_OPTION', /did you mean deadlineMs/],
    ['two wrong options', 'a.b', 1, { deadlineMs: '1', signal: 1 }, 'INVALID_OPTION', /deadlineMs must.*; signal must/],
    ['headers without measure', 'a.b', 1, { headers: { h: 'x'.repeat(20_000) } }, 'INVALID_OPTION', /headers take 20/],
  ])('with %s is refused before anything is sent', async (_what, address, input, options, code, message) => {
    const { broker, session } = await connected(echo);
    await expect(session.call(address, input, options as object)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(requestsTo(broker)).toEqual([]);
  });
});

describe('a signal', () => {
  test('that is aborted cancels the call here and at the broker, and is listened to no longer', async () => {
    const { broker, session } = await connected();
    const control = new AbortController();
    const answer = session.call('a.b', 1, { signal: control.signal });
    await broker.hears(Kind.request);
    control.abort('enough');
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED', ran: 'unknown', cause: 'enough' });
    await broker.hears(Kind.cancel);
  });

  test('that was aborted before asks nobody', async () => {
    const { broker, session } = await connected(echo);
    const answer = session.call('a.b', 1, { signal: AbortSignal.abort('before') });
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED', ran: 'no', cause: 'before' });
    expect(requestsTo(broker)).toEqual([]);
  });

  test('has one listener for all calls, and none when they have ended', async () => {
    const { session } = await connected(echo);
    const { signal } = new AbortController();
    const counted = { added: 0, removed: 0 };
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...all: Parameters<typeof add>) => (counted.added++, add(...all));
    signal.removeEventListener = (...all: Parameters<typeof remove>) => (counted.removed++, remove(...all));
    await Promise.all(Array.from({ length: 20 }, (_, i) => session.call('a.b', i, { signal })));
    expect(counted).toEqual({ added: 1, removed: 1 });
  });
});

describe('a stream', () => {
  test('gives its values in order, asking for more as they are taken', async () => {
    const count = 40;
    let sent = 0;
    const sendUpTo = (request: { readonly ref: number }, allowed: number): WireRecord[] => {
      const from = sent;
      sent = Math.min(allowed, count);
      const more = values(request, from, sent - from);
      return sent === count && from < count ? [...more, endOf(request, count)] : more;
    };
    const play: Play = (record) => {
      if (record.kind === Kind.request) return sendUpTo(record, record.window);
      return record.kind === Kind.window ? sendUpTo(record, record.allowed) : [];
    };
    const { session } = await connected(play);
    const seen: unknown[] = [];
    for await (const each of session.stream('a.b', 'x', { window: 8 })) seen.push(each);
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('is not asked for before its first value is', async () => {
    const { broker, session } = await connected(toRequests((request) => [endOf(request, 0)]));
    const stream = session.stream('a.b');
    const call = session.call('c.d', 1).catch(() => undefined);
    await broker.hears(Kind.request);
    expect(requestsTo(broker).map(({ window }) => window)).toEqual([0]);
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
    await call;
  });

  test('is cancelled at the broker by leaving the loop', async () => {
    const { broker, session } = await connected(toRequests((request) => values(request, 0, 3)));
    const seen: unknown[] = [];
    for await (const each of session.stream('a.b')) {
      seen.push(each);
      if (each === 1) break;
    }
    expect(seen).toEqual([0, 1]);
    await broker.hears(Kind.cancel);
    expect(session.inFlight).toBe(0);
  });

  test('throws its error after its values, once', async () => {
    const { session } = await connected(
      toRequests((request) => [
        ...values(request, 0, 2),
        {
          kind: Kind.error,
          ref: request.ref,
          code: 'HANDLER_FAILED',
          ran: 'yes',
          stage: 'running',
          retryAfterMs: 0,
          retry: false,
          body: encodeBody({ message: 'broken' }),
        },
      ]),
    );
    const stream = session.stream('a.b');
    const asked = [stream.next(), stream.next(), stream.next(), stream.next()];
    await expect(Promise.allSettled(asked)).resolves.toMatchObject([
      { value: { value: 0 } },
      { value: { value: 1 } },
      { reason: { code: 'HANDLER_FAILED', message: 'broken' } },
      { value: { done: true } },
    ]);
  });

  test('ends at once when its signal is aborted, whatever has arrived', async () => {
    const { session } = await connected(toRequests((request) => values(request, 0, 3)));
    const control = new AbortController();
    const stream = session.stream('a.b', undefined, { signal: control.signal });
    await stream.next();
    control.abort();
    await new Promise((resolve) => setImmediate(resolve));
    await expect(stream.next()).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(stream.next()).resolves.toMatchObject({ done: true });
  });

  test('with an idempotency key is refused', async () => {
    const { session } = await connected();
    expect(() => session.stream('a.b', 1, { idempotencyKey: 'k' } as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(/idempotencyKey is for call/) }),
    );
  });
});

describe('a scope', () => {
  const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';

  test('gives its calls what is left of its deadline, and its trace', async () => {
    const { broker, session } = await connected(echo);
    const scope = session.scoped({ deadline: session.now() + 60_000, headers: { traceparent, cookie: 'no' } });
    await scope.call('a.b', 1);
    await scope.call('a.b', 2, { deadlineMs: 30_000, headers: { own: 1 } });
    const [first, second] = requestsTo(broker);
    expect(first?.timeLeftMs).toBeLessThanOrEqual(60_000);
    expect(decodeBody(first?.headers ?? new Uint8Array())).toEqual({ traceparent });
    expect(second?.timeLeftMs).toBeLessThanOrEqual(30_000);
    expect(decodeBody(second?.headers ?? new Uint8Array())).toEqual({ traceparent, own: 1 });
  });

  test('whose deadline has passed asks nobody', async () => {
    const { broker, session } = await connected(echo);
    const scope = session.scoped({ deadline: session.now() - 1 });
    await expect(scope.call('a.b', 1)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', ran: 'no' });
    expect(requestsTo(broker)).toEqual([]);
  });

  test('cancels its calls and streams when its signal is aborted', async () => {
    const { broker, session } = await connected();
    const control = new AbortController();
    const scope = session.scoped({ signal: control.signal });
    const ends = Promise.allSettled([scope.call('a.b', 1), scope.stream('a.c').next()]);
    await broker.hears(Kind.request);
    control.abort();
    await expect(ends).resolves.toMatchObject([{ reason: { code: 'CANCELLED' } }, { reason: { code: 'CANCELLED' } }]);
  });
});

describe('closing', () => {
  test('settles everything, says goodbye, and may be repeated', async () => {
    const { broker, session } = await connected();
    const ends = Promise.allSettled([session.call('a.b', 1), session.stream('a.c').next()]);
    await broker.hears(Kind.request);
    await Promise.all([session.close(), session.close()]);
    await expect(ends).resolves.toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }]);
    await broker.hears(Kind.goodbye);
    await expect(session.call('a.b', 1)).rejects.toMatchObject({ code: 'CLOSED', ran: 'no' });
  });
});

test('a broker that dies has its calls answered by another one, under the same ids', async () => {
  let session!: CallerSession;
  const first = await brokerThat();
  const second = await brokerThat(echo);
  // A broker that has not said WELCOME yet is asked nothing.
  const both = new Promise<void>((resolve) => {
    const connectedTo = new Set<string>();
    const onEvent = ({ kind, endpoint }: BrokerEvent): void => {
      if (kind === 'broker.connected' && connectedTo.add(endpoint).size === 2) resolve();
    };
    session = sessionTo([first.endpoint, second.endpoint], { onEvent });
  });
  await session.open(5_000);
  await both;
  const answers = Promise.all([1, 2, 3, 4].map((input) => session.call('a.b', input)));
  await first.hears(Kind.request);
  await first.close();
  await expect(answers).resolves.toEqual([1, 2, 3, 4]);
  const again = requestsTo(second).filter(({ ageMs }) => ageMs > 0);
  expect(again.map(({ ref }) => ref)).toEqual(requestsTo(first).map(({ ref }) => ref));
});

test('a broker that comes back on its endpoint answers what it had been asked before', async () => {
  const first = await brokerThat();
  const session = sessionTo([first.endpoint]);
  await session.open(5_000);
  const answer = session.call('a.b', 1);
  await first.hears(Kind.request);
  await first.close();
  const second = await brokerThat(echo, first.endpoint);
  await expect(answer).resolves.toBe(1);
  expect(requestsTo(second)).toMatchObject([{ ref: 1 }]);
});

test('a bug in the machine leaves nobody waiting', async () => {
  const { broker, session, caller } = await withMachine();
  const ends = Promise.allSettled([session.call('a.b', 1), session.stream('a.c').next()]);
  await broker.hears(Kind.request);
  caller.handle = () => {
    throw new Error('a bug');
  };
  const last = session.call('a.b', 2);
  const internal = { code: 'INTERNAL', cause: { message: 'a bug' } };
  await expect(last).rejects.toMatchObject(internal);
  await expect(ends).resolves.toMatchObject([{ reason: internal }, { reason: internal }]);
  await expect(session.call('a.b', 3)).rejects.toMatchObject(internal);
});
