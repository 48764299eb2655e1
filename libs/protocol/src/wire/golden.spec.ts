// The bytes of every kind of record, written out: other implementations of docs/protocol.md can be held against this table.
//
// A vector is one record without the two bytes that open a batch. Spaces stand between its fields.

import { readFileSync } from 'node:fs';
import { encodeErrorBody } from '../body.js';
import { Kind, KIND_NAMES, NO_BYTES, type WireRecord } from '../records.js';
import { decodeMessage } from './decode.js';
import { encodeMessages } from './encode.js';
import { BATCH_HEADER_BYTES, MAGIC, RECORD_HEADER_BYTES } from './layout.js';

const INSTANCE = 0x1a2b3c4d5e6f7a;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

interface Vector {
  readonly of: string;
  readonly hex: string;
  readonly record: WireRecord;
}

const VECTORS: readonly Vector[] = [
  {
    of: 'HELLO',
    hex: '00000024 01 00 01 02 03 001a2b3c4d5e6f7a 000003e8 00003a98 01000000 03 772d31 06 64656d6f2f31',
    record: {
      kind: Kind.hello,
      versionMin: 1,
      versionMax: 2,
      roles: 3,
      instance: INSTANCE,
      heartbeatMs: 1_000,
      silenceMaxMs: 15_000,
      messageBytesMax: 16_777_216,
      identity: 'w-1',
      software: 'demo/1',
    },
  },
  {
    of: 'WELCOME',
    hex: '0000003c 02 00 01 0000102030405060 000003e8 00003a98 01000000 00001000 00030d40 000927c0 0000000000000a0b 10 6d616a6f72646f6d6f2d62726f6b6572',
    record: {
      kind: Kind.welcome,
      version: 1,
      instance: 0x102030405060,
      heartbeatMs: 1_000,
      silenceMaxMs: 15_000,
      messageBytesMax: 16_777_216,
      namesMax: 4_096,
      requestsMax: 200_000,
      dedupeWindowMs: 600_000,
      journal: 0x0a0b,
      software: 'majordomo-broker',
    },
  },
  { of: 'HEARTBEAT', hex: '00000002 05 00', record: { kind: Kind.heartbeat } },
  { of: 'GOODBYE, ordinary', hex: '00000004 06 00 0000', record: { kind: Kind.goodbye, code: undefined, reason: '' } },
  {
    of: 'GOODBYE with a reason',
    hex: '00000006 06 00 0015 c3a9',
    record: { kind: Kind.goodbye, code: 'PROTOCOL_ERROR', reason: 'é' },
  },
  { of: 'DRAIN', hex: '00000002 07 00', record: { kind: Kind.drain } },
  {
    of: 'NAME',
    hex: '00000012 10 00 0102 06 6f7264657273 06 637265617465',
    record: { kind: Kind.name, number: 258, service: 'orders', method: 'create' },
  },
  {
    of: 'REQUEST, the smallest',
    hex: '00000021 11 00 0000000000000001 0000 00007530 00000000 00000000 00000000 00 00000000',
    record: {
      kind: Kind.request,
      ref: 1,
      name: 0,
      timeLeftMs: 30_000,
      ageMs: 0,
      window: 0,
      received: 0,
      waitForService: false,
      otherBrokers: 'none',
      confirm: false,
      key: '',
      headers: NO_BYTES,
      body: NO_BYTES,
    },
  },
  {
    of: 'REQUEST with everything',
    hex: '00000028 11 0b 0000000000000007 0102 00007530 00000001 00000040 00000005 02 6b31 00000004 81a16101 c0',
    record: {
      kind: Kind.request,
      ref: 7,
      name: 258,
      timeLeftMs: 30_000,
      ageMs: 1,
      window: 64,
      received: 5,
      waitForService: true,
      otherBrokers: 'asked',
      confirm: true,
      key: 'k1',
      headers: bytes(0x81, 0xa1, 0x61, 0x01),
      body: bytes(0xc0),
    },
  },
  {
    of: 'SUBMIT',
    hex: '00000030 15 00 0000000000000007 0102 00000001 000000000036ee80 0000000000000064 09 02 6f31 02 6b31 00000004 81a16101 c0',
    record: {
      kind: Kind.submit,
      ref: 7,
      name: 258,
      ageMs: 1,
      expiresMs: 3_600_000,
      delayMs: 100,
      priority: 9,
      orderingKey: 'o1',
      key: 'k1',
      headers: bytes(0x81, 0xa1, 0x61, 0x01),
      body: bytes(0xc0),
    },
  },
  {
    of: 'CANCEL',
    hex: '0000000b 12 00 0000000000000007 01',
    record: { kind: Kind.cancel, ref: 7, reason: 'deadline' },
  },
  {
    of: 'WINDOW',
    hex: '00000012 13 01 0000000000000007 00000020 00000060',
    record: { kind: Kind.window, ref: 7, received: 32, allowed: 96, rewind: true },
  },
  { of: 'SETTLED', hex: '0000000a 14 00 0000000000000008', record: { kind: Kind.settled, below: 8 } },
  {
    of: 'ACCEPTED',
    hex: '0000001b 18 00 0000000000000007 01 0000000000000a0b 0000000000000102',
    record: { kind: Kind.accepted, ref: 7, stored: 'disk', journal: 0x0a0b, ticket: 258 },
  },
  {
    of: 'PARTIAL',
    hex: '0000000f 19 00 0000000000000007 00000003 2a',
    record: { kind: Kind.partial, ref: 7, index: 3, isFrameList: false, body: bytes(0x2a) },
  },
  {
    of: 'PARTIAL with a list of frames',
    hex: '00000014 19 01 0000000000000007 00000003 92 c4012a c400',
    record: {
      kind: Kind.partial,
      ref: 7,
      index: 3,
      isFrameList: true,
      body: bytes(0x92, 0xc4, 0x01, 0x2a, 0xc4, 0x00),
    },
  },
  {
    of: 'PROGRESS',
    hex: '0000000b 1a 00 0000000000000007 32',
    record: { kind: Kind.progress, ref: 7, body: bytes(0x32) },
  },
  {
    of: 'FINAL with a value',
    hex: '00000015 1b 00 0000000000000007 00000000 00000000 a26f6b',
    record: { kind: Kind.final, ref: 7, end: false, count: 0, headers: NO_BYTES, body: bytes(0xa2, 0x6f, 0x6b) },
  },
  {
    of: 'FINAL at the end of a stream',
    hex: '00000013 1b 01 0000000000000007 00000004 00000001 80',
    record: { kind: Kind.final, ref: 7, end: true, count: 4, headers: bytes(0x80), body: NO_BYTES },
  },
  {
    of: 'ERROR of a broker',
    hex: '00000020 1c 00 0000000000000007 0005 00 01 000000fa 81a76d657373616765a466756c6c',
    record: {
      kind: Kind.error,
      ref: 7,
      code: 'BUSY',
      ran: 'no',
      stage: 'queued',
      retryAfterMs: 250,
      retry: false,
      body: encodeErrorBody({ message: 'full' }),
    },
  },
  {
    of: 'ERROR of a worker that may be tried again',
    hex: '00000012 1c 01 0000000000000007 0001 01 03 000003e8',
    record: {
      kind: Kind.error,
      ref: 7,
      code: 'HANDLER_FAILED',
      ran: 'yes',
      stage: 'running',
      retryAfterMs: 1_000,
      retry: true,
      body: NO_BYTES,
    },
  },
  {
    of: 'OFFER',
    hex: '0000002c 20 00 0001 00000000 0002 06 6f7264657273 00 00000000 0000 06 637265617465 03 000007d0 0003 05 7761746368',
    record: {
      kind: Kind.offer,
      service: 1,
      credit: 0,
      name: 'orders',
      methods: [
        { name: 'create', atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0 },
        { name: 'watch', atMostOnce: true, streams: true, executionTimeoutMs: 2_000, maxAttempts: 3 },
      ],
    },
  },
  { of: 'CREDIT', hex: '00000008 21 00 0001 00000010', record: { kind: Kind.credit, service: 1, limit: 16 } },
  {
    of: 'HOLDS',
    hex: '00000016 22 01 001a2b3c4d5e6f7a 0000000000000007 0002 0001',
    record: { kind: Kind.holds, instance: INSTANCE, ref: 7, attempt: 2, service: 1, finished: true },
  },
  { of: 'RELEASE', hex: '0000000b 23 00 0000000000000009 02', record: { kind: Kind.release, ref: 9, ran: 'unknown' } },
  {
    of: 'DISPATCH',
    hex: '00000032 28 00 0000000000000009 0001 0001 001a2b3c4d5e6f7a 0000000000000007 0002 00007148 00000040 00000005 00000001 80 c0',
    record: {
      kind: Kind.dispatch,
      ref: 9,
      service: 1,
      method: 1,
      instance: INSTANCE,
      request: 7,
      attempt: 2,
      timeLeftMs: 29_000,
      window: 64,
      received: 5,
      headers: bytes(0x80),
      body: bytes(0xc0),
    },
  },
  {
    of: 'ATTACH',
    hex: '00000028 29 00 000000000000000a 001a2b3c4d5e6f7a 0000000000000007 0002 00006d60 00000040 00000005',
    record: {
      kind: Kind.attach,
      ref: 10,
      instance: INSTANCE,
      request: 7,
      attempt: 2,
      timeLeftMs: 28_000,
      window: 64,
      received: 5,
    },
  },
  { of: 'TAKEN', hex: '00000006 2a 00 0000000c', record: { kind: Kind.taken, count: 12 } },
];

