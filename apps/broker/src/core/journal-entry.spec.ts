// Entries come back as they were; what is damaged is a value that says so.

import { Kind, NO_BYTES, type ErrorReply, type Final } from '@majordomo/protocol';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, type Entry } from './journal-entry.js';

const number = fc.nat(Number.MAX_SAFE_INTEGER);
const text = fc.string({ maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 1_500 }).map((array) => Buffer.from(array));
const base = {
  ticket: number,
  service: text,
  method: text,
  key: text,
  submitter: number,
  ref: number,
  acceptedAt: number,
};
const final: fc.Arbitrary<Final> = fc.record({
  kind: fc.constant(Kind.final),
  ref: fc.constant(0),
  end: fc.constant(false),
  count: fc.nat(10),
  headers: bytes,
  body: bytes,
});
const error: fc.Arbitrary<ErrorReply> = fc.record({
  kind: fc.constant(Kind.error),
  ref: fc.constant(0),
  code: fc.constantFrom('HANDLER_FAILED' as const, 'TICKET_EXPIRED' as const),
  ran: fc.constantFrom('no' as const, 'yes' as const, 'unknown' as const),
  stage: fc.constantFrom('queued' as const, 'running' as const),
  retryAfterMs: fc.nat(1_000),
  retry: fc.constant(false),
  body: bytes,
});
const attempt = fc.record({ attempt: fc.nat(9), worker: text, instance: number, ended: text, at: number });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    state: fc.constant('collected' as const),
    ticket: number,
    collectedAt: number,
    tickets: fc.array(number, { maxLength: 20 }),
  }),
  fc.record({
    state: fc.constant('queued' as const),
    ...base,
    orderingKey: text,
    priority: fc.nat(9),
    expiresAt: number,
    notBefore: number,
    isDoubtful: fc.boolean(),
    headers: bytes,
    body: bytes,
  }),
  fc.record({
    state: fc.constant('settled' as const),
    ...base,
    digest: number,
    settledAt: number,
    keptUntil: number,
    reply: fc.oneof<fc.Arbitrary<Final | ErrorReply>[]>(final, error),
    dead: fc.option(fc.record({ history: fc.array(attempt, { maxLength: 3 }), headers: bytes, body: bytes }), {
      nil: undefined,
    }),
  }),
);

test('what is written is what is read', () => {
  fc.assert(
    fc.property(entry, (written) => {
      expect(decodeEntry(encodeEntry(written))).toEqual(written);
    }),
  );
});

test('a single flipped bit anywhere is noticed (E2)', () => {
  fc.assert(
    fc.property(entry, fc.nat(), fc.nat(7), (written, place, bit) => {
      const damaged = Buffer.from(encodeEntry(written));
      const at = place % damaged.length;
      damaged[at] = (damaged[at] as number) ^ (1 << bit);
      expect(decodeEntry(damaged)).toHaveProperty('damage');
    }),
  );
});

test('what was cut short, and any other bytes, are noticed (E2)', () => {
  fc.assert(
    fc.property(entry, fc.nat(), bytes, (written, place, other) => {
      const whole = encodeEntry(written);
      expect(decodeEntry(whole.subarray(0, place % whole.length))).toHaveProperty('damage');
      expect(decodeEntry(other)).toHaveProperty('damage');
    }),
  );
});

test('an entry of a version to come is not guessed at', () => {
  const bytesOf = Buffer.from(
    encodeEntry({
      state: 'queued',
      ticket: 1,
      service: 'a',
      method: 'b',
      key: '',
      submitter: 0,
      ref: 0,
      acceptedAt: 0,
      orderingKey: '',
      priority: 4,
      expiresAt: 1,
      notBefore: 0,
      isDoubtful: false,
      headers: NO_BYTES,
      body: NO_BYTES,
    }),
  );
  bytesOf[0] = 2;
  expect(decodeEntry(bytesOf)).toEqual({ damage: 'its version is 2, this broker knows 1' });
});
