// Leaving in peace: a worker or a broker that is told to end finishes what it has, and nothing is lost while others go on.

import { Load } from './load.js';
import { built, freeEndpoint, Program, until, wallClock } from './processes.js';
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

const HELD = 10;
/** A drain that waits for what never comes takes 30 s. */
const DRAINED_WITHIN_MS = 15_000;

afterEach(clearStage);

test(
  'a worker that drains finishes what it runs, takes nothing new, and leaves; nothing is lost or run twice while load goes on',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const leaving = await startWorker({ brokers: [bind], name: 'leaving' });
    const client = await startClient(bind);
    const ids = Array.from({ length: HELD }, (_, i) => `held-${i}`);
    const held = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
    await until('all are running', () => ids.every((id) => runsOf(leaving).has(id)));
    const staying = await startWorker({ brokers: [bind], name: 'staying' });
    const load = new Load('load', { client, address: 'lab.work', inFlight: 20, ms: 2 });
    await until('the load runs', () => load.answers.length > 100);

    leaving.signal('SIGTERM');
    await broker.hear('worker.draining', ({ identity }) => identity === 'leaving');
    const askedBefore = load.asked;
    const answered = load.answers.length;
    await until('the load goes on', () => load.answers.length > answered + 200);

    for (const id of ids) leaving.tell({ open: id });
    expect(await held).toEqual(ids.map((id) => ({ id, pid: leaving.pid, attempt: 1 })));
    expect((await leaving.hear('left'))['unfinished']).toBe(0);
    expect(await leaving.ended).toEqual({ code: 0, signal: null });
    // What was handed out before the broker heard of it may begin later than that; what was asked since may not come at all.
    const askedSince = (id: unknown): boolean => Number(/^load-(\d+)$/.exec(String(id))?.[1] ?? 0) > askedBefore;
    expect(leaving.all('run').filter(({ id }) => askedSince(id))).toEqual([]);
    const { asked, right, wrong } = await load.end();
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    await broker.caughtUp();
    expect(broker.all('request.redelivered')).toEqual([]);
    expect([...(await allRunsOf(leaving, staying))].filter(([, count]) => count !== 1)).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'majordomo broker drains at SIGTERM: what runs is answered, what is asked then is answered by the next broker',
  async () => {
    const bind = await freeEndpoint();
    const command = (): Program =>
      new Program(built('apps/cli/bin/majordomo.js'), { args: ['broker', '--bind', bind, '--json', '--data', 'off'] });
    const first = command();
    await first.hear('ready');
    const worker = await startWorker({ brokers: [bind] });
    const client = await startClient(bind);
    const held = client.call<Answer>('lab.gate', { id: 'held' });
    await worker.hear('run');

    first.signal('SIGTERM');
    await until('it drains', () => first.errors.includes('draining;'));
    const late = client.call<Answer>('lab.echo', { id: 'late' }, { waitForService: true });
    worker.tell({ open: 'held' });
    expect(await held).toEqual({ id: 'held', pid: worker.pid, attempt: 1 });
    expect(await first.ended).toEqual({ code: 0, signal: null });
    const second = command();
    await second.hear('ready');
    expect(await late).toEqual({ id: 'late', pid: worker.pid, attempt: 1 });
    second.signal('SIGTERM');
    expect(await second.ended).toEqual({ code: 0, signal: null });
    expect(await allRunsOf(worker)).toEqual(new Map([['held', 1]]));
  },
  LIMIT_MS,
);

/** A broker and a worker that has answered many calls lately, so that some of its replies are not known to be taken. */
async function justAnswered(): Promise<{ bind: string; broker: Program; worker: Program }> {
  const bind = await freeEndpoint();
  const [broker, worker] = [await startBroker({ bind }), await startWorker({ brokers: [bind] })];
  const client = await startClient(bind);
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => client.call('lab.echo', { id: `${i}` }, { deadlineMs: 600_000 })),
  );
  return { bind, broker, worker };
}

/** It is told to end. @returns how. */
async function leave(worker: Program): Promise<object> {
  const askedAt = wallClock();
  worker.signal('SIGTERM');
  const { unfinished } = await worker.hear('left');
  return { unfinished, isSoon: wallClock() - askedAt < DRAINED_WITHIN_MS, ...(await worker.ended) };
}

const LEFT_SOON = { unfinished: 0, isSoon: true, code: 0, signal: null };

test(
  'a worker does not wait for replies to be taken by a broker that was killed',
  async () => {
    const { broker, worker } = await justAnswered();
    broker.kill();
    await worker.hear('broker.lost');
    expect(await leave(worker)).toEqual(LEFT_SOON);
  },
  LIMIT_MS,
);

test(
  'a worker does not wait for a broker that left before it',
  async () => {
    const { broker, worker } = await justAnswered();
    broker.signal('SIGTERM');
    await worker.hear('broker.lost');
    expect(await leave(worker)).toEqual(LEFT_SOON);
  },
  LIMIT_MS,
);

test(
  'a worker does not wait for a broker that was started again to ask for what nobody asks again',
  async () => {
    const { bind, broker, worker } = await justAnswered();
    broker.kill();
    await worker.hear('broker.lost');
    const from = worker.lines.length;
    await startBroker({ bind });
    await worker.hear('broker.connected', () => true, from);
    expect(await leave(worker)).toEqual(LEFT_SOON);
  },
  LIMIT_MS,
);

test(
  'a client is closed at once while its broker is gone and calls are under way',
  async () => {
    const bind = await freeEndpoint();
    const [broker, worker] = [await startBroker({ bind }), await startWorker({ brokers: [bind] })];
    const client = await startClient(bind);
    const held = client.call('lab.gate', { id: 'held' }, { deadlineMs: 600_000 }).catch((error: unknown) => error);
    await worker.hear('run');
    broker.kill();
    await worker.hear('broker.lost');
    const askedAt = wallClock();
    await client.close();
    expect(wallClock() - askedAt).toBeLessThan(DRAINED_WITHIN_MS);
    expect(await held).toMatchObject({ code: 'CLOSED', ran: 'unknown' });
  },
  LIMIT_MS,
);

test(
  'a broker that drains does not wait for a service that has no worker',
  async () => {
    const bind = await freeEndpoint();
    const [broker, worker] = [
      await startBroker({ bind, drainTimeoutMs: 60_000 }),
      await startWorker({ brokers: [bind] }),
    ];
    const client = await startClient(bind);
    await client.call('lab.echo', { id: 'first' });
    worker.kill();
    await broker.hear('worker.lost');
    const waiting = client.call<Answer>('lab.echo', { id: 'waits' }, { deadlineMs: 600_000 });
    const queues = async () => client.call<{ address: string; queued: number }[]>('majordomo.queues');
    await until('it waits', async () =>
      (await queues()).some(({ address, queued }) => address === 'lab.echo' && queued === 1),
    );
    broker.signal('SIGTERM');
    const ended = await broker.hear('drain.ended');
    expect(ended['unsettled']).toBe(0);
    await broker.ended;
    // The next broker has it.
    await Promise.all([startBroker({ bind }), startWorker({ brokers: [bind] })]);
    expect(await waiting).toMatchObject({ id: 'waits', attempt: 1 });
  },
  LIMIT_MS,
);