const BATCH_OPENING = '9d01';

/** Bodies and headers come back as views of the message: what they hold is what counts. */
function plain(record: WireRecord): unknown {
  const shown = ([key, value]: [string, unknown]): [string, unknown] => [
    key,
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  ];
  return Object.fromEntries(Object.entries(record).map(shown));
}

/** The same record with nothing in it that may be empty. */
function emptied(record: WireRecord): WireRecord {
  const emptyOf = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return NO_BYTES;
    return Array.isArray(value) ? [] : value;
  };
  const texts = new Set(['identity', 'software', 'reason', 'service', 'method', 'key', 'orderingKey', 'name']);
  const entries = Object.entries(record).map(([key, value]) => [
    key,
    texts.has(key) && typeof value === 'string' ? '' : emptyOf(value),
  ]);
  return Object.fromEntries(entries) as WireRecord;
}

describe('every record has its bytes (W4, W5)', () => {
  test.each(VECTORS)('$of is written as specified', ({ hex, record }) => {
    const [message, ...more] = encodeMessages([record]);
    expect(more).toEqual([]);
    expect(message).toHaveLength(1);
    expect(Buffer.from(message?.[0] as Uint8Array).toString('hex')).toBe(BATCH_OPENING + fromHex(hex).toString('hex'));
  });

  test.each(VECTORS)('$of is read as specified', ({ hex, record }) => {
    const decoded = decodeMessage([fromHex(BATCH_OPENING + hex)]);
    expect(decoded.fault).toBeUndefined();
    expect((decoded as { records: WireRecord[] }).records.map(plain)).toEqual([plain(record)]);
  });

  test('no kind is without a vector', () => {
    const shown = new Set(VECTORS.map(({ record }) => record.kind));
    expect(Object.values(Kind).filter((kind) => !shown.has(kind))).toEqual([]);
  });

  test('a batch opens with 9d and the version', () => {
    expect(MAGIC).toBe(0x9d);
    expect(BATCH_OPENING.length / 2).toBe(BATCH_HEADER_BYTES);
  });

  test('all vectors in one batch are read in their order', () => {
    const decoded = decodeMessage([fromHex(BATCH_OPENING + VECTORS.map(({ hex }) => hex).join(''))]);
    expect((decoded as { records: WireRecord[] }).records.map(({ kind }) => kind)).toEqual(
      VECTORS.map(({ record }) => record.kind),
    );
  });
});

