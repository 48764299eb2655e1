// A worker on real sockets, with a broker whose every word the test says.

import {
  Chance,
  decodeBody,
  decodeMessage,
  encodeBody,
  encodeMessages,
  isMajordomoError,
  Kind,
  NO_BYTES,
  Output,
  PROTOCOL_VERSION,
  Role,
  type Dispatch,
  type LinkId,
  type WireRecord,
} from '@majordomo/protocol';
import { DealerPort, RouterPort, SystemClock } from '@majordomo/runtime';
import type { RequestContext } from './context.js';
import { Counters, type WorkerEvent } from './core/events.js';
import type { Worker } from './core/worker.js';
import { Method, Service } from './decorators.js';
import type { WorkerNews } from './news.js';
import { resolveServeOptions, type ServeOptions } from './serve-options.js';
import { serve } from './serve.js';
import { WorkerSession, type WorkerHandle } from './session.js';

const WELCOME = {
  kind: Kind.welcome,
  version: PROTOCOL_VERSION,
  instance: 1,
  heartbeatMs: 1_000,
  silenceMaxMs: 15_000,
  messageBytesMax: 1_000_000,
  namesMax: 16,
  requestsMax: 100,
  journal: 0,
  dedupeWindowMs: 60_000,
  software: 'played',
} as const;

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Welcomes everybody, takes every last word, and says what it is told to. */
class PlayedBroker {
  readonly heard: WireRecord[] = [];
  readonly #port = new RouterPort({ clock: new SystemClock() });
  readonly #links = new Map<number, LinkId>();
  #taken = 0;
  #notify: () => void = () => undefined;
  endpoint = '';
  /** Whether last words are told to have been taken. */
  takes = true;

  static async open(): Promise<PlayedBroker> {
    const broker = new PlayedBroker();
    open.push(broker);
    broker.endpoint = await broker.#port.bind('tcp://127.0.0.1:0');
    broker.#port.start({ message: (link, frames) => broker.#take(link, frames), lost: () => undefined });
    return broker;
  }

  /** To whoever has this role. */
  say(role: number, ...records: WireRecord[]): void {
    const link = this.#links.get(role);
    if (link !== undefined) for (const message of encodeMessages(records)) this.#port.send(link, message);
  }

