// Ports and host names: both families, names without an answer, and a new answer for each connection.

import { createServer } from 'node:net';
import { once } from 'node:events';
import { DealerPort, HostNames, RouterPort, SystemClock, type Port } from '@majordomo/runtime';

const PATIENCE_MS = 20_000;
const clock = new SystemClock();
const ports: Port[] = [];

afterEach(async () => {
  await Promise.all(ports.splice(0).map((port) => port.shutdown(0)));
});

/** Names of this test, and those that have no answer. */
function namesOf(known: Readonly<Record<string, readonly string[]>>): HostNames {
  const lookup = (host: string): Promise<readonly string[]> => {
    if (host === 'dead') return new Promise(() => undefined);
    const found = known[host];
    return found === undefined
      ? Promise.reject(Object.assign(new Error(host), { code: 'ENOTFOUND' }))
      : Promise.resolve(found);
  };
  return new HostNames({ lookup, resolve: () => Promise.resolve([]) });
}

interface Told {
  readonly messages: string[];
  readonly lost: { readonly link: number; readonly reason: string; readonly problem: unknown }[];
}

function started<P extends Port>(port: P): { readonly port: P; readonly told: Told } {
  const told: Told = { messages: [], lost: [] };
  ports.push(port);
  port.start({
    message: (_link, [first]) => void told.messages.push(Buffer.from(first ?? []).toString()),
    lost: (link, reason, problem) => void told.lost.push({ link, reason, problem }),
  });
  return { port, told };
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const router = (known: Readonly<Record<string, readonly string[]>> = {}) =>
  started(new RouterPort({ clock, names: namesOf(known) }));
const dealer = (known: Readonly<Record<string, readonly string[]>>) =>
  started(new DealerPort({ clock, names: namesOf(known) }));
const portOf = (endpoint: string): string => endpoint.split(':').pop() as string;

test('a name that has only an IPv6 address can be listened on and connected to', async () => {
  const broker = router({ six: ['::1'] });
  const endpoint = await broker.port.bind('tcp://six:0');
  expect(endpoint).toMatch(/^tcp:\/\/\[::1\]:\d+$/);
  const peer = dealer({ six: ['::1'] });
  peer.port.connect(1, `tcp://six:${portOf(endpoint)}`);
  peer.port.send(1, [Buffer.from('hello')]);
  await until(() => broker.told.messages.includes('hello'));
  expect(peer.told.lost).toEqual([]);
});

test.each([
  ['127.0.0.1', ['::1', '127.0.0.1']],
  ['[::1]', ['127.0.0.1', '::1']],
])('a name with both kinds of address reaches a broker that listens on %s only', async (host, addresses) => {
  const broker = router();
  const endpoint = await broker.port.bind(`tcp://${host}:0`);
  const peer = dealer({ both: addresses });
  peer.port.connect(1, `tcp://both:${portOf(endpoint)}`);
  peer.port.send(1, [Buffer.from('hello')]);
  await until(() => broker.told.messages.includes('hello'));
  expect(peer.told.lost).toEqual([]);
});

test('a link to a name waits for a broker that comes later, on whichever address', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const peer = dealer({ both: ['::1', '127.0.0.1'] });
  peer.port.connect(1, `tcp://both:${port}`);
  peer.port.send(1, [Buffer.from('early')]);
  const broker = router();
  await broker.port.bind(`tcp://127.0.0.1:${port}`);
  await until(() => broker.told.messages.includes('early'));
  expect(peer.told.lost).toEqual([]);
});

test('names without an answer hold up no other link, and end with the port', async () => {
  const broker = router();
  const endpoint = await broker.port.bind('tcp://127.0.0.1:0');
  const peer = dealer({ fine: ['127.0.0.1'] });
  peer.port.connect(1, 'tcp://dead:5555');
  peer.port.send(1, [Buffer.from('nowhere')]);
  peer.port.connect(2, `tcp://fine:${portOf(endpoint)}`);
  peer.port.send(2, [Buffer.from('hello')]);
  await until(() => broker.told.messages.includes('hello'));
  peer.port.close(1);
  peer.port.connect(3, 'tcp://dead:5555');
  await peer.port.shutdown(1_000);
  expect(peer.told.lost).toEqual([]);
});

test('a name that does not resolve is told with its reason, and each connection asks anew', async () => {
  const known: Record<string, readonly string[]> = {};
  const broker = router();
  const endpoint = await broker.port.bind('tcp://127.0.0.1:0');
  const peer = dealer(known);
  peer.port.connect(1, `tcp://moved:${portOf(endpoint)}`);
  await until(() => peer.told.lost.length > 0);
  const problem = { code: 'NO_BROKER', reason: 'the name moved does not resolve (ENOTFOUND)' };
  expect(peer.told.lost).toEqual([{ link: 1, reason: 'unreachable', problem }]);
  known['moved'] = ['127.0.0.1'];
  peer.port.connect(2, `tcp://moved:${portOf(endpoint)}`);
  peer.port.send(2, [Buffer.from('found')]);
  await until(() => broker.told.messages.includes('found'));
});

test('a broker that is to listen on a name without an address says so', async () => {
  await expect(router().port.bind('tcp://nosuch:5555')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: 'cannot listen on tcp://nosuch:5555: the name nosuch does not resolve (ENOTFOUND)',
    details: { reason: 'ENOTFOUND' },
  });
});