describe('docs/protocol.md shows the real bytes', () => {
  const text = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8');

  // A worked example is a block `hex NAME` of one message; the text after `;` on a line says what the bytes are.
  const examples = [...text.matchAll(/^```hex ([A-Z]+)[^\n]*\n([^`]*)```/gm)].map(([, name = '', block = '']) => ({
    name,
    message: fromHex(block.replaceAll(/;.*$/gm, '')),
  }));

  test('the worked example goes from HELLO to FINAL', () => {
    expect(examples.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['HELLO', 'WELCOME', 'OFFER', 'CREDIT', 'DISPATCH', 'FINAL', 'TAKEN']),
    );
  });

  test.each(examples)(
    'the example of $name is one such record, and is written back byte for byte',
    ({ name, message }) => {
      const decoded = decodeMessage([message]);
      expect(decoded.fault).toBeUndefined();
      const { records } = decoded as { records: WireRecord[] };
      expect(records.map(({ kind }) => KIND_NAMES[kind])).toEqual([name]);
      expect(Buffer.from(encodeMessages(records)[0]?.[0] as Uint8Array)).toEqual(message);
    },
  );

  const rows = [...text.matchAll(/^\| `([A-Z]+)` +\| (\d+) +\| (\d+) +\|/gm)].map(
    ([, name = '', number, smallest]) => ({
      name,
      number: Number(number),
      smallest: Number(smallest),
    }),
  );

  test('the table of kinds names every kind and its number', () => {
    expect(Object.fromEntries(rows.map(({ name, number }) => [number, name]))).toEqual(KIND_NAMES);
  });

  test.each(rows)('the smallest $name takes the $smallest bytes that the table says', ({ number, smallest }) => {
    const { record } = VECTORS.find((vector) => vector.record.kind === number) as Vector;
    const batch = encodeMessages([emptied(record)])[0]?.[0] as Uint8Array;
    expect(batch.length - BATCH_HEADER_BYTES).toBe(smallest);
    expect(smallest).toBeGreaterThanOrEqual(RECORD_HEADER_BYTES);
  });
});
