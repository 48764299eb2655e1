// Brokers on a path: one at a time, whether they come one after the other, after a kill -9, or all at once.

import { join } from 'node:path';
import { built, Program } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

afterEach(clearStage);

const BROKERS = 6;
/** How long a slow machine may take until the worker is back, in ms. */
const ABSENCE_MAX_MS = 20_000;

function launch(bind: string): Program {
  return new Program(built('test/dist/e2e/fixtures/broker.js'), { args: [JSON.stringify({ bind })] });
}

test(
  'a broker that was killed leaves its path to the next one, which its clients and workers find again',
  async () => {
    const endpoint = `ipc://${join(dataFolder(), 'broker.sock')}`;
    const first = await startBroker({ bind: endpoint, absenceMaxMs: ABSENCE_MAX_MS });
    await startWorker({ brokers: [endpoint] });
    const client = await startClient(endpoint);
    await expect(client.call('lab.echo', { id: 'before' })).resolves.toMatchObject({ id: 'before' });
    first.kill();
    await first.ended;
    await startBroker({ bind: endpoint, absenceMaxMs: ABSENCE_MAX_MS });
    const after = (await client.call('lab.echo', { id: 'after' }, { deadlineMs: LIMIT_MS / 2 })) as Answer;
    expect(after.id).toBe('after');
  },
  LIMIT_MS,
);

test(
  'of brokers that start at the same time on a path that a killed one left, one listens and the others say why they do not',
  async () => {
    const folder = dataFolder();
    const path = join(folder, 'broker.sock');
    const killed = await startBroker({ bind: `ipc://${path}` });
    killed.kill();
    await killed.ended;
    const brokers = Array.from({ length: BROKERS }, () => launch(`ipc://${path}`));
    const isReady = await Promise.all(
      brokers.map((broker) =>
        Promise.race([broker.hear('ready').then(() => true), broker.ended.then(() => false)]).catch(() => false),
      ),
    );
    expect(isReady.filter(Boolean)).toHaveLength(1);
    const refused = brokers.filter((_, at) => !isReady[at]);
    await Promise.all(refused.map((broker) => broker.ended));
    for (const broker of refused) expect(broker.errors).toContain('EADDRINUSE');
    await startClient(`ipc://${path}`);
  },
  LIMIT_MS,
);
