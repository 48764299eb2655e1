// Both ways across on real sockets: plain peers made of nothing but ZeroMQ, beside native ones, on one port.

import { createBroker, type RunningBroker } from '@majordomo/broker';
import { connect, type Client } from '@majordomo/client';
import { encodeBody } from '@majordomo/protocol';
import { Method, serve, Service, type RequestContext, type WorkerHandle } from '@majordomo/worker';
import { Dealer, Request as Req } from 'zeromq';

const EMPTY = '';
const text = (frames: readonly Buffer[]): string[] => frames.map(String);
const ends: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

@Service('orders', { codec: 'json' })
class Orders {
  @Method()
  create({ sku }: { sku: string }, { headers }: RequestContext): object {
    return { sku, by: headers['mdp'] ?? 'native' };
  }

  @Method()
  *count(to: number): Generator<number> {
    for (let number = 1; number <= to; number++) yield number;
  }
}

@Service('bytes', { codec: 'raw' })
class Bytes {
  @Method()
  turn(frames: Buffer | Buffer[]): Buffer[] {
    return [frames].flat().toReversed();
  }
}

async function broker(options: Parameters<typeof createBroker>[0] = {}): Promise<RunningBroker> {
  const running = await createBroker({ bind: 'tcp://127.0.0.1:0', ...options });
  ends.push(() => running.close());
  return running;
}

async function native({ endpoint }: RunningBroker): Promise<Client> {
  const client = await connect({ brokers: [endpoint] });
  ends.push(() => client.close());
  return client;
}

async function services({ endpoint }: RunningBroker): Promise<WorkerHandle> {
  const worker = await serve({ brokers: [endpoint], services: [new Orders(), new Bytes()] });
  ends.push(() => worker.close());
  return worker;
}

function dealer({ endpoint }: RunningBroker): Dealer {
  const socket = new Dealer({ linger: 0 });
  socket.connect(endpoint);
  ends.push(() => socket.close());
  return socket;
}

/** Asks as the Guide's clients do: over REQ, which adds and strips the empty frame. @returns the frames behind the header. */
async function ask01({ endpoint }: RunningBroker, service: string, ...body: readonly string[]): Promise<string[]> {
  const socket = new Req({ linger: 0 });
  socket.connect(endpoint);
  await socket.send(['MDPC01', service, ...body]);
  const [header, ...reply] = text(await socket.receive());
  socket.close();
  expect(header).toBe('MDPC01');
  return reply;
}

/** A plain worker that answers every request with what `reply` makes of its body: parts, the last one final. It is there when this resolves. */
async function plainWorker(
  running: RunningBroker,
  version: 1 | 2,
  service: string,
  reply: (body: readonly Buffer[]) => readonly (readonly (string | Buffer)[])[],
): Promise<void> {
  const socket = dealer(running);
  const begin = version === 1 ? [EMPTY, 'MDPW01'] : ['MDPW02'];
  await socket.send([...begin, '\x01', service]);
  const serveAll = async (): Promise<void> => {
    for await (const frames of socket) {
      const [verb, client = Buffer.alloc(0), , ...body] = frames.slice(begin.length);
      if (verb?.[0] !== 2) continue;
      const parts = reply(body);
      for (const [i, part] of parts.entries()) {
        const final = version === 1 ? '\x03' : '\x04';
        await socket.send([...begin, i === parts.length - 1 ? final : '\x03', client, EMPTY, ...part]);
      }
    }
  };
  void serveAll();
  while ((await ask01(running, 'mmi.service', service))[1] !== '200')
    await new Promise((resolve) => setImmediate(resolve));
}

test('a 0.1 client over REQ calls a decorated service, in JSON', async () => {
  const running = await broker();
  await services(running);
  const [service, body = ''] = await ask01(running, 'orders.create', '{"sku":"é1"}');
  expect(service).toBe('orders.create');
  expect(JSON.parse(body)).toEqual({ sku: 'é1', by: '0.1' });
});

test('a native client calls the same service at the same time, in MessagePack as ever', async () => {
  const running = await broker();
  await services(running);
  const client = await native(running);
  expect(await client.call('orders.create', { sku: 'x' })).toEqual({ sku: 'x', by: 'native' });
});

test('several frames are a list at a raw service, and its list is several frames', async () => {
  const running = await broker();
  await services(running);
  expect(await ask01(running, 'bytes.turn', 'a', '', 'c')).toEqual(['bytes.turn', 'c', '', 'a']);
});

test('what the service cannot read is an error, and not a result', async () => {
  const running = await broker();
  await services(running);
  const [, mark, code, details = ''] = await ask01(running, 'orders.create', '{nonsense');
  expect([mark, code]).toEqual(['MAJORDOMO-ERROR', 'UNDECODABLE']);
  expect(JSON.parse(details)).toMatchObject({ ran: 'no', message: 'this body is not JSON in UTF-8' });
});

