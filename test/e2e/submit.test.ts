// What is handed over is done, whoever dies in between: tickets, kept on a real disk by a broker that is killed with kill -9.

import type { Ticket } from '@majordomo/client';
import { setTimeout as delay } from 'node:timers/promises';
import { keepFigures } from './figures.js';
import { Submissions } from './submissions.js';
import { majordomo } from './command.js';
import { freeEndpoint, until, type Program } from './processes.js';
import {
  allRunsOf,
  clearStage,
  dataFolder,
  LIMIT_MS,
  runsOf,
  startBroker,
  startClient,
  startWorker,
  type Answer,
} from './stage.js';

afterEach(clearStage);

interface Place {
  readonly bind: string;
  readonly data: string;
}

async function place(): Promise<Place> {
  return { bind: await freeEndpoint(), data: dataFolder() };
}

/** Kills the broker and starts the next one with the same folder. */
async function restart(broker: Program, where: Place): Promise<Program> {
  broker.kill();
  await broker.ended;
  return startBroker({ ...where });
}

test(
  'a ticket outlives its client and its broker: the result is fetched later, by another process',
  async () => {
    const where = await place();
    const broker = await startBroker({ ...where });
    const client = await startClient(where.bind);
    const ticket = await client.submit('lab.echo', { id: 'a' });
    expect(await ticket.status()).toMatchObject({
      ticket: ticket.id,
      address: 'lab.echo',
      state: 'queued',
      attempt: 0,
    });
    await client.close();
    await restart(broker, where);
    await startWorker({ brokers: [where.bind] });
    const result = await majordomo(['ticket', 'result', ticket.id, '--broker', where.bind, '--json']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toMatchObject({ id: 'a', attempt: 1 });
    expect(await (await startClient(where.bind)).ticket(ticket.id).status()).toMatchObject({ state: 'done' });
  },
  LIMIT_MS,
);

test(
  'what a worker was running when the broker died is not run again, and what had been told is still known afterwards',
  async () => {
    const where = await place();
    let broker = await startBroker({ ...where });
    const worker = await startWorker({ brokers: [where.bind] });
    const { id } = await (await startClient(where.bind)).submit('lab.gate', { id: 'held' });
    await worker.hear('run');
    broker = await restart(broker, where);
    worker.tell({ open: 'held' });
    const client = await startClient(where.bind);
    const answer = await client.ticket<Answer>(id).result();
    expect(answer).toMatchObject({ id: 'held', pid: worker.pid, attempt: 1 });
    // Nobody has had the time to collect it: it must have been on the disk before it was told.
    await restart(broker, where);
    worker.kill();
    expect(await (await startClient(where.bind)).ticket(id).result()).toEqual(answer);
    await client.close();
    expect(runsOf(worker)).toEqual(new Map([['held', 1]]));
  },
  LIMIT_MS,
);

test(
  'one idempotency key is one request for all clients, over restarts: one ticket, run once',
  async () => {
    const where = await place();
    const broker = await startBroker({ ...where });
    const options = { idempotencyKey: 'order-1' };
    const first = await startClient(where.bind);
    const { id } = await first.submit('lab.work', { id: 'keyed' }, options);
    expect((await first.submit('lab.work', { id: 'keyed' }, options)).id).toBe(id);
    await restart(broker, where);
    const worker = await startWorker({ brokers: [where.bind] });
    const second = await startClient(where.bind);
    const again = await second.submit('lab.work', { id: 'keyed' }, options);
    expect(again.id).toBe(id);
    expect(await again.result()).toMatchObject({ id: 'keyed' });
    expect((await second.submit('lab.work', { id: 'keyed' }, options)).id).toBe(id);
    // A call with that key is the same request as well.
    expect(await second.call('lab.work', { id: 'keyed' }, options)).toMatchObject({ id: 'keyed' });
    await expect(second.submit('lab.work', { id: 'other' }, options)).rejects.toMatchObject({
      code: 'REQUEST_CONFLICT',
    });
    expect(await allRunsOf(worker)).toEqual(new Map([['keyed', 1]]));
  },
  LIMIT_MS,
);

test(
  'under an ordering key one is done at a time, in their order, also when worker and broker die',
  async () => {
    const where = await place();
    let broker = await startBroker({ ...where });
    const workers = await Promise.all([startWorker({ brokers: [where.bind] }), startWorker({ brokers: [where.bind] })]);
    const client = await startClient(where.bind);
    const ids = ['1', '2', '3', '4'];
    const tickets: Ticket[] = [];
    for (const id of ids) tickets.push(await client.submit('lab.gate', { id }, { orderingKey: 'account-7' }));
    await client.submit('lab.work', { id: 'free' }, { orderingKey: 'account-8' }).then((other) => other.result());
    const holderOf = async (id: string): Promise<Program> => {
      await until(`${id} runs`, () => runsOf(...workers).has(id));
      const [holder] = workers.filter((worker) => runsOf(worker).has(id));
      return holder as Program;
    };
    const hasStarted = async (id: string): Promise<boolean> => (await allRunsOf(...workers)).has(id);

    await holderOf('1');
    expect(await hasStarted('2')).toBe(false);
    for (const worker of workers) worker.tell({ open: '1' });
    const victim = await holderOf('2');
    victim.kill();
    await victim.ended;
    workers.splice(workers.indexOf(victim), 1);
    await holderOf('2');
    expect(await hasStarted('3')).toBe(false);
    broker = await restart(broker, where);
    for (const worker of workers) worker.tell({ open: '2' });
    await holderOf('3');
    expect(await hasStarted('4')).toBe(false);
    for (const worker of workers) worker.tell({ open: '*' });
    const answers = await Promise.all(tickets.map(({ id }) => client.ticket<Answer>(id).result()));
    expect(answers.map(({ id }) => id)).toEqual(ids);
    expect(broker.errors).toBe('');
  },
  LIMIT_MS,
);

test(
  'the higher priority goes first; what has a date waits for it, over a restart; what expires is told so',
  async () => {
    const where = await place();
    const broker = await startBroker({ ...where });
    const client = await startClient(where.bind);
    const runAtMs = Date.now() + 2_500;
    const dated = await client.submit('lab.work', { id: 'dated' }, { runAtMs, priority: 9 });
    const far = await client.submit('lab.work', { id: 'far' }, { runAtMs: runAtMs + 3_600_000, priority: 9 });
    const short = await client.submit('lab.work', { id: 'short' }, { expiresMs: 300 });
    const others: Ticket[] = [];
    for (const [id, priority] of [['low', 1], ['middle'], ['high', 8]] as const) {
      others.push(await client.submit('lab.work', { id }, { priority }));
    }
    expect(await far.status()).toMatchObject({ state: 'delayed' });
    await expect(short.result()).rejects.toMatchObject({ code: 'TICKET_EXPIRED', ran: 'no' });
    expect(await short.status()).toMatchObject({ state: 'expired', error: { code: 'TICKET_EXPIRED' } });
    await restart(broker, where);
    const worker = await startWorker({ brokers: [where.bind], concurrency: 1 });
    await Promise.all([dated, ...others].map((ticket) => ticket.result()));
    expect(await far.status()).toMatchObject({ state: 'delayed' });
    await worker.caughtUp();
    const runs = worker.all('run');
    const order = runs.map(({ id }) => id);
    // On a slow machine the near date may have come before the worker.
    expect(order.filter((id) => id !== 'dated')).toEqual(['high', 'middle', 'low']);
    // The two clocks of this machine may be some ms apart.
    expect(runs.find(({ id }) => id === 'dated')?.at).toBeGreaterThan(runAtMs - 50);
  },
  LIMIT_MS,
);

test(
  'what is cancelled or expires while it waits is never run; while it runs, its handler is told',
  async () => {
    const where = await place();
    await startBroker({ ...where });
    const client = await startClient(where.bind);
    const waiting = await client.submit('lab.work', { id: 'waiting' });
    expect(await waiting.cancel()).toBe(true);
    const worker = await startWorker({ brokers: [where.bind] });
    const running = await client.submit('lab.gate', { id: 'running' });
    const late = await client.submit('lab.gate', { id: 'late' }, { expiresMs: 1_000 });
    await worker.hear('run', ({ id }) => id === 'running');
    expect(await running.status()).toMatchObject({ state: 'running', attempt: 1 });
    await expect(running.result({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await running.cancel()).toBe(true);
    expect(await worker.hear('aborted', ({ id }) => id === 'running')).toMatchObject({ reason: 'cancelled' });
    expect(await worker.hear('aborted', ({ id }) => id === 'late')).toMatchObject({ reason: 'deadline' });
    for (const ticket of [waiting, running]) {
      await expect(ticket.result()).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await ticket.status()).toMatchObject({ state: 'cancelled' });
      expect(await ticket.cancel()).toBe(false);
    }
    await expect(late.result()).rejects.toMatchObject({ code: 'TICKET_EXPIRED', ran: 'unknown' });
    expect([...(await allRunsOf(worker)).keys()].sort()).toEqual(['late', 'running']);
  },
  LIMIT_MS,
);

test(
  'a handler hands over on behalf of its caller, and it stays when the caller has gone',
  async () => {
    const where = await place();
    await startBroker({ ...where });
    const worker = await startWorker({ brokers: [where.bind] });
    const client = await startClient(where.bind);
    const id = await client.call<string>('lab.handsOver', { id: 'inner' });
    await client.close();
    await worker.hear('run', (line) => line['id'] === 'inner');
    worker.tell({ open: 'inner' });
    expect(await (await startClient(where.bind)).ticket(id).result()).toMatchObject({ id: 'inner' });
  },
  LIMIT_MS,
);

test(
  'where nothing is stored a submission is refused, and a client that knows two brokers finds the one that does',
  async () => {
    const [volatile, where] = [await freeEndpoint(), await place()];
    await startBroker({ bind: volatile });
    const alone = await startClient(volatile);
    await expect(alone.submit('lab.echo', { id: 'a' })).rejects.toMatchObject({ code: 'UNSUPPORTED', ran: 'no' });
    await startBroker({ ...where });
    const both = await startClient(volatile, where.bind);
    await until('both are there', () => both.status().brokers.every(({ state }) => state === 'connected'));
    const { id } = await both.submit('lab.echo', { id: 'a' });
    await startWorker({ brokers: [where.bind] });
    expect(await both.ticket(id).result()).toMatchObject({ id: 'a' });
    await expect(alone.ticket(id).status()).rejects.toMatchObject({ code: 'TICKET_UNKNOWN' });
    expect(() => both.ticket('nonsense')).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  },
  LIMIT_MS,
);

const IN_FLIGHT = 50;
const KILLS = 4;

test(
  'W50: with a broker that is killed again and again, whatever a client holds a ticket for is done, with its own answer',
  async () => {
    const where = await place();
    let broker = await startBroker({ ...where });
    const worker = await startWorker({ brokers: [where.bind], concurrency: 20 });
    const client = await startClient(where.bind);
    const submissions = new Submissions({ client, address: 'lab.work', inFlight: IN_FLIGHT });
    const { tickets } = submissions;
    for (let kill = 0; kill < KILLS; kill++) {
      const before = tickets.size;
      await until('more are handed over', () => tickets.size > before + 4 * IN_FLIGHT);
      await delay(10 * kill);
      broker = await restart(broker, where);
    }
    await submissions.end();
    expect(new Set([...tickets.values()].map(({ id }) => id)).size).toBe(tickets.size);
    expect(await submissions.answered()).toEqual([...tickets.keys()]);
    const runs = await allRunsOf(worker);
    const twice = [...runs.values()].filter((count) => count > 1).length;
    expect([...tickets.keys()].filter((id) => !runs.has(id))).toEqual([]);
    keepFigures('submit-broker-kill', { tickets: tickets.size, kills: KILLS, runTwice: twice });
  },
  LIMIT_MS,
);
