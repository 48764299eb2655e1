// The rules of docs/protocol.md that a worker keeps, by their ids: the real worker, against a broker that is written by hand.

import { Kind, NO_BYTES, decodeBody, decodeErrorBody, encodeBody, type WireRecord } from '@majordomo/protocol';
import { Method, Service, serve, type RequestContext, type WorkerHandle } from '@majordomo/worker';
import { RawBroker, type RawLink } from './raw-broker.js';
import { words } from './scene.js';

/** What handlers wait for, by the number of the call. */
const gates = new Map<number, () => void>();
const started: number[] = [];

function gate(call: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    gates.set(call, resolve);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

@Service('echo', { concurrency: 2 })
class Echo {
  @Method() say(value: unknown): unknown {
    started.push(0);
    return value;
  }

  /** Waits until the test opens the gate of the call, or it is told to stop. */
  @Method() async wait(call: number, ctx: RequestContext): Promise<string> {
    started.push(call);
    await gate(call, ctx.signal);
    return `done ${call}`;
  }

  /** Comes to a value although it is told to stop. */
  @Method() async insist(call: number, ctx: RequestContext): Promise<string> {
    await gate(call, ctx.signal).catch(() => undefined);
    return `done ${call}`;
  }

  @Method() async *count(to: number): AsyncGenerator<number> {
    for (let i = 0; i < to; i++) yield i;
  }
}
const METHOD = { say: 0, wait: 1, insist: 2, count: 3 };

let broker: RawBroker;
let worker: WorkerHandle | undefined;

beforeEach(async () => {
  gates.clear();
  started.length = 0;
  broker = new RawBroker();
  await broker.start();
});
afterEach(async () => {
  await worker?.close();
  worker = undefined;
  await broker.close();
});

/** A worker that has been welcomed, and its link, with OFFER and CREDIT heard. */
async function begin(more = {}): Promise<RawLink> {
  const serving = serve({ brokers: [broker.endpoint], services: [new Echo()], name: 'w' });
  const link = await broker.welcome(more);
  await link.hearUntil(Kind.credit);
  await link.say(offerTaken);
  worker = await serving;
  return link;
}

function dispatch(ref: number, method: keyof typeof METHOD, request: number, input: unknown, more = {}): WireRecord {
  return {
    kind: Kind.dispatch,
    ref,
    service: 0,
    method: METHOD[method],
    instance: 7,
    request,
    attempt: 1,
    timeLeftMs: 20_000,
    window: 0,
    received: 0,
    headers: NO_BYTES,
    body: encodeBody(input),
    ...more,
  };
}
const attach = (ref: number, request: number, more = {}): WireRecord => ({
  kind: Kind.attach,
  ref,
  instance: 7,
  request,
  attempt: 1,
  timeLeftMs: 20_000,
  window: 0,
  received: 0,
  ...more,
});
const window = (ref: number, received: number, allowed: number, rewind = false): WireRecord => ({
  kind: Kind.window,
  ref,
  received,
  allowed,
  rewind,
});
/** The answer to OFFER. */
const offerTaken: WireRecord = { kind: Kind.taken, count: 0 };
const goodbye: WireRecord = { kind: Kind.goodbye, code: 'SESSION_LOST', reason: 'try again' };

/** Waits until the handlers of these calls have been started. */
async function running(...calls: number[]): Promise<void> {
  while (!calls.every((call) => gates.has(call))) await new Promise((resolve) => setImmediate(resolve));
}

/** The next last word, which must be the value of this lease; CREDIT may come before it. */
async function valueOn(link: RawLink, ref: number): Promise<unknown> {
  const heard = await link.hearUntil(Kind.final);
  const final = heard.find((record) => record.kind === Kind.final);
  expect(words(heard.filter(({ kind }) => kind !== Kind.credit))).toEqual([`FINAL ${ref}`]);
  return decodeBody(final?.body ?? NO_BYTES);
}

describe('coming and coming back', () => {
  test('W12, W29: HELLO alone, then after WELCOME every service without credit, then credit', async () => {
    const serving = serve({ brokers: [broker.endpoint], services: [new Echo()], name: 'w' });
    const link = await broker.accept();
    expect(await link.hear(Kind.hello)).toMatchObject({ versionMin: 1, roles: 2, identity: 'w' });
    expect(link.rest).toEqual([]);
    await link.say(welcomeOf({}));
    expect(await link.hear(Kind.offer)).toMatchObject({ service: 0, credit: 0, name: 'echo' });
    expect(await link.hear(Kind.credit)).toEqual({ kind: Kind.credit, service: 0, limit: 2 });
    await link.say(offerTaken);
    worker = await serving;
  });

  test('W3, W14, W19: after GOODBYE it comes back on a new connection, with a HELLO of the same instance', async () => {
    const serving = serve({ brokers: [broker.endpoint], services: [new Echo()], name: 'w' });
    const first = await broker.accept();
    const { instance } = await first.hear(Kind.hello);
    await first.say(welcomeOf({}), goodbye);
    const second = await broker.accept();
    expect((await second.hear(Kind.hello)).instance).toBe(instance);
    await second.say(welcomeOf({}));
    expect((await second.hear(Kind.offer)).credit).toBe(0);
    await second.say(offerTaken);
    worker = await serving;
  });

  test('W32, W35: a run from before is held, before any credit; its value goes to the new lease and to no other', async () => {
    const first = await begin();
    await first.say(dispatch(17, 'wait', 1, 1));
    await running(1);
    await first.say(goodbye);
    const second = await broker.welcome();
    expect((await second.hearUntil(Kind.credit)).map(({ kind }) => kind)).toEqual([
      Kind.offer,
      Kind.holds,
      Kind.credit,
    ]);
    await second.say(attach(3, 1));
    gates.get(1)?.();
    expect(await valueOn(second, 3)).toBe('done 1');
    expect(started).toEqual([1]);
    expect(first.rest).toEqual([]);
  });

  test('W35: what it has finished is said again for ATTACH, what it does not know is given back as unknown', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'say', 1, 'x'));
    expect(await valueOn(link, 1)).toBe('x');
    await link.say(attach(2, 1), attach(3, 99));
    expect(await valueOn(link, 2)).toBe('x');
    expect(await link.hear(Kind.release)).toEqual({ kind: Kind.release, ref: 3, ran: 'unknown' });
    expect(started).toEqual([0]);
  });
});

