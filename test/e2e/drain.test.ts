// Leaving in peace: a worker or a broker that is told to end finishes what it has, and nothing is lost while others go on.

import { Load } from './load.js';
import { built, freeEndpoint, Program, until } from './processes.js';
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
