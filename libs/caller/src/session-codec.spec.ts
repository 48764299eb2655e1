// Native clients that speak to plain Majordomo workers: the option `codec` of a call says what the bytes are (docs/mdp.md M9).

import {
  decodeBody,
  encodeBody,
  Kind,
  NO_BYTES,
  type Request,
  type Submit,
  type WireRecord,
} from '@majordomo/protocol';
import { CALLER_LIMITS, RETRY_BUDGET } from './core/limits.js';
import { openCaller } from './open.js';
import { endOf, PlayedBroker, type Play } from './played-broker.js';
import type { CallerSession } from './session.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function connected(play: Play, journal?: number): Promise<{ broker: PlayedBroker; session: CallerSession }> {
  const broker = await PlayedBroker.open(play, undefined, journal);
  const session = openCaller({
    brokers: [broker.endpoint],
    identity: 'spec',
    software: 'spec',
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1_000_000,
    deadlineMs: 10_000,
    inFlightMax: CALLER_LIMITS.inFlightMax,
    retryBudget: RETRY_BUDGET,
  });
  open.push(session, broker);
  await session.open(5_000);
  return { broker, session };
}

const isAsked = (record: WireRecord): record is Request | Submit =>
  record.kind === Kind.request || record.kind === Kind.submit;
/** Frames as they come from a plain worker: several are a list, and the headers say how many. */
const framed = (...frames: readonly Buffer[]): { headers: Uint8Array; body: Uint8Array } =>
  frames.length === 1
    ? { headers: NO_BYTES, body: frames[0] as Buffer }
    : { headers: encodeBody({ frames: frames.length }), body: encodeBody(frames) };
const final = (ref: number, ...frames: readonly Buffer[]): WireRecord => ({
  kind: Kind.final,
  ref,
  end: false,
  count: 0,
  ...framed(...frames),
});
const partial = (ref: number, index: number, body: string | Uint8Array, isFrameList = false): WireRecord => ({
  kind: Kind.partial,
  ref,
  index,
  isFrameList,
  body: Buffer.from(body),
});
/** Answers every request with these frames. */
const answering =
  (...frames: readonly Buffer[]): Play =>
  (record) =>
    isAsked(record) ? [final(record.ref, ...frames)] : [];
const echo: Play = (record) =>
  isAsked(record)
    ? [{ ...final(record.ref, Buffer.alloc(0)), headers: record.headers, body: record.body } as WireRecord]
    : [];

function asked(broker: PlayedBroker): { headers: unknown; body: string }[] {
  return broker.heard
    .filter(isAsked)
    .map(({ headers, body }) => ({ headers: decodeBody(headers), body: Buffer.from(body).toString('latin1') }));
}

test('a call in JSON is asked and answered in JSON', async () => {
  const { broker, session } = await connected(answering(Buffer.from('{"hot":true}')));
  expect(await session.call('coffee.call', { kind: 'latte' }, { codec: 'json' })).toEqual({ hot: true });
  expect(asked(broker)).toEqual([{ headers: undefined, body: '{"kind":"latte"}' }]);
});

test('a raw call is the bytes themselves, and gives bytes', async () => {
  const { broker, session } = await connected(answering(Buffer.from([0, 255])));
  expect(await session.call('coffee.call', 'latte', { codec: 'raw' })).toEqual(Buffer.from([0, 255]));
  expect(asked(broker)).toEqual([{ headers: undefined, body: 'latte' }]);
});

test('several raw frames go and come as a list; headers and trace travel beside their number', async () => {
  const { broker, session } = await connected(echo);
  const frames = [Buffer.from('a'), Buffer.from('b')];
  const options = { codec: 'raw', headers: { tenant: 'x' } } as const;
  expect(await session.call('coffee.call', ['a', Buffer.from('b')], options)).toEqual(frames);
  expect(asked(broker)[0]?.headers).toEqual({ tenant: 'x', frames: 2 });
  const scoped = session.scoped({ headers: { traceparent: '00-1' } });
  expect(await scoped.call('coffee.call', frames, { codec: 'raw' })).toEqual(frames);
  expect(asked(broker)[1]?.headers).toEqual({ traceparent: '00-1', frames: 2 });
});

test('without a codec it is MessagePack; several frames are a list of what each says', async () => {
  const { session } = await connected(answering(Buffer.from(encodeBody('one')), Buffer.from(encodeBody(2))));
  expect(await session.call('coffee.call', 'latte')).toEqual(['one', 2]);
});

test('a reply that is not what the codec says rejects as UNDECODABLE', async () => {
  const { session } = await connected(answering(Buffer.from('latte')));
  await expect(session.call('coffee.call')).rejects.toMatchObject({ code: 'UNDECODABLE' });
  await expect(session.call('coffee.call', null, { codec: 'json' })).rejects.toMatchObject({ code: 'UNDECODABLE' });
});

test('what the codec has no bytes for rejects before anything is asked', async () => {
  const { broker, session } = await connected(echo);
  await expect(session.call('coffee.call', 7, { codec: 'raw' })).rejects.toMatchObject({ code: 'UNENCODABLE' });
  expect(asked(broker)).toEqual([]);
});

test('each value of a stream is read in the codec', async () => {
  const play: Play = (record) =>
    isAsked(record) ? [partial(record.ref, 0, '{"a":1}'), partial(record.ref, 1, '2'), endOf(record, 2)] : [];
  const { session } = await connected(play);
  const values: unknown[] = [];
  for await (const value of session.stream('coffee.call', [1], { codec: 'json' })) values.push(value);
  expect(values).toEqual([{ a: 1 }, 2]);
});

