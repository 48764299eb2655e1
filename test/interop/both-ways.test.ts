// Native peers and plain Majordomo peers of both versions on one port: each asks services of the others, and hears what they say as its own.

import { setTimeout as delay } from 'node:timers/promises';
import { HandlerError, Method, serve, Service, type WorkerHandle } from '@majordomo/worker';
import { LIMIT_MS, startClient } from '../e2e/stage.js';
import { plainClient, plainWorker, withPython, type PlainClient, type Version } from './plain-peers.js';
import { clear, stage, VERSIONS } from './stage.js';

interface Order {
  readonly sku: string;
}

@Service('orders', { codec: 'json' })
class Orders {
  @Method() create({ sku }: Order): object {
    return { sku, price: sku.length };
  }

  @Method() async *prefixes({ sku }: Order): AsyncGenerator<object> {
    for (let end = 1; end <= sku.length; end++) yield { prefix: sku.slice(0, end) };
  }

  @Method() fail({ sku }: Order): never {
    throw new HandlerError('SOLD_OUT', `no ${sku} is left`, { sku });
  }

  @Method() async *endless(): AsyncGenerator<number> {
    for (let number = 0; ; number++) yield number;
  }
}

@Service('bytes', { codec: 'raw' })
class RawBytes {
  /** One frame is a Buffer, several are a list. */
  @Method() turn(frames: Buffer | readonly Buffer[]): unknown {
    return Array.isArray(frames) ? frames.toReversed() : Buffer.from(frames as Buffer).reverse();
  }
}

let worker: WorkerHandle | undefined;

afterEach(async () => {
  await worker?.close();
  worker = undefined;
  await clear();
});

async function serveAt(endpoint: string): Promise<void> {
  worker = await serve({ brokers: [endpoint], services: [new Orders(), new RawBytes()] });
}

/** All that it says until its last word, as JSON; what stands last is the last word. */
async function parts(client: PlainClient, service: string): Promise<unknown[]> {
  const heard: unknown[] = [];
  for (;;) {
    const { kind, body, service: said } = await client.hearsAny();
    if (said !== service) throw new Error(`${String(said)} answers for ${service}`);
    heard.push(...(body as string[]).map((frame) => JSON.parse(frame) as unknown));
    if (kind !== 'partial') return heard;
  }
}

const ORDER = JSON.stringify({ sku: 'cup' });
const PREFIXES = ['c', 'cu', 'cup'].map((prefix) => ({ prefix }));

