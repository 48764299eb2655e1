// Many links in one process, and what happens when it, or the broker, runs out of file descriptors: an error that says so, and nothing hangs.

import { connect, type Socket } from 'node:net';
import { built, freeEndpoint, Program } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient } from './stage.js';

afterEach(clearStage);

/** More than half of what libzmq would hold by default: each close used to need two more. */
const CLIENTS = 600;
const DESCRIPTORS = 128;
const CONNECT_MS = 10_000;

function startCrowd(broker: string, descriptorsMax?: number): Program {
  const args = [JSON.stringify({ broker, connectTimeoutMs: CONNECT_MS })];
  return new Program(built('test/dist/e2e/fixtures/crowd.js'), { args, descriptorsMax });
}

test(
  'hundreds of clients of one process come back when their broker was killed, and close at once without a rejection',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind });
    const crowd = startCrowd(bind);
    crowd.tell({ open: CLIENTS });
    await crowd.hear('opened', ({ clients }) => clients === CLIENTS);
    broker.kill();
    await broker.ended;
    await startBroker({ bind });
    crowd.tell({ ask: true });
    await crowd.hear('asked', ({ answers }) => answers === CLIENTS);
    crowd.tell({ close: true });
    await expect(crowd.hear('closed')).resolves.toMatchObject({ rejected: 0 });
    // And the process goes on as before.
    crowd.tell({ open: 1 });
    await crowd.hear('opened', ({ clients }) => clients === 1);
  },
  LIMIT_MS,
);

test(
  'more than 1,023 clients can be in one process',
  async () => {
    const broker = await startBroker({ bind: 'tcp://127.0.0.1:0' });
    const { endpoint } = await broker.hear('ready');
    const crowd = startCrowd(String(endpoint));
    crowd.tell({ open: 1_100 });
    await crowd.hear('opened', ({ clients }) => clients === 1_100);
    crowd.tell({ close: true });
    await expect(crowd.hear('closed')).resolves.toMatchObject({ rejected: 0 });
  },
  LIMIT_MS,
);

test(
  'a process without descriptors says so, keeps the clients that it has, and can connect again after closing some',
  async () => {
    const broker = await startBroker({ bind: 'tcp://127.0.0.1:0' });
    const { endpoint } = await broker.hear('ready');
    const crowd = startCrowd(String(endpoint), DESCRIPTORS);
    crowd.tell({ open: DESCRIPTORS });
    const opened = await crowd.hear('opened');
    expect(opened).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(JSON.stringify(opened['details'])).toContain('no file descriptors left');
    crowd.tell({ ask: true });
    await crowd.hear('asked', ({ answers }) => answers === opened['clients']);
    crowd.tell({ close: true });
    await expect(crowd.hear('closed')).resolves.toMatchObject({ rejected: 0 });
    const from = crowd.lines.length;
    crowd.tell({ open: 5 });
    await crowd.hear('opened', ({ clients, code }) => clients === 5 && code === undefined, from);
  },
  LIMIT_MS,
);

test(
  'a broker without descriptors says so once, serves whom it has, and takes others when strangers have left',
  async () => {
    const bind = await freeEndpoint();
    const broker = new Program(built('test/dist/e2e/fixtures/broker.js'), {
      args: [JSON.stringify({ bind })],
      descriptorsMax: DESCRIPTORS,
    });
    await broker.hear('ready');
    const client = await startClient(bind);
    const strangers: Socket[] = Array.from({ length: 2 * DESCRIPTORS }, () =>
      connect(Number(new URL(bind).port), '127.0.0.1').on('error', () => undefined),
    );
    await broker.hear('descriptors.exhausted');
    await expect(client.call('majordomo.info')).resolves.toBeDefined();
    for (const stranger of strangers) stranger.destroy();
    const other = await startClient(bind);
    await expect(other.call('majordomo.info')).resolves.toBeDefined();
    expect(broker.all('descriptors.exhausted')).toHaveLength(1);
  },
  LIMIT_MS,
);

test.each(['exit', 'throw'])(
  'a thread that ends (%s) with a client open ends alone',
  async (end) => {
    const broker = await startBroker({ bind: 'tcp://127.0.0.1:0' });
    const { endpoint } = await broker.hear('ready');
    const program = new Program(built('test/dist/e2e/fixtures/client-in-thread.js'), {
      args: [JSON.stringify({ broker: endpoint, end })],
    });
    await program.hear('thread-ended', ({ code }) => code === (end === 'exit' ? 0 : 1));
    await program.caughtUp();
    expect(program.errors).not.toContain('terminate');
  },
  LIMIT_MS,
);
