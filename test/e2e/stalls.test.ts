// Slow is not dead, and stopped is: a blocked event loop keeps its work, a process that does not run at all loses it to another.

import { keepFigures } from './figures.js';
import { freeEndpoint, until, wallClock, type Program } from './processes.js';
import {
  allRunsOf,
  clearStage,
  holderOf,
  LIMIT_MS,
  runsOf,
  startBroker,
  startClient,
  startWorker,
  type Answer,
} from './stage.js';

/** More than the time after which a process that does not answer ZMTP heartbeats is taken for dead (3 s). */
const BLOCKED_MS = 5_000;
/** That time, the interval between heartbeats, and as much for two slow cores. */
const NOTICED_MS = 6_000;

afterEach(clearStage);

test(
  'a handler that blocks the event loop for 5 s is not taken for dead and is run once, whatever else is sent to its worker meanwhile',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const start = (): Promise<Program> => startWorker({ brokers: [bind], concurrency: 4_000 });
    const workers = await Promise.all([start(), start()]);
    const client = await startClient(bind);
    const answer = client.call<Answer>('lab.block', { id: 'blocked', ms: BLOCKED_MS });
    const blocked = await holderOf('blocked', workers);
    // None of these ends before its gate is open, and the least loaded worker gets the next: half of them wait behind the handler that blocks.
    const behind: Promise<Answer>[] = [];
    const asking = setInterval(() => behind.push(client.call('lab.gate', { id: `behind-${behind.length}` })), 2);
    const answered = await answer.finally(() => clearInterval(asking));
    for (const worker of workers) worker.tell({ open: '*' });
    const answers = await Promise.all(behind);
    expect(answered).toEqual({ id: 'blocked', pid: blocked.pid, attempt: 1 });
    expect(answers.map(({ id }) => id)).toEqual(behind.map((_, i) => `behind-${i}`));
    expect(answers.filter(({ attempt }) => attempt !== 1)).toEqual([]);
    expect(answers.filter(({ pid }) => pid === blocked.pid).length).toBeGreaterThan(50);
    expect((await allRunsOf(...workers)).get('blocked')).toBe(1);
    await broker.caughtUp();
    expect(broker.all('worker.lost')).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'a stopped worker is taken for dead, another answers for it, and when it is continued it serves again and the client has seen one answer',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const [stopped, other] = await Promise.all([startWorker({ brokers: [bind] }), startWorker({ brokers: [bind] })]);
    const client = await startClient(bind);
    const answers: Answer[] = [];
    const ids = Array.from({ length: 20 }, (_, i) => `held-${i}`);
    const calls = ids.map((id) => client.call<Answer>('lab.gate', { id }).then((answer) => answers.push(answer)));
    await until('all are running', () => ids.every((id) => runsOf(stopped, other).has(id)));
    const held = [...runsOf(stopped).keys()];
    expect(held.length).toBeGreaterThan(0);

    const stoppedAt = wallClock();
    stopped.signal('SIGSTOP');
    const lost = await broker.hear('worker.lost');
    for (const id of ids) other.tell({ open: id });
    await Promise.all(calls);
    expect(answers.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(answers.filter(({ pid }) => pid !== other.pid)).toEqual([]);
    const outcomes = async () => (await client.call<{ outcomes: number }>('majordomo.info')).outcomes;
    await until('the client has said that it has them all', async () => (await outcomes()) === 0);
    stopped.signal('SIGCONT');
    // It is told to stop what others have done meanwhile, and then it serves as before.
    for (const id of held)
      await stopped.hear('aborted', (line) => line['id'] === id && line['reason'] === 'lease-lost');
    other.signal('SIGTERM');
    await other.ended;
    await broker.hear('worker.left');
    expect(await client.call('lab.echo', { id: 'again' })).toMatchObject({ pid: stopped.pid, attempt: 1 });
    expect(answers.length).toBe(ids.length);
    expect(await allRunsOf(stopped, other)).toEqual(new Map(ids.map((id) => [id, held.includes(id) ? 2 : 1])));
    keepFigures('stalls', { 'stopped to taken for dead': lost.at - stoppedAt });
    expect(lost.at - stoppedAt).toBeLessThan(NOTICED_MS);
  },
  LIMIT_MS,
);