for (const version of VERSIONS) {
  const other: Version = version === 1 ? 2 : 1;

  withPython(`0.${version}, both ways`, () => {
    test(
      `a 0.${version} client is served by a 0.${other} worker, and another one by a 0.${version} worker of the same service`,
      async () => {
        const { endpoint } = await stage();
        const workers = [
          await plainWorker(endpoint, 'coffee', { version: other }),
          await plainWorker(endpoint, 'coffee', { version }),
        ];
        const clients = [await plainClient(endpoint, { version }), await plainClient(endpoint, { version })];
        await Promise.all(clients.map((client, i) => client.request('coffee', `cup ${i}`, 'sugar')));
        for (const each of workers) {
          const held = await each.request();
          await each.reply(held, ...held.body, 'done');
        }
        for (const [i, client] of clients.entries())
          expect(await client.reply('coffee')).toEqual([`cup ${i}`, 'sugar', 'done']);
      },
      LIMIT_MS,
    );

    test(
      `a 0.${version} client calls a decorated service by "service.method", in the codec of the service (M6, M9)`,
      async () => {
        const { endpoint } = await stage();
        await serveAt(endpoint);
        const client = await plainClient(endpoint, { version });
        const [reply] = await client.call('orders.create', ORDER);
        expect(JSON.parse(reply as string)).toEqual({ sku: 'cup', price: 3 });
        expect(await client.call('bytes.turn', '\x00\xff\x01')).toEqual(['\x01\xff\x00']);
        expect(await client.call('bytes.turn', 'one', '', 'three')).toEqual(['three', '', 'one']);
      },
      LIMIT_MS,
    );

    test(
      `a 0.${version} client is told of a failure by three frames that begin with a mark (M11)`,
      async () => {
        const { endpoint } = await stage();
        await serveAt(endpoint);
        const client = await plainClient(endpoint, { version });
        const said = async (service: string, body: string): Promise<unknown[]> => {
          const [mark, code, text, ...more] = await client.call(service, body);
          return [mark, code, JSON.parse(text as string), ...more];
        };
        expect(await said('orders.fail', ORDER)).toEqual([
          'MAJORDOMO-ERROR',
          'HANDLER_FAILED',
          expect.objectContaining({ ran: 'yes', details: expect.objectContaining({ code: 'SOLD_OUT' }) }),
        ]);
        expect(await said('orders.create', 'no JSON')).toEqual([
          'MAJORDOMO-ERROR',
          'UNDECODABLE',
          expect.objectContaining({ ran: 'no' }),
        ]);
      },
      LIMIT_MS,
    );

    test(
      `a native client calls a 0.${version} worker, of a name with a dot and of one without (M6, M8)`,
      async () => {
        const { endpoint } = await stage();
        await plainWorker(endpoint, 'coffee', { version, echo: true });
        await plainWorker(endpoint, 'tea.make', { version, echo: true });
        const native = await startClient(endpoint);
        expect(await native.call('coffee.call', 'latte', { codec: 'raw' })).toEqual(Buffer.from('latte'));
        const frames = [Buffer.from('green'), Buffer.alloc(0), Buffer.of(0, 255)];
        expect(await native.call('tea.make', frames, { codec: 'raw' })).toEqual(frames);
        expect(await native.call('coffee.call', { size: 'small' }, { codec: 'json' })).toEqual({ size: 'small' });
        expect(await native.call('coffee.call', { size: 1n << 40n })).toEqual({ size: 1n << 40n });
      },
      LIMIT_MS,
    );

    test(
      `a reply of a 0.${version} worker that looks like an error becomes one (M12)`,
      async () => {
        const { endpoint } = await stage();
        await plainWorker(endpoint, 'coffee', { version, echo: true });
        const client = await plainClient(endpoint, { version });
        const [mark, code] = await client.call('coffee', 'MAJORDOMO-ERROR', 'BUSY', '{}');
        expect([mark, code]).toEqual(['MAJORDOMO-ERROR', 'REPLY_UNSENDABLE']);
        const native = await startClient(endpoint);
        const frames = ['MAJORDOMO-ERROR', 'BUSY', '{}'].map((text) => Buffer.from(text));
        await expect(native.call('coffee.call', frames, { codec: 'raw' })).rejects.toMatchObject({
          code: 'REPLY_UNSENDABLE',
        });
        expect(await client.call('coffee', 'MAJORDOMO-ERROR')).toEqual(['MAJORDOMO-ERROR']);
      },
      LIMIT_MS,
    );

    test(
      `a 0.${version} client that asks for more than may wait is told BUSY at once (M13)`,
      async () => {
        const { endpoint } = await stage({ queueLengthMax: 2 });
        const client = await plainClient(endpoint, { version });
        for (const number of ['1', '2', '3']) await client.request('coffee', number);
        expect((await client.reply('coffee')).slice(0, 2)).toEqual(['MAJORDOMO-ERROR', 'BUSY']);
        await plainWorker(endpoint, 'coffee', { version, echo: true });
        expect([await client.reply('coffee'), await client.reply('coffee')]).toEqual([['1'], ['2']]);
      },
      LIMIT_MS,
    );
  });
}

withPython('side by side', () => {
  test(
    'idle peers of both protocols hear only words of their own',
    async () => {
      const { endpoint } = await stage({ heartbeatMs: 50 });
      const native = await startClient(endpoint);
      const plain = await plainClient(endpoint);
      expect(await plain.call('mmi.service', 'coffee')).toEqual(['404']);
      // Many heartbeats later.
      await delay(1_000);
      expect(await plain.call('mmi.service', 'coffee')).toEqual(['404']);
      expect(await native.call('majordomo.workers')).toEqual([]);
    },
    LIMIT_MS,
  );
});