test.each([1, 2] as const)('a native client calls a 0.%d worker, raw and in JSON', async (version) => {
  const running = await broker();
  await plainWorker(running, version, 'coffee', (body) => [body.toReversed()]);
  await plainWorker(running, version, 'shop.price', () => [['{"price":3}']]);
  const client = await native(running);
  expect(await client.call('coffee.call', 'latte', { codec: 'raw' })).toEqual(Buffer.from('latte'));
  const large = Buffer.alloc(100_000, 7);
  expect(await client.call('coffee.call', ['a', large], { codec: 'raw' })).toEqual([large, Buffer.from('a')]);
  expect(await client.call('shop.price', { sku: 'x' }, { codec: 'json' })).toEqual({ price: 3 });
});

test.each([
  [1, 2],
  [2, 1],
] as const)(
  'RFC 7 and RFC 18, ROUTER addressing: a 0.%d client calls a 0.%d worker over one ROUTER',
  async (asking, serving) => {
    const running = await broker();
    await plainWorker(running, serving, 'coffee', (body) => [['hot', ...body]]);
    const client = dealer(running);
    await client.send(asking === 1 ? [EMPTY, 'MDPC01', 'coffee', 'a', 'b'] : ['MDPC02', '\x01', 'coffee', 'a', 'b']);
    const begin = asking === 1 ? [EMPTY, 'MDPC01'] : ['MDPC02', '\x03'];
    expect(text(await client.receive())).toEqual([...begin, 'coffee', 'hot', 'a', 'b']);
  },
);

test('a stream is PARTIALs and a FINAL for 0.2, one reply for 0.1', async () => {
  const running = await broker();
  await services(running);
  const client = dealer(running);
  await client.send(['MDPC02', '\x01', 'orders.count', '3']);
  for (const [verb, value] of [
    ['\x02', '1'],
    ['\x02', '2'],
    ['\x03', '3'],
  ] as const)
    expect(text(await client.receive())).toEqual(['MDPC02', verb, 'orders.count', value]);
  expect(await ask01(running, 'orders.count', '3')).toEqual(['orders.count', '1', '2', '3']);
});

test('parts of a 0.2 worker are a stream to a native client that asks for one', async () => {
  const running = await broker();
  await plainWorker(running, 2, 'news', () => [['1'], ['{"a":2}'], ['3']]);
  const client = await native(running);
  const values: unknown[] = [];
  for await (const value of client.stream('news.call', null, { codec: 'json' })) values.push(value);
  expect(values).toEqual([1, { a: 2 }, 3]);
  expect(await client.call('news.call', null, { codec: 'json' })).toEqual([1, { a: 2 }, 3]);
});

const packed = (value: unknown): Buffer => Buffer.from(encodeBody(value));
const LIST_ALIKE = packed([Buffer.from('1'), Buffer.from('2')]);
const NOTHING = Buffer.alloc(0);

test.each([
  [
    'raw',
    'raw',
    [Buffer.from('a'), [Buffer.from('a'), NOTHING], NOTHING, [NOTHING, NOTHING]],
    [['a'], ['a', ''], [''], ['', '']],
  ],
  [
    'raw, of frames that look like a list',
    'raw',
    [LIST_ALIKE, [LIST_ALIKE, LIST_ALIKE], LIST_ALIKE],
    [[LIST_ALIKE], [LIST_ALIKE, LIST_ALIKE], [LIST_ALIKE]],
  ],
  ['json', 'json', [1, [1, undefined], undefined, ['x', { a: 2 }]], [['1'], ['1', ''], [''], ['"x"', '{"a":2}']]],
  [
    'msgpack',
    'msgpack',
    ['a', ['a', undefined], undefined, [[1], { a: 2 }]],
    [[packed('a')], [packed('a'), ''], [''], [packed([1]), packed({ a: 2 })]],
  ],
] as const)(
  'parts of one frame, of several and of empty ones are told apart: %s',
  async (_what, codec, values, parts) => {
    const running = await broker();
    await plainWorker(running, 2, 'news', () => parts);
    const client = await native(running);
    const heard: unknown[] = [];
    for await (const value of client.stream('news.call', null, { codec })) heard.push(value);
    expect(heard).toEqual(values);
  },
);

test('majordomo.workers says which protocol each peer speaks', async () => {
  const running = await broker();
  await services(running);
  await plainWorker(running, 1, 'coffee', () => [['x']]);
  await plainWorker(running, 2, 'tea', () => [['x']]);
  const client = await native(running);
  const workers = await client.call<{ protocol: string }[]>('majordomo.workers');
  const protocols = workers.map(({ protocol }) => protocol);
  expect(protocols.toSorted((a, b) => a.localeCompare(b))).toEqual(['majordomo/1', 'MDP/0.1', 'MDP/0.2']);
});

test('with mdp off plain peers are refused as any stranger is, and natives are served', async () => {
  const events: string[] = [];
  const running = await broker({ mdp: 'off', onEvent: ({ event }) => void events.push(event) });
  await services(running);
  const client = dealer(running);
  await client.send([EMPTY, 'MDPC01', 'orders.create', '{}']);
  // GOODBYE of the native protocol: 9d is what it begins with.
  expect((await client.receive())[0]?.[0]).toBe(0x9d);
  expect(events).toContain('link.refused');
  const asked = await native(running);
  expect(await asked.call('orders.create', { sku: 'x' })).toMatchObject({ sku: 'x' });
});