  takeAll(): void {
    this.takes = true;
    this.say(Role.worker, { kind: Kind.taken, count: this.#taken });
  }

  /** The first record of this kind, when it has come. */
  async hears<K extends WireRecord['kind']>(kind: K): Promise<Extract<WireRecord, { kind: K }>> {
    for (;;) {
      const found = this.heard.find((record) => record.kind === kind);
      if (found !== undefined) return found as Extract<WireRecord, { kind: K }>;
      await new Promise<void>((resolve) => (this.#notify = resolve));
    }
  }

  close(): Promise<void> {
    return this.#port.shutdown(0);
  }

  #take(link: LinkId, frames: Uint8Array[]): void {
    const decoded = decodeMessage(frames);
    for (const record of decoded.fault === undefined ? decoded.records : []) {
      this.heard.push(record);
      if (record.kind === Kind.hello) {
        this.#links.set(record.roles, link);
        this.say(record.roles, WELCOME);
      }
      if (record.kind === Kind.offer) this.say(Role.worker, { kind: Kind.taken, count: this.#taken });
      const isLast = record.kind === Kind.final || record.kind === Kind.error || record.kind === Kind.release;
      if (isLast && link === this.#links.get(Role.worker)) {
        this.#taken += 1;
        if (this.takes) this.takeAll();
      }
    }
    this.#notify();
  }
}

function dispatch(ref: number, method: number, input: unknown): Dispatch {
  const id = { service: 0, method, instance: 7, request: ref, attempt: 1, timeLeftMs: 10_000 };
  const plain = { window: 0, received: 0, headers: NO_BYTES };
  return { kind: Kind.dispatch, ref, ...id, ...plain, body: encodeBody(input) };
}

/** Method 0 echoes, 1 waits to be stopped, 2 asks another service, 3 throws. */
@Service('lab')
class Lab {
  readonly stops: unknown[] = [];
  @Method() echo(input: unknown): unknown {
    return input;
  }
  @Method() wait(_: unknown, context: RequestContext): Promise<never> {
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        this.stops.push((context.signal.reason as { reason: unknown }).reason);
        reject(context.signal.reason as Error);
      });
    });
  }
  @Method() ask(_: unknown, context: RequestContext): Promise<unknown> {
    return context.client.call('other.twice', 21);
  }
  @Method() fail(): never {
    throw new RangeError('no');
  }
}

interface Scene {
  readonly broker: PlayedBroker;
  readonly worker: WorkerHandle;
  readonly lab: Lab;
  readonly news: WorkerNews[];
}

async function serving(more: Partial<ServeOptions> = {}): Promise<Scene> {
  const broker = await PlayedBroker.open();
  const lab = new Lab();
  const news: WorkerNews[] = [];
  const worker = await serve({
    brokers: [broker.endpoint],
    services: [lab],
    name: 'spec',
    onEvent: (each) => news.push(each),
    ...more,
  });
  open.push(worker);
  return { broker, worker, lab, news };
}

/** The problems of options, or the code of another error. */
async function refusalOf(options: unknown): Promise<unknown> {
  try {
    await (await serve(options as ServeOptions)).close();
  } catch (error) {
    if (isMajordomoError(error)) return error.details['problems'] ?? error.code;
  }
  return undefined;
}

describe('serve', () => {
  it('settles when a broker has confirmed what the worker serves', async () => {
    const { broker, worker, news } = await serving({ concurrency: 5 });
    const offer = await broker.hears(Kind.offer);
    expect(offer).toMatchObject({ name: 'lab', credit: 0, service: 0 });
    expect(await broker.hears(Kind.credit)).toMatchObject({ limit: 5 });
    expect(await broker.hears(Kind.hello)).toMatchObject({ roles: Role.worker, identity: 'spec' });
    expect(worker.status()).toMatchObject({
      name: 'spec',
      phase: 'serving',
      brokers: [{ endpoint: broker.endpoint, connected: true }],
    });
    expect(news.map(({ kind }) => kind)).toEqual(['broker.connected', 'broker.serving']);
  });

  it('answers requests, and tells the observer what handlers throw', async () => {
    const { broker, news } = await serving();
    broker.say(Role.worker, dispatch(1, 0, 'hi'), dispatch(2, 3, undefined));
    expect(decodeBody((await broker.hears(Kind.final)).body)).toBe('hi');
    expect(await broker.hears(Kind.error)).toMatchObject({ ref: 2, code: 'HANDLER_FAILED' });
    expect(news[2]).toMatchObject({
      kind: 'handler.failed',
      service: 'lab',
      method: 'fail',
      attempt: 1,
      error: { message: 'no' },
    });
  });

  it('names everything that is wrong with its options', async () => {
    expect(await refusalOf({ brokers: ['nowhere'], servces: [], heartbeatMs: 1_000, silenceMaxMs: 1_500 })).toEqual([
      expect.stringContaining('brokers has endpoints that cannot be used'),
      expect.stringMatching(/servces .*services/),
      'services must be given',
      'silenceMaxMs (1500) must be at least three times heartbeatMs (1000)',
    ]);
    expect(await refusalOf({ services: [] })).toEqual(['services must be a list of instances, at least one']);
    expect(await refusalOf(undefined)).toBe('INVALID_OPTION');
  });

  it('names everything that is wrong with its services', async () => {
    expect(await refusalOf({ services: [{}] })).toEqual([
      { service: 'Object', method: undefined, problem: 'the class has no @Service decorator' },
    ]);
  });

  it('gives up after connectTimeoutMs, and leaves nothing behind', async () => {
    const options = { brokers: ['ipc:///tmp/majordomo-nobody-is-here'], services: [new Lab()], connectTimeoutMs: 20 };
    expect(await refusalOf(options)).toBe('NO_BROKER');
  });
});

describe('drain', () => {
  it('settles when everything has been answered and taken; twice is once', async () => {
    const { broker, worker, news } = await serving();
    broker.takes = false;
    broker.say(Role.worker, dispatch(1, 0, 'hi'));
    await broker.hears(Kind.final);
    const drained = worker.drain();
    await broker.hears(Kind.drain);
    expect(worker.status().phase).toBe('draining');
    broker.takeAll();
    expect(await drained).toEqual({ unfinished: 0 });
    expect(await worker.drain()).toEqual({ unfinished: 0 });
    expect(await worker.close()).toEqual({ unfinished: 0 });
    expect(worker.status()).toMatchObject({ phase: 'left', succeeded: 1, brokers: [{ connected: false }] });
    expect(news.at(-1)).toEqual({ kind: 'worker.left', unfinished: 0 });
  });

  it('stops handlers when its time is over', async () => {
    const { broker, worker, lab } = await serving();
    broker.say(Role.worker, dispatch(1, 1, undefined));
    broker.say(Role.worker, dispatch(2, 0, undefined));
    await broker.hears(Kind.final);
    expect(await worker.drain({ timeoutMs: 5 })).toEqual({ unfinished: 1 });
    expect(lab.stops).toEqual(['drain']);
    await broker.hears(Kind.goodbye);
    expect(broker.heard.find((record) => record.kind === Kind.release)).toMatchObject({ ref: 1, ran: 'unknown' });
  });

  it('refuses an option that it does not know', async () => {
    const { worker } = await serving();
    await expect(worker.drain({ timeout: 5 } as object)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

it('close stops handlers at once', async () => {
  const { broker, worker, lab } = await serving();
  broker.say(Role.worker, dispatch(1, 1, undefined), dispatch(2, 0, undefined));
  await broker.hears(Kind.final);
  expect(await worker.close()).toEqual({ unfinished: 1 });
  expect(lab.stops).toEqual(['drain']);
});

it('a handler calls other services over a session of its own, which lives until the worker has left', async () => {
  const { broker, worker } = await serving();
  broker.say(Role.worker, dispatch(1, 2, undefined));
  const request = await broker.hears(Kind.request);
  expect(decodeBody(request.body)).toBe(21);
  expect(request.timeLeftMs).toBeLessThanOrEqual(10_000);
  expect(request.timeLeftMs).toBeGreaterThan(9_000);
  const value = { end: false, count: 0, headers: NO_BYTES, body: encodeBody(42) };
  broker.say(Role.client, { kind: Kind.final, ref: request.ref, ...value });
  expect(decodeBody((await broker.hears(Kind.final)).body)).toBe(42);
  expect(await worker.drain()).toEqual({ unfinished: 0 });
});

describe('what is thrown as uncaught', () => {
  const real = globalThis.queueMicrotask;
  const uncaught: unknown[] = [];
  beforeEach(() => {
    uncaught.length = 0;
    globalThis.queueMicrotask = (task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    };
  });
  afterEach(() => {
    globalThis.queueMicrotask = real;
  });

  it('is what an observer throws; it disturbs no request', async () => {
    const { broker } = await serving({
      onEvent: ({ kind }) => {
        if (kind === 'broker.connected') throw new Error('observer');
      },
    });
    broker.say(Role.worker, dispatch(1, 0, 'hi'));
    await broker.hears(Kind.final);
    expect(uncaught).toEqual([expect.objectContaining({ message: 'observer' })]);
  });

  it('is a bug of ours: the worker ends, and whoever waits for it is told', async () => {
    const clock = new SystemClock();
    const options = resolveServeOptions({ services: [new Lab()] }, 'spec');
    const machine = {
      output: new Output<WorkerEvent>(),
      counters: new Counters(),
      handle: () => {
        throw new Error('bug');
      },
      wakeAt: () => Infinity,
      facts: () => ({ phase: 'serving', running: 2 }),
    };
    const parts = {
      port: new DealerPort({ clock }),
      clock,
      chance: new Chance(1),
      plans: [],
      options,
      software: 'spec',
    };
    const session = new WorkerSession({ ...parts, machine: machine as unknown as Worker });
    await expect(session.open()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await session.drain()).toEqual({ unfinished: 2 });
    expect(uncaught).toEqual([expect.objectContaining({ code: 'INTERNAL', cause: new Error('bug') })]);
  });
});
