// How records become messages: what is inline and what is a frame, when a message is full, and that what leaves stays as it is.

import { WIRE_LIMITS } from '../limits.js';
import { HEARTBEAT, Kind, NO_BYTES, type Final, type Progress, type Request, type WireRecord } from '../records.js';
import { decodeMessage } from './decode.js';
import { encodeMessages, type Message } from './encode.js';

const KIB = 1024;
const progress = (bodyBytes: number, ref = 1): Progress => ({
  kind: Kind.progress,
  ref,
  body: new Uint8Array(bodyBytes).fill(ref),
});
const bytesOf = (message: Message): number => message.reduce((sum, frame) => sum + frame.length, 0);

function decodeAll(messages: readonly Message[]): WireRecord[] {
  return messages.flatMap((message) => {
    const decoded = decodeMessage(message);
    if (decoded.fault !== undefined) throw new Error(`${decoded.fault} at ${decoded.at}`);
    return decoded.records;
  });
}

describe('bodies', () => {
  test('a body of 8 KiB travels inside the batch', () => {
    expect(encodeMessages([progress(8 * KIB)])).toEqual([[expect.objectContaining({ length: 2 + 6 + 8 + 8 * KIB })]]);
  });

  test('a body of one byte more is a frame of its own, and is the very array that the record holds', () => {
    const record = progress(8 * KIB + 1);
    const [message] = encodeMessages([record]);
    expect(message).toHaveLength(2);
    expect(message?.[1]).toBe(record.body);
    expect(message?.[0]).toHaveLength(2 + 6 + 8);
  });

  test('large and small bodies in one batch find their records again (W8)', () => {
    const records = [progress(3, 1), progress(9 * KIB, 2), progress(0, 3), progress(10 * KIB, 4), progress(5, 5)];
    const messages = encodeMessages(records);
    expect(messages).toHaveLength(1);
    const bodies = decodeAll(messages).map((record) => (record as Progress).body);
    expect(bodies.map((body) => [body.length, body[0]])).toEqual([
      [3, 1],
      [9 * KIB, 2],
      [0, undefined],
      [10 * KIB, 4],
      [5, 5],
    ]);
  });

  test('what was sent does not change when the next batch is written', () => {
    const [first] = encodeMessages([progress(100, 7)]);
    const before = Buffer.from(first?.[0] as Uint8Array).toString('hex');
    encodeMessages([progress(100, 9), progress(60 * KIB, 9)]);
    expect(Buffer.from(first?.[0] as Uint8Array).toString('hex')).toBe(before);
  });

  test('a decoded body is a view of its message: nothing is copied', () => {
    const message = encodeMessages([progress(100)])[0] as Message;
    const [record] = decodeAll([message]);
    expect((record as Progress).body.buffer).toBe(message[0]?.buffer);
  });
});

describe('a full message', () => {
  test('no records are no message', () => {
    expect(encodeMessages([])).toEqual([]);
  });

  test('a batch is sealed when it passes its bound, and the next record begins another', () => {
    const sealed = WIRE_LIMITS.batchBytes;
    const refs = Array.from({ length: 400 }, (_, i) => i + 1);
    const messages = encodeMessages(refs.map((ref) => progress(KIB, ref)));
    const sizes = messages.map(bytesOf);
    expect(sizes.slice(0, -1).filter((size) => size < sealed || size >= sealed + KIB + 14 + 2)).toEqual([]);
    expect(decodeAll(messages).map((record) => (record as Progress).ref)).toEqual(refs);
  });

  test('a message is sealed when batch and frames together pass theirs', () => {
    const perMessage = Math.ceil(WIRE_LIMITS.messageSealBytes / (100 * KIB));
    const messages = encodeMessages(Array.from({ length: 3 * perMessage + 1 }, (_, i) => progress(100 * KIB, i + 1)));
    expect(messages.map((message) => message.length - 1)).toEqual([perMessage, perMessage, perMessage, 1]);
  });

  test('a message never has more body frames than a receiver takes', () => {
    const small = Array.from({ length: 600 }, (_, i) => progress(WIRE_LIMITS.bodyInlineBytes + 1, i + 1));
    for (const message of encodeMessages(small))
      expect(message.length - 1).toBeLessThanOrEqual(WIRE_LIMITS.bodyFramesMax);
    expect(decodeAll(encodeMessages(small))).toHaveLength(600);
  });

  test('a batch of the smallest records never has more of them than a receiver takes', () => {
    const messages = encodeMessages(Array.from({ length: 40_000 }, () => HEARTBEAT));
    expect(decodeAll(messages)).toHaveLength(40_000);
  });

  test('the largest body behind an almost full message still fits what a receiver takes (W11)', () => {
    const almost: Final = {
      kind: Kind.final,
      ref: 1,
      end: false,
      count: 0,
      headers: NO_BYTES,
      body: new Uint8Array(WIRE_LIMITS.messageSealBytes - KIB),
    };
    const largest: Request = {
      kind: Kind.request,
      ref: 2,
      name: 0,
      timeLeftMs: 1,
      ageMs: 0,
      window: 0,
      received: 0,
      waitForService: false,
      otherBrokers: 'none',
      confirm: false,
      key: 'k'.repeat(WIRE_LIMITS.keyBytesMax),
      headers: new Uint8Array(WIRE_LIMITS.headersBytesMax),
      body: new Uint8Array(WIRE_LIMITS.messageBytesMax),
    };
    const messages = encodeMessages([almost, largest]);
    expect(messages).toHaveLength(1);
    expect(decodeAll(messages)).toHaveLength(2);
  });
});

describe('bounds that a record may reach', () => {
  const name = 'n'.repeat(WIRE_LIMITS.nameBytesMax);

  test('names of 255 bytes, also where a character takes several', () => {
    const wide = 'é'.repeat(127);
    const records: WireRecord[] = [
      { kind: Kind.name, number: 65_535, service: name, method: name },
      { kind: Kind.name, number: 0, service: wide, method: '' },
    ];
    expect(decodeAll(encodeMessages(records))).toEqual(records);
  });

  test('an OFFER with as many methods as a service may have, each with the longest name', () => {
    const methods = Array.from({ length: WIRE_LIMITS.methodsPerServiceMax }, () => ({
      name,
      atMostOnce: true,
      streams: true,
      executionTimeoutMs: WIRE_LIMITS.timeMaxMs,
      maxAttempts: WIRE_LIMITS.attemptsMax,
    }));
    const offer: WireRecord = { kind: Kind.offer, service: 65_535, credit: 0xffff_ffff, name, methods };
    expect(decodeAll(encodeMessages([progress(8 * KIB), offer])).at(-1)).toEqual(offer);
  });

  test.each([0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER])(
    'the number %p comes through (W6)',
    (below) => {
      expect(decodeAll(encodeMessages([{ kind: Kind.settled, below }]))).toEqual([{ kind: Kind.settled, below }]);
    },
  );

  test('headers of 16 KiB', () => {
    const headers = new Uint8Array(WIRE_LIMITS.headersBytesMax).fill(1);
    const [final] = decodeAll(
      encodeMessages([{ kind: Kind.final, ref: 1, end: false, count: 0, headers, body: NO_BYTES }]),
    );
    expect((final as Final).headers).toHaveLength(WIRE_LIMITS.headersBytesMax);
  });
});