describe('last words', () => {
  test('W31: every lease gets one, a value or an error', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'say', 1, 'a'), dispatch(2, 'count', 2, 3), dispatch(3, 'say', 3, 'b', { method: 77 }));
    const heard = [await link.hear(Kind.error), await link.hear(Kind.error), await link.hear(Kind.final)];
    expect(words(heard).sort()).toEqual(['ERROR 2 STREAM_EXPECTED ran=no', 'ERROR 3 NO_SUCH_METHOD ran=no', 'FINAL 1']);
  });

  test('W34: a request that is running is not started again: its word goes to the newer lease', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'wait', 5, 5));
    await running(5);
    await link.say(dispatch(2, 'wait', 5, 5, { attempt: 2 }));
    await link.say(dispatch(3, 'say', 6, 'behind it'));
    expect(await valueOn(link, 3)).toBe('behind it');
    gates.get(5)?.();
    expect(await valueOn(link, 2)).toBe('done 5');
    expect(started).toEqual([5, 0]);
  });

  test('W34: a request that has just been finished is answered again and not run again', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'say', 1, 'x'));
    await valueOn(link, 1);
    await link.say(dispatch(2, 'say', 1, 'x', { attempt: 2 }));
    expect(await valueOn(link, 2)).toBe('x');
    expect(started).toEqual([0]);
  });

  test('W37: CANCEL ends a handler; the lease gets CANCELLED when it has ended', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'wait', 1, 1));
    await running(1);
    await link.say({ kind: Kind.cancel, ref: 1, reason: 'cancelled' });
    expect(words([await link.hear(Kind.error)])).toEqual(['ERROR 1 CANCELLED ran=yes']);
  });

  test('W37: or FINAL, if it came to a value all the same; a CANCEL for a lease that is over is ignored', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'insist', 1, 1));
    await running(1);
    await link.say({ kind: Kind.cancel, ref: 1, reason: 'deadline' });
    expect(await valueOn(link, 1)).toBe('done 1');
    await link.say({ kind: Kind.cancel, ref: 1, reason: 'cancelled' }, dispatch(2, 'say', 2, 'still here'));
    expect(await valueOn(link, 2)).toBe('still here');
  });

  test('W11: what is larger than the broker takes is not sent', async () => {
    const link = await begin({ messageBytesMax: 1_000 });
    await link.say(dispatch(1, 'say', 1, 'x'.repeat(2_000)));
    expect(words([await link.hear(Kind.error)])).toEqual(['ERROR 1 REPLY_UNSENDABLE ran=yes']);
  });

  test('W33, W36, W38: a drain gives back what was not started, finishes the rest, waits until it is taken, and leaves', async () => {
    const link = await begin();
    await link.say(...[1, 2, 3].map((call) => dispatch(call, 'wait', call, call)));
    await running(1, 2);
    const drained = worker?.drain();
    const given = await link.hearUntil(Kind.release);
    expect(given.map(({ kind }) => kind)).toEqual(expect.arrayContaining([Kind.drain, Kind.release]));
    expect(given.at(-1)).toEqual({ kind: Kind.release, ref: 3, ran: 'no' });
    gates.get(1)?.();
    gates.get(2)?.();
    await link.hearUntil(Kind.final);
    await link.hearUntil(Kind.final);
    expect(worker?.status()).toMatchObject({ phase: 'draining' });
    await link.say({ kind: Kind.taken, count: 3 });
    await link.hearUntil(Kind.goodbye);
    expect(await drained).toEqual({ unfinished: 0 });
  });
});

