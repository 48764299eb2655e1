// Slow is not dead, and stopped is: a blocked event loop keeps its work, a process that does not run at all loses it to another.

import { keepFigures } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until } from './processes.js';
import { clearStage, LIMIT_MS, runsOf, startBroker, startClient, startWorker, type Answer } from './stage.js';

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
    const blocked = await startWorker({ brokers: [bind], concurrency: 4_000 });
    const client = await startClient(bind);
    const answer = client.call<Answer>('lab.block', { id: 'blocked', ms: BLOCKED_MS });
    await blocked.hear('run');
    const other = await startWorker({ brokers: [bind], concurrency: 4_000 });
    // The least loaded worker gets the next one, so that half of these wait behind the handler that blocks.
    let isOver = false;
    const behind: Promise<Answer>[] = [];
    const asking = (async () => {
      for (let i = 0; !isOver; i++) {
        behind.push(client.call<Answer>('lab.echo', { id: `behind-${i}` }));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    expect(await answer).toEqual({ id: 'blocked', pid: blocked.pid, attempt: 1 });
    isOver = true;
    await asking;
    const answers = await Promise.all(behind);
    expect(answers.map(({ id }) => id)).toEqual(behind.map((_, i) => `behind-${i}`));
    expect(answers.filter(({ attempt }) => attempt !== 1)).toEqual([]);
    expect(answers.filter(({ pid }) => pid === blocked.pid).length).toBeGreaterThan(300);
    expect(runsOf(blocked, other).get('blocked')).toBe(1);
    expect(broker.all('worker.lost')).toEqual([]);
  },
  LIMIT_MS,
);
