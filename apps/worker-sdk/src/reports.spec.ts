// What a worker reports of brokers and handlers: in its log, to its observer, in its status; and in whose context it calls them.

import { AsyncLocalStorage } from 'node:async_hooks';
import { Kind, Role } from '@majordomo/protocol';
import type { RequestContext } from './context.js';
import { Method, Service } from './decorators.js';
import { HandlerError } from './errors.js';
import type { WorkerNews } from './news.js';
import { closeAll, closeLater, dispatch, logbook, PlayedBroker, serving, STUBBORN } from './played-broker.js';
import { serve } from './serve.js';
import type { WorkerHandle } from './session.js';
import { WorkerLog } from './worker-log.js';

afterEach(closeAll);

describe('the log of a worker', () => {
  it('tells that brokers come, what handlers throw with its stack, and that it left', async () => {
    const { lines, stacks, logger } = logbook();
    const { broker, worker } = await serving({ logger });
    broker.say(Role.worker, dispatch(1, 3, 'x'));
    await broker.hears(Kind.error);
    await worker.close();
    expect(lines).toEqual([
      `info connected to the broker ${broker.endpoint}`,
      `info serving through the broker ${broker.endpoint}`,
      expect.stringMatching(/^error the handler of lab\.[a-z]+ \(request [0-9a-f]{14}-\d+, attempt 1\) failed: /),
      'info left all brokers',
    ]);
    expect(stacks).toEqual([expect.stringMatching(/^\w*Error: .*\n +at /)]);
  });

  it('has 20 failures of handlers in 10 s, and says how many it left out', () => {
    let now = 1_000;
    const { lines, logger } = logbook();
    const log = new WorkerLog(logger, () => now);
    const call = { service: 's', method: 'm', requestId: 'r', attempt: 1 };
    const fail = (error: unknown): void => log.write({ kind: 'handler.failed', ...call, error });
    for (let i = 0; i < 50; i++) fail(new Error(`${i}`));
    expect(lines).toHaveLength(20);
    now += 10_000;
    fail(new HandlerError('E', 'meant'));
    expect(lines.at(-1)).toBe(
      'warn the handler of s.m (request r, attempt 1) failed: meant (30 failures before this one are not logged)',
    );
  });
});

it('a handler that was told to stop and does not end is an event, a line of the log, and in the status', async () => {
  const { lines, logger } = logbook();
  const stuck: WorkerNews[] = [];
  let reported: () => void = () => undefined;
  const wasReported = new Promise<void>((resolve) => (reported = resolve));
  const { broker, worker } = await serving({
    logger,
    stuckAfterMs: 1,
    onEvent: (news) => {
      if (news.kind !== 'handler.stuck') return;
      stuck.push(news);
      reported();
    },
  });
  broker.say(Role.worker, { ...dispatch(1, STUBBORN, 'x'), timeLeftMs: 1 });
  await wasReported;
  const call = { service: 'lab', method: 'stubborn', requestId: expect.any(String), attempt: 1, reason: 'deadline' };
  expect(stuck).toEqual([
    { kind: 'handler.stuck', ...call, startedAt: expect.any(Number), runningMs: expect.any(Number) },
  ]);
  expect(worker.status()).toMatchObject({ running: 1, stuck: 1, stuckHandlers: [call] });
  expect(Math.abs((worker.status().stuckHandlers[0]?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(lines.join()).toContain('was told to stop (deadline) and has not ended after');
  expect(await worker.close()).toEqual({ unfinished: 1 });
});

it('handlers, observers and listeners of a signal see the store of no other request', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: [string, unknown][] = [];
  const note = (where: string): unknown => seen.push([where, storage.getStore()]);
  @Service('scoped')
  class Scoped {
    @Method() go(id: string, ctx: RequestContext): Promise<void> | void {
      note(`start of ${id}`);
      storage.enterWith(id);
      if (id !== 'waits') return undefined;
      return new Promise((_resolve, reject) => {
        ctx.signal.addEventListener('abort', () => {
          note('abort');
          reject(new Error('stopped'));
        });
      });
    }
  }
  const broker = await PlayedBroker.open();
  const serveHere = (): Promise<WorkerHandle> =>
    serve({
      brokers: [broker.endpoint],
      services: [new Scoped()],
      onEvent: ({ kind }) => {
        if (kind === 'broker.draining') note('event');
      },
    });
  const worker = await storage.run('serve', serveHere);
  closeLater(worker);
  broker.say(Role.worker, dispatch(1, 0, 'waits'), dispatch(2, 0, 'second'), dispatch(3, 0, 'third'));
  broker.say(Role.worker, { kind: Kind.cancel, ref: 1, reason: 'cancelled' }, { kind: Kind.drain });
  await broker.hears(Kind.error);
  expect(seen).toEqual([
    ['start of waits', 'serve'],
    ['start of second', 'serve'],
    ['start of third', 'serve'],
    ['abort', 'waits'],
    ['event', 'serve'],
  ]);
});