describe('streams', () => {
  const stream = (ref: number, request: number, to: number, more = {}): WireRecord =>
    dispatch(ref, 'count', request, to, { window: 2, ...more });
  const indices = (records: readonly WireRecord[]): number[] =>
    records.flatMap((record) => (record.kind === Kind.partial ? [record.index] : []));

  test('W39, W42: values in order, no further than the window, then the end with their count', async () => {
    const link = await begin();
    await link.say(stream(1, 1, 5));
    expect([(await link.hear(Kind.partial)).index, (await link.hear(Kind.partial)).index]).toEqual([0, 1]);
    await link.say(dispatch(2, 'say', 2, 'nothing more before this'));
    await valueOn(link, 2);
    await link.say(window(1, 2, 4));
    expect([(await link.hear(Kind.partial)).index, (await link.hear(Kind.partial)).index]).toEqual([2, 3]);
    await link.say(window(1, 4, 6));
    const end = await link.hearUntil(Kind.final);
    expect([indices(end), end.at(-1)]).toEqual([[4], expect.objectContaining({ ref: 1, end: true, count: 5 })]);
  });

  test('W40, W41: after a rewind the values that were not confirmed come again', async () => {
    const link = await begin();
    await link.say(stream(1, 1, 9, { window: 4 }));
    for (let i = 0; i < 4; i++) await link.hear(Kind.partial);
    await link.say(window(1, 1, 5, true));
    const again: number[] = [];
    while (again.length < 4) again.push((await link.hear(Kind.partial)).index);
    expect(again).toEqual([1, 2, 3, 4]);
  });

  test('W35, W41: a stream that is joined on a new link goes on where its client stands', async () => {
    const first = await begin();
    await first.say(stream(1, 1, 3));
    await first.hear(Kind.partial);
    await first.hear(Kind.partial);
    await first.say(goodbye);
    const second = await broker.welcome();
    await second.hearUntil(Kind.credit);
    await second.say(attach(1, 1, { window: 4, received: 1 }));
    const rest = await second.hearUntil(Kind.final);
    expect([indices(rest), rest.at(-1)]).toEqual([[1, 2], expect.objectContaining({ end: true, count: 3 })]);
  });

  test('W43: a method that streams, asked for one value, says so', async () => {
    const link = await begin();
    await link.say(dispatch(1, 'count', 1, 3));
    expect(words([await link.hear(Kind.error)])).toEqual(['ERROR 1 STREAM_EXPECTED ran=no']);
  });

  test('W44: a stream of which values have arrived is not begun anew', async () => {
    const link = await begin();
    await link.say(stream(1, 1, 9, { received: 3 }));
    const error = await link.hear(Kind.error);
    expect(error.code).toBe('STREAM_BROKEN');
    expect(decodeErrorBody(error.body).details).toEqual({ received: 3, handledBy: { worker: 'w', attempt: 1 } });
  });
});

function welcomeOf(more: object): WireRecord {
  return {
    kind: Kind.welcome,
    version: 1,
    instance: 99,
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 16_777_216,
    namesMax: 4_096,
    requestsMax: 1_000,
    journal: 0,
    dedupeWindowMs: 600_000,
    software: 'raw',
    ...more,
  };
}