withPython('streams, both ways', () => {
  test(
    'a 0.2 client hears the stream of a decorated service as PARTIALs and a FINAL (M10)',
    async () => {
      const { endpoint } = await stage();
      await serveAt(endpoint);
      const client = await plainClient(endpoint, { version: 2 });
      await client.request('orders.prefixes', ORDER);
      expect([
        await client.partial('orders.prefixes'),
        await client.partial('orders.prefixes'),
        await client.reply('orders.prefixes'),
      ]).toEqual(PREFIXES.map((prefix) => [JSON.stringify(prefix)]));
      // A stream of no values has a last word too.
      expect(await client.call('orders.prefixes', '{"sku":""}')).toEqual(['']);
    },
    LIMIT_MS,
  );

  test(
    'a stream of many values comes in order and whole to a 0.2 client, which has no windows',
    async () => {
      const { endpoint } = await stage();
      await serveAt(endpoint);
      const client = await plainClient(endpoint, { version: 2 });
      const sku = 'x'.repeat(500);
      await client.request('orders.prefixes', JSON.stringify({ sku }));
      const lengths = (await parts(client, 'orders.prefixes')).map(
        (part) => (part as { prefix: string }).prefix.length,
      );
      expect(lengths).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    },
    LIMIT_MS,
  );

  test(
    'a 0.1 client gets the values of a stream in one reply, a frame each, and an error when they are too many (M10)',
    async () => {
      const { endpoint } = await stage();
      await serveAt(endpoint);
      const client = await plainClient(endpoint);
      expect(await client.call('orders.prefixes', ORDER)).toEqual(PREFIXES.map((prefix) => JSON.stringify(prefix)));
      const [mark, code] = await client.call('orders.endless', '{}');
      expect([mark, code]).toEqual(['MAJORDOMO-ERROR', 'REPLY_UNSENDABLE']);
      expect(JSON.parse((await client.call('orders.create', ORDER))[0] as string)).toEqual({ sku: 'cup', price: 3 });
    },
    LIMIT_MS,
  );

  test(
    'a 0.1 client that asks before the worker is there is given a stream all the same',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      await client.request('orders.prefixes', ORDER);
      await serveAt(endpoint);
      expect(await client.reply('orders.prefixes')).toEqual(PREFIXES.map((prefix) => JSON.stringify(prefix)));
    },
    LIMIT_MS,
  );

  test(
    'PARTIALs of a 0.2 worker are a stream to a native client that asks for one, and frames of one reply to who does not (M10)',
    async () => {
      const { endpoint } = await stage();
      const plain = await plainWorker(endpoint, 'coffee', { version: 2 });
      const answer = async (): Promise<void> => {
        const held = await plain.request();
        await plain.partial(held, 'one');
        await plain.partial(held, 'two');
        await plain.reply(held, 'three');
      };
      const native = await startClient(endpoint);
      const values: unknown[] = [];
      const answered = answer();
      for await (const value of native.stream('coffee.call', 'latte', { codec: 'raw' })) values.push(value);
      await answered;
      expect(values.map(String)).toEqual(['one', 'two', 'three']);
      const called = native.call<Buffer[]>('coffee.call', 'latte', { codec: 'raw' });
      await answer();
      expect((await called).map(String)).toEqual(['one', 'two', 'three']);
      const old = await plainClient(endpoint);
      await old.request('coffee', 'latte');
      await answer();
      expect(await old.reply('coffee')).toEqual(['one', 'two', 'three']);
    },
    LIMIT_MS,
  );

  test(
    'a stream of which a 0.2 client has heard a part is not begun anew when its worker dies: it ends with an error',
    async () => {
      const { endpoint } = await stage();
      const dying = await plainWorker(endpoint, 'coffee', { version: 2 });
      const client = await plainClient(endpoint, { version: 2 });
      await client.request('coffee', 'latte');
      await dying.partial(await dying.request(), 'half');
      expect(await client.partial('coffee')).toEqual(['half']);
      await plainWorker(endpoint, 'coffee', { version: 2, echo: true });
      await dying.close();
      expect((await client.reply('coffee')).slice(0, 2)).toEqual(['MAJORDOMO-ERROR', 'WORKER_LOST']);
    },
    LIMIT_MS,
  );
});
