// The command majordomo and plain Majordomo peers: who speaks what is shown, and the door can be shut.

import { Dealer } from 'zeromq';
import { majordomo, startBrokerCommand } from '../e2e/command.js';
import { until } from '../e2e/processes.js';
import { clearStage, dataFolder, LIMIT_MS, startWorker } from '../e2e/stage.js';

const sockets: Dealer[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await clearStage();
});

function dealer(endpoint: string): Dealer {
  const socket = new Dealer({ linger: 0 });
  socket.connect(endpoint);
  sockets.push(socket);
  return socket;
}

/** The column of each worker under this title. */
function column(table: string, title: string): string[] {
  const [titles = '', ...rows] = table.trimEnd().split('\n');
  const at = titles.indexOf(title);
  return rows.map((row) => row.slice(at).split(/ {2,}/)[0] ?? '').toSorted((a, b) => a.localeCompare(b));
}

test(
  'majordomo workers shows which protocol a peer speaks, in a column of its own and as JSON',
  async () => {
    const { endpoint } = await startBrokerCommand('--mdp-heartbeat-ms', '60s');
    await startWorker({ brokers: [endpoint], name: 'native' });
    await dealer(endpoint).send(['', 'MDPW01', '\x01', 'coffee']);
    await dealer(endpoint).send(['MDPW02', '\x01', 'shop.price']);
    const list = async (...args: readonly string[]): Promise<string> =>
      (await majordomo(['workers', '--broker', endpoint, ...args])).stdout;
    await until('all three are listed', async () => (await list()).trimEnd().split('\n').length === 4);
    const table = await list();
    expect(column(table, 'PROTOCOL')).toEqual(['majordomo/1', 'MDP/0.1', 'MDP/0.2']);
    expect(table).toMatch(/\nmdp-worker-\d+ +ready .* coffee 0\/1 .* MDP\/0\.1/);
    expect(JSON.parse(await list('--json'))).toContainEqual(
      expect.objectContaining({ protocol: 'MDP/0.2', services: [{ service: 'shop', running: 0, capacity: 1 }] }),
    );
  },
  LIMIT_MS,
);

/** Answers each request with its frames, in reverse. */
async function reverse(endpoint: string, service: string): Promise<void> {
  const worker = dealer(endpoint);
  await worker.send(['', 'MDPW01', '\x01', service]);
  try {
    for await (const [, , verb, client = '', , ...body] of worker) {
      if (verb?.[0] === 2) await worker.send(['', 'MDPW01', '\x03', client, '', ...body.toReversed()]);
    }
  } catch {
    // It was closed.
  }
}

test(
  'with --codec the command speaks to a plain worker: call, submit and ticket',
  async () => {
    const { endpoint } = await startBrokerCommand('--data', dataFolder(), '--mdp-heartbeat-ms', '60s');
    void reverse(endpoint, 'coffee');
    const ask = async (...args: readonly string[]): Promise<string> =>
      (await majordomo([...args, '--broker', endpoint, '--timeout', '20s'])).stdout.trim();
    const raw = ['--codec', 'raw'];
    expect(await ask('call', 'coffee.call', '"latte"', '--wait', ...raw)).toBe('"latte"');
    expect(JSON.parse(await ask('call', 'coffee.call', '["one","two"]', ...raw, '--json'))).toEqual(['two', 'one']);
    expect(await ask('call', 'coffee.call', '{"size":2}', '--codec', 'json', '--json')).toBe('{"size":2}');
    const ticket = await ask('submit', 'coffee.call', '"tea"', ...raw);
    expect(await ask('ticket', 'result', ticket, ...raw)).toBe('"tea"');
    expect(await majordomo(['ticket', 'result', ticket, '--codec', 'json', '--broker', endpoint])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^UNDECODABLE .*--codec msgpack, json or raw/s),
    });
    expect(await majordomo(['call', 'coffee.call', '--codec', 'xml'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--codec xml: must be msgpack, json or raw'),
    });
  },
  LIMIT_MS,
);

test(
  'with --mdp off plain peers are strangers, who are told so natively, and natives are served',
  async () => {
    const { endpoint } = await startBrokerCommand('--mdp', 'off');
    await startWorker({ brokers: [endpoint], name: 'native' });
    const worker = dealer(endpoint);
    await worker.send(['', 'MDPW01', '\x01', 'coffee']);
    const [first] = await worker.receive();
    expect(first?.toString('latin1')).toMatch(/^\x9d.*NOT_NATIVE/s);
    const { stdout } = await majordomo(['workers', '--broker', endpoint]);
    expect(column(stdout, 'PROTOCOL')).toEqual(['majordomo/1']);
    const call = await majordomo(['call', 'lab.echo', '{"id":"a"}', '--broker', endpoint]);
    expect(call).toMatchObject({ code: 0, stderr: '' });
  },
  LIMIT_MS,
);
