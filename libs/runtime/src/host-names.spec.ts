// How host names are resolved: each by itself, with a bound on what a DNS that does not answer may occupy.

import { FakeClock } from './fake/index.js';
import { endpointOf, HostNames, listeningAddress, namedHost, unresolved, type Resolvers } from './host-names.js';

const never = (): Promise<readonly string[]> => new Promise(() => undefined);

/** Names that begin with `dead` have no answer. */
function resolvers(): Resolvers & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    lookup: (host) => {
      asked.push(host);
      return host.startsWith('dead') ? never() : Promise.resolve([`address of ${host}`]);
    },
    resolve: (host) => Promise.resolve(host.startsWith('dead') ? [] : [`direct address of ${host}`]),
  };
}

/** What becomes of each name, in the order in which it is known, with the time. */
function asking(names: HostNames, clock: FakeClock, ...hosts: string[]): string[] {
  const ends: string[] = [];
  for (const host of hosts) {
    names.addressesOf(host, clock).then(
      (found) => ends.push(`${clock.now()} ${host}: ${found.join()}`),
      (error: { code: string }) => ends.push(`${clock.now()} ${host}: ${error.code}`),
    );
  }
  return ends;
}

test('names without an answer delay no other: it is found by asking DNS directly, and they are given up after 5 s', async () => {
  const clock = new FakeClock();
  const system = resolvers();
  const ends = asking(new HostNames(system), clock, 'dead1', 'dead2', 'dead3', 'fine');
  await clock.run(10_000);
  expect(ends).toEqual([
    '500 fine: direct address of fine',
    '5000 dead1: ETIMEOUT',
    '5000 dead2: ETIMEOUT',
    '5000 dead3: ETIMEOUT',
  ]);
  // Two threads are occupied, not four.
  expect(system.asked).toEqual(['dead1', 'dead2']);
});

test('a name that is asked for again while its answer is missing occupies no second thread; an answered one is asked anew', async () => {
  const clock = new FakeClock();
  const system = resolvers();
  const names = new HostNames(system);
  const ends = asking(names, clock, 'dead', 'dead', 'fine');
  await clock.run(1);
  asking(names, clock, 'fine');
  await clock.run(1);
  expect(ends).toEqual(['0 fine: address of fine']);
  expect(system.asked).toEqual(['dead', 'fine', 'fine']);
});

test.each([
  ['tcp://broker.example.org:5555', { host: 'broker.example.org', port: '5555' }],
  ['tcp://localhost:*', { host: 'localhost', port: '*' }],
  ['tcp://127.0.0.1:5555', undefined],
  ['tcp://[::1]:5555', undefined],
  ['tcp://*:5555', undefined],
  ['ipc://localhost:5555', undefined],
  ['nonsense', undefined],
])('the host name in %s', (endpoint, named) => {
  expect(namedHost(endpoint)).toEqual(named);
});

test('an IPv6 address stands in brackets', () => {
  expect([endpointOf('::1', '1'), endpointOf('10.0.0.1', '1')]).toEqual(['tcp://[::1]:1', 'tcp://10.0.0.1:1']);
});

test('where nobody listens there is no listening address', async () => {
  await expect(listeningAddress(['127.0.0.1', '127.0.0.2'], 1)).resolves.toBeUndefined();
});

test('a name that does not exist and a DNS that does not answer are told apart', () => {
  expect(unresolved('nosuch', 'ENOTFOUND')).toBe('the name nosuch does not resolve (ENOTFOUND)');
  expect(unresolved('dead', 'ETIMEOUT')).toBe('no DNS server answers for the name dead (ETIMEOUT)');
});
