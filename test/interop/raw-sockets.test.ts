// Connections that are not libzmq's, or not ZeroMQ at all: what they send or do not send disturbs nobody else.
//
// A connection that says nothing, or stops in the middle, keeps its place while the others work; these tests look at what is answered
// meanwhile, not at how fast.

import { LIMIT_MS, startClient } from '../e2e/stage.js';
import { plainClient, plainWorker, withPython } from './plain-peers.js';
import { clear, expectServing, stage } from './stage.js';
import { command, frame, GREETING, headOf, property, RawConnection, READY, SIGNATURE } from './zmtp.js';

const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await clear();
});

async function tcp(endpoint: string): Promise<RawConnection> {
  const connection = await RawConnection.open(endpoint);
  connections.push(connection);
  return connection;
}

const PARTIAL_SPEECHES: readonly (readonly [string, ...Buffer[]])[] = [
  ['nothing'],
  ['one byte of a greeting', SIGNATURE.subarray(0, 1)],
  ['half a signature', SIGNATURE.subarray(0, 5)],
  ['a signature and no version', SIGNATURE],
  ['a greeting that stops one byte early', GREETING.subarray(0, 63)],
  ['a greeting and nothing then', GREETING],
  ['a greeting of version 0', Buffer.concat([SIGNATURE, Buffer.of(0, 0), Buffer.alloc(52)])],
  ['a greeting of version 255', Buffer.concat([SIGNATURE, Buffer.of(255, 255), GREETING.subarray(12)])],
  [
    'a mechanism that nobody knows',
    Buffer.concat([SIGNATURE, Buffer.of(3, 0), Buffer.from('NONSENSE'), Buffer.alloc(44)]),
  ],
  ['zeros', Buffer.alloc(1_000)],
  ['garbage', Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 131 + 17) % 256))],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: majordomo\r\n\r\n')],
  ['a greeting and garbage for READY', GREETING, Buffer.alloc(200, 0xee)],
  ['READY of no properties', GREETING, command('READY')],
  [
    'READY with a property that is longer than the rest',
    GREETING,
    command('READY', Buffer.from('\x0bSocket-Type\x7f')),
  ],
  ['a socket type that does not fit', GREETING, command('READY', property('Socket-Type', 'PUB'))],
  ['an over-long frame', GREETING, READY, headOf((1n << 63n) - 1n)],
  ['a frame of a length below zero', GREETING, READY, headOf((1n << 64n) - 1n)],
  ['a frame of which half comes', GREETING, READY, frame('x'.repeat(100), false).subarray(0, 50)],
  [
    'a message whose last frame never comes',
    GREETING,
    READY,
    frame('', true),
    frame('MDPW01', true),
    frame('\x01', true),
  ],
  ['a message without frames of its own', GREETING, READY, frame('', false)],
  ['flags that are reserved', GREETING, READY, Buffer.of(0xf8, 1, 1)],
];

withPython('connections that are not of libzmq', () => {
  test(
    'whatever stops in the middle, by closing or by waiting, leaves the others served',
    async () => {
      const { broker, endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const client = await plainClient(endpoint);
      for (const [what, ...pieces] of PARTIAL_SPEECHES) {
        const closing = await tcp(endpoint);
        await closing.say(...pieces);
        closing.close();
        const waiting = await tcp(endpoint);
        await waiting.say(...pieces);
        expect(await client.call('coffee', what)).toEqual([what]);
      }
      // Those that wait are still there.
      await expectServing(endpoint);
      expect(broker.errors).toBe('');
    },
    LIMIT_MS,
  );

  test(
    'ZMTP written by hand is a client like any other, a byte at a time too',
    async () => {
      const { endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const client = await tcp(endpoint);
      await client.sayBytewise(GREETING);
      await client.take(GREETING.length);
      // libzmq closes a connection on which READY comes in one piece with the greeting: it has read ours when it says READY.
      expect(await client.takeFrame()).toMatchObject({ isCommand: true });
      await client.sayBytewise(READY);
      for (const drink of ['latte', 'mocha']) {
        for (const each of ['', 'MDPC01', 'coffee']) await client.sayBytewise(frame(each, true));
        await client.sayBytewise(frame(drink, false));
        expect(await client.takeMessage()).toEqual(['', 'MDPC01', 'coffee', drink]);
      }
    },
    LIMIT_MS,
  );

  test(
    '1,000 idle TCP connections, before a greeting and behind it, keep nobody from being served',
    async () => {
      const { broker, endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const plain = await plainClient(endpoint, { version: 2 });
      const native = await startClient(endpoint);
      let isOver = false;
      const answered = { plain: 0, native: 0 };
      const load = [
        (async () => {
          for (; !isOver; answered.plain++) {
            const asked = String(answered.plain);
            expect(await plain.call('coffee', asked)).toEqual([asked]);
          }
        })(),
        (async () => {
          for (; !isOver; answered.native++) {
            const asked = { number: answered.native };
            expect(await native.call('coffee.call', asked)).toEqual(asked);
          }
        })(),
      ];
      for (let lot = 0; lot < 10; lot++) {
        const idle = await Promise.all(Array.from({ length: 100 }, () => tcp(endpoint)));
        // Half of them say who they are and then nothing: a peer without a word is no link (A4).
        await Promise.all(idle.slice(0, 50).map((connection) => connection.say(GREETING, READY)));
        // The second of two was asked while the lot was there. Who stays silent is closed after some seconds.
        const { plain, native: natively } = { ...answered };
        while (answered.plain < plain + 2 || answered.native < natively + 2)
          await new Promise((resolve) => setImmediate(resolve));
      }
      const half = { ...answered };
      await expectServing(endpoint);
      while (answered.plain < half.plain + 100 || answered.native < half.native + 100)
        await new Promise((resolve) => setImmediate(resolve));
      isOver = true;
      await Promise.all(load);
      await broker.caughtUp();
      expect(broker.all('link.refused')).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'a thousand connections that come and go leave nothing behind',
    async () => {
      const { endpoint } = await stage();
      for (let lot = 0; lot < 10; lot++) {
        const some = await Promise.all(Array.from({ length: 100 }, () => tcp(endpoint)));
        await Promise.all(some.map((connection) => connection.say(GREETING)));
        await Promise.all(some.map((connection) => connection.take(GREETING.length)));
        for (const connection of some) connection.close();
      }
      await expectServing(endpoint);
      const native = await startClient(endpoint);
      const { links } = await native.call<{ links: number }>('majordomo.info');
      expect(links).toBeLessThan(10);
    },
    LIMIT_MS,
  );
});
