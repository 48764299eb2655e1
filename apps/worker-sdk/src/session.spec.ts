// A worker on real sockets, with a broker whose every word the test says.

import { Chance, decodeBody, encodeBody, isMajordomoError, Kind, NO_BYTES, Output, Role } from '@majordomo/protocol';
import { DealerPort, SystemClock } from '@majordomo/runtime';
import { Counters, type WorkerEvent } from './core/events.js';
import type { Worker } from './core/worker.js';
import { closeAll, dispatch, Lab, logbook, serving } from './played-broker.js';
import { resolveServeOptions, type ServeOptions } from './serve-options.js';
import { serve } from './serve.js';
import { WorkerSession } from './session.js';

afterEach(closeAll);

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
    for (const wrong of [undefined, null, 'tcp://127.0.0.1:5555', [new Lab()]])
      expect(await refusalOf(wrong)).toEqual([expect.stringMatching(/^the options must be an object, as in serve\(/)]);
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

  it('is nothing that an observer throws, odd or not: that is logged', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const { lines, logger } = logbook();
    const { broker } = await serving({
      logger,
      // oxlint-disable-next-line typescript/no-misused-promises -- this is what is tried
      onEvent: ({ kind }) => {
        // oxlint-disable-next-line typescript/only-throw-error -- this is what is tried
        if (kind === 'broker.connected') throw proxy;
        return Promise.reject(new Error('observer'));
      },
    });
    broker.say(Role.worker, dispatch(1, 0, 'hi'));
    await broker.hears(Kind.final);
    expect(uncaught).toEqual([]);
    expect(lines).toContain('error onEvent threw: an object without a readable message was thrown');
    expect(lines).toContain('error onEvent threw: observer');
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
