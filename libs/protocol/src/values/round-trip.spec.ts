// For any value: what arrives is equal, or the value is refused; the bytes are those of the value alone, and plain MessagePack.

import fc from 'fast-check';
import { pack, unpack, Packr } from 'msgpackr';
import { inspect, isDeepStrictEqual } from 'node:util';
import { decodeBody, encodeBody } from '../body.js';
import { isMajordomoError } from '../errors.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Well-formed, with characters of one to four bytes, at lengths around every boundary of the format. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const name = text.filter((each) => each !== '__proto__');
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 2 ** 53, -(2 ** 53), 2 ** 64),
);
const scalar = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constantFrom(null),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
);
const binary = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: true }),
  fc.float64Array(),
  fc.float32Array(),
  fc.int16Array(),
  fc.uint8ClampedArray(),
  fc.bigInt64Array(),
  fc.uint8Array().map((bytes) => new DataView(new Uint8Array(bytes).buffer)),
);
const { value: travelling } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    binary,
    tie('list'),
    tie('object'),
    tie('map'),
    tie('set'),
  ),
  list: fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { maxLength: 20 }),
  object: fc.dictionary(name, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  map: fc.array(fc.tuple(scalar, tie('value')), { maxLength: 10 }).map((entries) => new Map(entries)),
  set: fc.array(scalar, { maxLength: 10 }).map((members) => new Set(members)),
}));

test('a value of the table arrives equal in kind and content', () => {
  fc.assert(
    fc.property(travelling, (value) => {
      const came = decodeBody(encodeBody(value));
      expect(difference(came, value)).toBe('none');
    }),
    { numRuns: 2_000 },
  );
});

test('any value at all arrives equal, or is refused as UNENCODABLE: never as something else', () => {
  const anything = fc.anything({
    key: fc.string({ unit: 'binary' }),
    values: [
      scalar,
      binary,
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
      fc.constantFrom(undefined, Symbol('s'), /x/, new Error('x'), () => 1, new Date(NaN)),
    ],
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withObjectString: true,
    withNullPrototype: true,
  });
  let arrived = 0;
  fc.assert(
    fc.property(anything, (value) => {
      const end = endOf(value);
      if (end === 'none') arrived += 1;
      expect(['none', 'UNENCODABLE']).toContain(end);
    }),
    { numRuns: 3_000 },
  );
  expect(arrived).toBeGreaterThan(500);
});

/** `none` when it arrives equal, the code when it is refused with a path, else what arrived. */
function endOf(value: unknown): string {
  let body: Uint8Array;
  try {
    body = encodeBody(value);
  } catch (error) {
    return isMajordomoError(error) && typeof error.details['path'] === 'string' ? error.code : inspect(error);
  }
  return difference(decodeBody(body), plain(value));
}

function difference(came: unknown, value: unknown): string {
  return isDeepStrictEqual(came, value) ? 'none' : `${inspect(came)} came for ${inspect(value)}`;
}