const LIST = encodeBody([Buffer.from('{"a":1}'), Buffer.from(''), Buffer.from(encodeBody(2))]);

test('a value of a stream is a list of frames when its record says so, and only then', async () => {
  const play: Play = (record) =>
    isAsked(record) ? [partial(record.ref, 0, LIST), partial(record.ref, 1, LIST, true), endOf(record, 2)] : [];
  const { session } = await connected(play);
  const frames = [Buffer.from('{"a":1}'), Buffer.alloc(0), Buffer.from(encodeBody(2))];
  const values: unknown[] = [];
  for await (const value of session.stream('coffee.call', [], { codec: 'raw' })) values.push(value);
  expect(values).toEqual([Buffer.from(LIST), frames]);
  const decoded = session.stream('coffee.call', []);
  expect(await decoded.next()).toEqual({ done: false, value: frames });
  await expect(decoded.next()).rejects.toMatchObject({ code: 'UNDECODABLE' });
});

test('a value that is said to be a list of frames, and is none, ends its stream as UNDECODABLE', async () => {
  const play: Play = (record) => (isAsked(record) ? [partial(record.ref, 0, encodeBody(['a']), true)] : []);
  const { broker, session } = await connected(play);
  const stream = session.stream('coffee.call', [], { codec: 'raw' });
  await expect(stream.next()).rejects.toMatchObject({ code: 'UNDECODABLE' });
  await broker.hears(Kind.cancel);
});

test('one value of several frames, asked for as a stream, is a stream of that list', async () => {
  const { session } = await connected(answering(Buffer.from('a'), Buffer.from('b')));
  const values: unknown[] = [];
  for await (const value of session.stream('coffee.call', 'x', { codec: 'raw' })) values.push(value);
  expect(values).toEqual([[Buffer.from('a'), Buffer.from('b')]]);
});

test('a result is not waited for with an option that is none', async () => {
  const { broker, session } = await connected(echo, 5);
  const ticket = session.ticket('00000000000005-1');
  await expect(ticket.result({ deadlineMs: 5 } as object)).rejects.toThrow(/deadlineMs/);
  await expect(ticket.result({ signal: 'soon' } as object)).rejects.toThrow(/signal/);
  expect(asked(broker)).toEqual([]);
});

test('questions about tickets use the number of their address again', async () => {
  const { broker, session } = await connected(echo, 5);
  for (let i = 0; i < 3; i++) await session.ticket('00000000000005-1').status();
  expect(broker.heard.filter(({ kind }) => kind === Kind.name)).toHaveLength(1);
});

test('a ticket is handed over in the codec, and its result read in it', async () => {
  const play: Play = (record) => {
    if (record.kind === Kind.submit)
      return [{ kind: Kind.accepted, ref: record.ref, stored: 'disk', journal: 5, ticket: 9 }];
    return record.kind === Kind.request ? [final(record.ref, Buffer.from('[1]'))] : [];
  };
  const { broker, session } = await connected(play, 5);
  const ticket = await session.submit('coffee.call', { a: 1 }, { codec: 'json' });
  expect(asked(broker)[0]?.body).toBe('{"a":1}');
  expect(await ticket.result({ codec: 'json' })).toEqual([1]);
  await expect(ticket.result()).rejects.toMatchObject({ code: 'UNDECODABLE' });
  await expect(ticket.result({ codec: 'xml' as 'json' })).rejects.toThrow(/codec must be msgpack, json or raw/);
});

test.each([
  [{ codec: 'xml' }, /codec must be msgpack, json or raw/],
  [{ headers: { mdp: '0.1' } }, /headers must not have "mdp": that name is the broker's own/],
  [{ headers: { frames: 2 } }, /headers must not have "frames"/],
  [{ headers: new Map([['tenant', 'x']]) }, /headers must be a plain object/],
  [{ headers: new Headers({ tenant: 'x' }) }, /headers must be a plain object/],
])('%p is refused', async (options, problem) => {
  const { broker, session } = await connected(echo);
  await expect(session.call('coffee.call', 1, options as object)).rejects.toThrow(problem);
  await expect(session.submit('coffee.call', 1, options as object)).rejects.toThrow(problem);
  expect(() => session.stream('coffee.call', 1, options as object)).toThrow(problem);
  expect(asked(broker)).toEqual([]);
});

test('an argument, header or key that cannot be sent rejects with where it is, and nobody is asked', async () => {
  const { broker, session } = await connected(echo);
  const at = (path: string): unknown => expect.objectContaining({ code: 'UNENCODABLE', ran: 'no', details: { path } });
  await expect(session.call('a.b', { values: [1, { when: new Date(NaN) }] })).rejects.toEqual(at('.values[1].when'));
  await expect(session.call('a.b', 1, { headers: { tenant: 'a\ud83d' } })).rejects.toEqual(at('.tenant'));
  await expect(session.submit('a.b', { f: () => 1 })).rejects.toEqual(at('.f'));
  expect(() => session.stream('a.b', [/x/])).toThrow(expect.objectContaining({ details: { path: '[0]' } }));
  for (const idempotencyKey of ['a\ud83d', 'a\ud83e']) {
    await expect(session.call('a.b', 1, { idempotencyKey })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  }
  expect(asked(broker)).toEqual([]);
});
