// Values go through bytes and come back; what cannot is refused with a code.

import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { decodeBody, decodeErrorBody, encodeBody, encodeErrorBody } from './body.js';
import { isMajordomoError } from './errors.js';
import { NO_BYTES } from './records.js';

const hex = (value: unknown): string => Buffer.from(encodeBody(value)).toString('hex');
const there = (value: unknown): unknown => decodeBody(encodeBody(value));

test('undefined is no bytes at all, and no bytes are undefined (B1)', () => {
  expect(encodeBody(undefined)).toBe(NO_BYTES);
  expect(decodeBody(NO_BYTES)).toBeUndefined();
});

test('bodies are plain MessagePack, which any library reads', () => {
  expect([hex(null), hex(true), hex(1), hex('ok'), hex([1, 2])]).toEqual(['c0', 'c3', '01', 'a26f6b', '920102']);
  expect(hex({ a: 1 })).toMatch(/^(81|de0001)a16101$/);
  expect(hex(Buffer.from([1, 2]))).toBe('c4020102');
});

test('a body does not depend on the bodies before it', () => {
  const first = hex({ sku: 'a', quantity: 1 });
  encodeBody({ other: 'shape', of: 'map' });
  expect(hex({ sku: 'a', quantity: 1 })).toBe(first);
});

test('JSON values come back as they were', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // MessagePack has one zero, as JSON has.
      const text = JSON.stringify(value);
      fc.pre(!text.includes('__proto__'));
      expect(JSON.stringify(there(value))).toBe(text);
    }),
  );
});

test('a member that is undefined is left out', () => {
  expect(there({ a: undefined, b: 1 })).toEqual({ b: 1 });
});

test('dates, bytes and large integers come back', () => {
  const date = new Date(1_700_000_000_123);
  expect(there(date)).toEqual(date);
  expect(Buffer.from(there(Uint8Array.of(1, 2, 3)) as Uint8Array)).toEqual(Buffer.from([1, 2, 3]));
  expect(there(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
});

test('a body of nothing but bytes is written as any MessagePack library writes it, and comes back as a Buffer', () => {
  for (const length of [0, 1, 255, 256, 510, 511, 65_535, 65_536]) {
    const value = Buffer.alloc(length, length);
    const body = encodeBody(value);
    expect(unpack(body)).toEqual(value);
    expect(Buffer.isBuffer(decodeBody(body))).toBe(true);
    expect(decodeBody(body)).toEqual(value);
    expect(decodeBody(new Uint8Array(pack(value)))).toEqual(value);
  }
});

test('bytes whose length is not that of the body are UNDECODABLE', () => {
  for (const hex of ['c4', 'c403', 'c4030102', 'c40101ff', 'c5', 'c500', 'c6ffffffff00']) {
    expect(() => decodeBody(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'UNDECODABLE' }));
  }
});

test('a function, a symbol and a circle are UNENCODABLE (B2)', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  for (const value of [() => 1, Symbol('s'), circle]) {
    expect(() => encodeBody(value)).toThrow(expect.objectContaining({ code: 'UNENCODABLE' }));
  }
});

test('a failed encoding does not spoil the next', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  expect(() => encodeBody(circle)).toThrow('circular');
  expect(there({ a: [1, 'x'] })).toEqual({ a: [1, 'x'] });
});

test('what is not MessagePack is UNDECODABLE', () => {
  const bodies = ['a561', '0102', 'd4', 'c6ffffffff', 'ddffffffff', 'dfffffffff', '91'.repeat(50_000)];
  for (const body of bodies) {
    expect(() => decodeBody(Buffer.from(body, 'hex'))).toThrow(expect.objectContaining({ code: 'UNDECODABLE' }));
  }
});

test('any bytes are a value or UNDECODABLE, never anything else', () => {
  const problemWith = (bytes: Uint8Array): unknown => {
    try {
      decodeBody(bytes);
      return 'none';
    } catch (error) {
      return isMajordomoError(error) ? error.code : error;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(['none', 'UNDECODABLE']).toContain(problemWith(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test('the body of an error keeps message and details', () => {
  const body = { message: 'full', details: { waiting: 3 } };
  expect(decodeErrorBody(encodeErrorBody(body))).toEqual(body);
  expect(decodeErrorBody(encodeErrorBody({ message: 'full' }))).toEqual({ message: 'full' });
});

test.each([
  ['no bytes', NO_BYTES],
  ['what cannot be read', Uint8Array.of(0xa5, 0x61)],
  ['another value', encodeBody('text')],
  ['null', encodeBody(null)],
  ['a map without message', encodeBody({ details: 'none' })],
  ['a message that is no text', encodeBody({ message: 5 })],
])('an error whose body is %s still has a message', (_what, bytes) => {
  expect(decodeErrorBody(bytes)).toEqual({ message: 'no message' });
});

test('the message of an error arrives though it has half of a surrogate pair', () => {
  expect(decodeErrorBody(encodeErrorBody({ message: 'cut \ud83d' })).message).toBe('cut \ufffd');
});