/** As the table says: bytes are Buffers, objects have the prototype of objects and no members that are undefined. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Set) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, plain(each)]));
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(members.map(([key, each]) => [key, plain(each)]));
}

test.each([0, 1, 31, 32, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 70_000])(
  'a body of %d bytes alone is their head and the bytes, of a Buffer, a view and a Uint8Array alike, and comes back equal',
  (length) => {
    const content = Uint8Array.from({ length }, (_, place) => (place * 7) % 256);
    const view = new Uint8Array(new ArrayBuffer(length + 10), 5, length);
    view.set(content);
    for (const value of [content, Buffer.from(content), view]) {
      const body = encodeBody(value);
      expect(Buffer.compare(body, pack(Buffer.from(content)))).toBe(0);
      expect(decodeBody(body)).toEqual(Buffer.from(content));
      // In the middle of a message, as it arrives.
      const message = Buffer.concat([Buffer.alloc(3, 0xc4), body, Buffer.alloc(3, 0xc4)]);
      expect(decodeBody(message.subarray(3, 3 + body.length))).toEqual(Buffer.from(content));
    }
  },
);

test('no byte is sent but those of the value: what was in the memory of the encoder changes nothing', () => {
  fc.assert(
    fc.property(travelling, (value) => {
      // Bytes alone are written to the pool of Node.js, which others use too: see the next test.
      fc.pre(!(value instanceof Uint8Array));
      const first = encodeBody(value);
      const bytes = hex(first);
      // The memory that the next bodies are written to, full of marks.
      new Uint8Array(first.buffer).fill(0xc1);
      const again = encodeBody(value);
      expect(hex(again)).toBe(bytes);
    }),
    { numRuns: 500 },
  );
  for (const value of [new Float64Array(64), { values: new Float64Array(64) }, new DataView(new ArrayBuffer(50))]) {
    new Uint8Array(encodeBody({ token: 'secret' }).buffer).fill(0xc1);
    expect(hex(encodeBody(value))).not.toContain('c1c1');
  }
});

test('another implementation reads what has no extension, and is read', () => {
  const other = new Packr({ useRecords: false, int64AsType: 'number' });
  const { value: common } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.double({ noNaN: true }).filter((each) => !Object.is(each, -0)),
      fc.integer(),
      fc.maxSafeInteger(),
      text,
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 20 }),
    object: fc.dictionary(name, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(common, (value) => {
      expect(other.unpack(encodeBody(value))).toEqual(value);
      expect(decodeBody(other.pack(value))).toEqual(value);
    }),
    { numRuns: 1_000 },
  );
  expect(unpack(encodeBody([new Date(1_700_000_000_123), Buffer.from('x'), 2n ** 100n]))).toEqual([
    new Date(1_700_000_000_123),
    Buffer.from('x'),
    2n ** 100n,
  ]);
});

test('a safe integer leaves as an integer, and one of another language beyond 2^53 comes as a BigInt', () => {
  expect(['1b00', hex(encodeBody(2 ** 32)), hex(encodeBody(-(2 ** 40)))]).toEqual([
    '1b00',
    'cf0000000100000000',
    'd3ffffff0000000000',
  ]);
  expect(hex(encodeBody(Number.MAX_SAFE_INTEGER))).toBe('cf001fffffffffffff');
  expect(hex(encodeBody(2n ** 63n))).toBe('cf8000000000000000');
  const read = (bytes: string): unknown => decodeBody(Buffer.from(bytes, 'hex'));
  expect([read('cf0020000000000000'), read('cf0020000000000001')]).toEqual([2 ** 53, 2n ** 53n + 1n]);
  expect([read('d3ffe0000000000000'), read('d3ffdfffffffffffff')]).toEqual([-(2 ** 53), -(2n ** 53n) - 1n]);
  expect([read('d3fffffffffffffffb'), read('cf0000000000000005')]).toEqual([-5, 5]);
});

test('what user code throws while a value is read is a refusal with its path and cause', () => {
  const why = new Error('not today');
  const broken = {
    list: [
      {
        get when(): never {
          throw why;
        },
      },
    ],
  };
  expect(() => encodeBody(broken)).toThrow(
    expect.objectContaining({ code: 'UNENCODABLE', details: { path: '.list[0].when' }, cause: why }),
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const odd = [
    proxy,
    { toJSON: () => undefined },
    {
      toJSON: () => {
        throw Object.create(null);
      },
    },
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw why;
        },
      },
    ),
    {
      get a(): never {
        throw {
          get message(): never {
            throw why;
          },
        };
      },
    },
  ];
  for (const value of odd) expect(() => encodeBody([value])).toThrow(expect.objectContaining({ code: 'UNENCODABLE' }));
  expect(decodeBody(encodeBody({ a: [1, 'x'] }))).toEqual({ a: [1, 'x'] });
});

test('a value that encodes another one while it is encoded does not disturb it', () => {
  const inner = { toJSON: () => hex(encodeBody({ b: ['in'] })) };
  expect(decodeBody(encodeBody({ a: 'x', inner, z: 'y' }))).toEqual({
    a: 'x',
    inner: hex(encodeBody({ b: ['in'] })),
    z: 'y',
  });
});

test('a value that is larger than any message is refused before it takes the memory', () => {
  let value: unknown = 'x'.repeat(1_024);
  for (let i = 0; i < 40; i++) value = [value, value];
  expect(() => encodeBody(value)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
});
