// Whatever records a peer may write, they come back as they were, in their order.

import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../errors.js';
import { WIRE_LIMITS } from '../limits.js';
import { CANCEL_REASONS, FOREIGN, Kind, KIND_NAMES, STORED, type WireRecord } from '../records.js';
import { decodeMessage } from './decode.js';
import { encodeMessages } from './encode.js';
import { RAN, STAGES } from './layout.js';

const flag = fc.boolean();
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u53 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER));
const timeMs = fc.integer({ min: 0, max: WIRE_LIMITS.timeMaxMs });
const storedTimeMs = fc.integer({ min: 0, max: WIRE_LIMITS.storedTimeMaxMs });
const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
const ran = fc.constantFrom(...RAN);
/** Up to 255 bytes, any script, no control characters. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 80 })
  .map((each) => each.replaceAll(/\p{Cc}/gu, ''))
  .filter((each) => Buffer.byteLength(each) <= WIRE_LIMITS.nameBytesMax);
const headers = fc.uint8Array({ maxLength: 40 });
/** Mostly small; now and then around the bound at which a body becomes a frame. */
const body = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 8_190, max: 8_195 }).map((length) => new Uint8Array(length).fill(length & 0xff)),
  },
);

/** What has no bytes of its own is not among them. */
const RECORDS: {
  readonly [K in Exclude<WireRecord['kind'], typeof FOREIGN>]: fc.Arbitrary<Extract<WireRecord, { kind: K }>>;
} = {
  [Kind.hello]: fc.record({
    kind: fc.constant(Kind.hello),
    versionMin: u8,
    versionMax: u8,
    roles: u8,
    instance: u53,
    heartbeatMs: timeMs,
    silenceMaxMs: timeMs,
    messageBytesMax: u32,
    identity: text,
    software: text,
  }),
  [Kind.welcome]: fc.record({
    kind: fc.constant(Kind.welcome),
    version: u8,
    instance: u53,
    heartbeatMs: timeMs,
    silenceMaxMs: timeMs,
    messageBytesMax: u32,
    namesMax: u32,
    requestsMax: u32,
    dedupeWindowMs: timeMs,
    journal: u53,
    software: text,
  }),
  [Kind.heartbeat]: fc.record({ kind: fc.constant(Kind.heartbeat) }),
  [Kind.goodbye]: fc.record({
    kind: fc.constant(Kind.goodbye),
    code: fc.option(code, { nil: undefined }),
    reason: text,
  }),
  [Kind.drain]: fc.record({ kind: fc.constant(Kind.drain) }),
  [Kind.name]: fc.record({ kind: fc.constant(Kind.name), number: u16, service: text, method: text }),
  [Kind.request]: fc.record({
    kind: fc.constant(Kind.request),
    ref: u53,
    name: u16,
    timeLeftMs: timeMs,
    ageMs: timeMs,
    window: u32,
    received: u32,
    waitForService: flag,
    otherBrokers: fc.constantFrom('none', 'unasked', 'asked'),
    confirm: flag,
    key: text,
    headers,
    body,
  }),
  [Kind.submit]: fc.record({
    kind: fc.constant(Kind.submit),
    ref: u53,
    name: u16,
    ageMs: timeMs,
    expiresMs: storedTimeMs,
    delayMs: storedTimeMs,
    priority: fc.integer({ min: 0, max: 9 }),
    orderingKey: text,
    key: text,
    headers,
    body,
  }),
  [Kind.cancel]: fc.record({ kind: fc.constant(Kind.cancel), ref: u53, reason: fc.constantFrom(...CANCEL_REASONS) }),
  [Kind.window]: fc.record({ kind: fc.constant(Kind.window), ref: u53, received: u32, allowed: u32, rewind: flag }),
  [Kind.settled]: fc.record({ kind: fc.constant(Kind.settled), below: u53 }),
  [Kind.accepted]: fc.record({
    kind: fc.constant(Kind.accepted),
    ref: u53,
    stored: fc.constantFrom(...STORED),
    journal: u53,
    ticket: u53,
  }),
  [Kind.partial]: fc.record({ kind: fc.constant(Kind.partial), ref: u53, index: u32, isFrameList: fc.boolean(), body }),
  [Kind.progress]: fc.record({ kind: fc.constant(Kind.progress), ref: u53, body }),
  [Kind.final]: fc.record({ kind: fc.constant(Kind.final), ref: u53, end: flag, count: u32, headers, body }),
  [Kind.error]: fc.record({
    kind: fc.constant(Kind.error),
    ref: u53,
    code,
    ran,
    stage: fc.constantFrom(...STAGES),
    retryAfterMs: timeMs,
    retry: flag,
    body,
  }),
  [Kind.offer]: fc.record({
    kind: fc.constant(Kind.offer),
    service: u16,
    credit: u32,
    name: text,
    methods: fc.array(
      fc.record({ name: text, atMostOnce: flag, streams: flag, executionTimeoutMs: timeMs, maxAttempts: u16 }),
      { maxLength: 5 },
    ),
  }),
  [Kind.credit]: fc.record({ kind: fc.constant(Kind.credit), service: u16, limit: u32 }),
  [Kind.holds]: fc.record({
    kind: fc.constant(Kind.holds),
    instance: u53,
    ref: u53,
    attempt: u16,
    service: u16,
    finished: flag,
  }),
  [Kind.release]: fc.record({ kind: fc.constant(Kind.release), ref: u53, ran }),
  [Kind.dispatch]: fc.record({
    kind: fc.constant(Kind.dispatch),
    ref: u53,
    service: u16,
    method: u16,
    instance: u53,
    request: u53,
    attempt: u16,
    timeLeftMs: timeMs,
    window: u32,
    received: u32,
    headers,
    body,
  }),
  [Kind.attach]: fc.record({
    kind: fc.constant(Kind.attach),
    ref: u53,
    instance: u53,
    request: u53,
    attempt: u16,
    timeLeftMs: timeMs,
    window: u32,
    received: u32,
  }),
  [Kind.taken]: fc.record({ kind: fc.constant(Kind.taken), count: u32 }),
};

/** Records with plain arrays for bytes, so that views and buffers compare. */
function plain(records: readonly WireRecord[]): unknown[] {
  return records.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([key, value]) => [
        key,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ]),
    ),
  );
}

function throughTheWire(records: readonly WireRecord[]): WireRecord[] {
  return encodeMessages(records).flatMap((message) => {
    const decoded = decodeMessage(message);
    if (decoded.fault !== undefined) throw new Error(`${decoded.fault} at ${decoded.at}`);
    return decoded.records;
  });
}

const kinds = Object.values(Kind).map((kind) => ({ name: KIND_NAMES[kind] as string, arbitrary: RECORDS[kind] }));

test.each(kinds)('every $name comes back as it was', ({ arbitrary }) => {
  fc.assert(
    fc.property(arbitrary, (record) => {
      expect(plain(throughTheWire([record]))).toEqual(plain([record]));
    }),
  );
});

test('any records in any order come back in that order', () => {
  const anything = fc.array(fc.oneof(...kinds.map(({ arbitrary }) => arbitrary as fc.Arbitrary<WireRecord>)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(anything, (records) => {
      expect(plain(throughTheWire(records))).toEqual(plain(records));
    }),
  );
});

test('a batch cut anywhere but at a record is a fault, never a guess (W9)', () => {
  const anything = fc.array(fc.oneof(...kinds.map(({ arbitrary }) => arbitrary as fc.Arbitrary<WireRecord>)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(anything, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (records, where) => {
      const [batch, ...frames] = encodeMessages(records)[0] as Uint8Array[];
      const whole = decodeMessage([batch as Uint8Array, ...frames]);
      const cut = decodeMessage([
        (batch as Uint8Array).subarray(0, Math.floor(where * (batch as Uint8Array).length)),
        ...frames,
      ]);
      if (cut.fault !== undefined || whole.fault !== undefined) return;
      expect(plain(cut.records)).toEqual(plain(whole.records.slice(0, cut.records.length)));
      expect(cut.records.length).toBeLessThan(whole.records.length);
    }),
  );
});
