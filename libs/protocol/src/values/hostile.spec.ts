// Bytes that nobody should send: a value or UNDECODABLE, in proportion to their length, and nothing of other bodies.

import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { decodeBody, encodeBody } from '../body.js';
import { isMajordomoError } from '../errors.js';

const read = (hex: string): unknown => decodeBody(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function codeFor(bytes: Uint8Array): unknown {
  try {
    decodeBody(bytes);
    return 'a value';
  } catch (error) {
    return isMajordomoError(error) ? error.code : error;
  }
}

test.each([
  ['the byte that begins no value', 'c1'],
  ['half a pair, written as three bytes', 'a3 eda0bd'],
  ['a string cut within a character', 'a2 c3'],
  ['a long string that is not UTF-8', `d9 40 ${'61'.repeat(63)} ff`],
  ['a name that is not UTF-8', '81 a1ff 01'],
  ['a member called __proto__', '81 a95f5f70726f746f5f5f 01'],
  ['a member called __proto__, in a longer form', '81 d9095f5f70726f746f5f5f 01'],
  ['two members with one name', '82 a161 01 a161 02'],
  ['two members with one name before another key', '83 a161 01 a161 02 05 03 06 04'],
  ['two keys that are one', '82 01 02 01 03'],
  ['a key that is a list', '81 90 01'],
  ['a key that is binary', '81 c40161 01'],
  ['bytes after the value', '01 02'],
  ['an extension that is not in the table', 'd4 05 00'],
  ['a record of msgpackr', 'd4 72 40 91 a161 01'],
  ['a bundle of strings of msgpackr', 'd6 62 00000006 c4 14 a0 a0'],
  ['a reference of msgpackr', 'd6 70 00000001'],
  ['a set of msgpackr', 'd4 73 00 91 c0'],
  ['a regular expression of msgpackr', 'd4 78 00 92 a161 a0'],
  ['an error of msgpackr', 'd4 65 00 93 a145 a16d c0'],
  ['a timestamp of three bytes', 'c7 03 ff 000000'],
  ['a timestamp of more than a second of nanoseconds', 'd7 ff ffffffff 00000000'],
  ['a date that JavaScript does not have', 'c7 0c ff 00000000 7fffffffffffffff'],
  ['a typed array of no kind', 'c7 02 74 63 00'],
  ['a typed array without kind', 'c7 00 74'],
  ['half an element', 'c7 04 74 08 000000'],
  ['a big integer without bytes', 'c7 00 42'],
  ['a Map that is a list', 'c7 02 4d 91 01'],
  ['a Map that ends before its extension', 'c7 02 4d 80 01'],
  ['a Map that ends behind its extension', '92 c7 01 4d 81 01 02'],
  ['a Set with a member twice', 'c7 03 53 92 01 01'],
  ['a Set of lists', 'c7 02 53 91 90'],
  ['binary that is longer than the body', 'c4 ff 00'],
  ['a list that is longer than the body', 'dd ffffffff 00'],
  ['a map that is longer than the body', 'df ffffffff a0 00'],
  ['a string that is longer than the body', 'db ffffffff 61'],
  ['more levels than may be', '91'.repeat(100_000)],
  ['more levels of Maps than may be', '81 c0'.repeat(1_000)],
])('%s is UNDECODABLE', (_what, hex) => {
  expect(codeFor(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBe('UNDECODABLE');
  expect(
    codeFor(Buffer.concat([Buffer.from([0x92]), Buffer.alloc(1, 0xc0), Buffer.from(hex.replaceAll(' ', ''), 'hex')])),
  ).toBe('UNDECODABLE');
});

test('a map with other keys than strings is a Map', () => {
  expect(read('82 01 a161 a162 02')).toEqual(
    new Map<unknown, unknown>([
      [1, 'a'],
      ['b', 2],
    ]),
  );
  expect(read('82 a162 02 01 a161')).toEqual(
    new Map<unknown, unknown>([
      ['b', 2],
      [1, 'a'],
    ]),
  );
});

test('any bytes are a value or UNDECODABLE, and give no object another prototype', () => {
  const tokens = fc.constantFrom(
    0x80,
    0x81,
    0x82,
    0x91,
    0x93,
    0xa1,
    0xa9,
    0xc0,
    0xc1,
    0xc4,
    0xc7,
    0xcb,
    0xcf,
    0xd4,
    0xd6,
    0xd9,
    0xdc,
    0xdd,
    0xde,
    0x42,
    0x4d,
    0x53,
    0x74,
    0xff,
    1,
    0,
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(tokens, { maxLength: 60 }).map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, (each) => {
      expect(['a value', 'UNDECODABLE']).toContain(codeFor(each));
    }),
    { numRuns: 10_000 },
  );
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('a body that was cut or had a bit flipped is a value or UNDECODABLE', () => {
  const body = Buffer.from(
    encodeBody({
      a: [1, -1, 1.5, 2n ** 60n],
      m: new Map([[1, new Date(5)]]),
      s: new Set(['é']),
      f: Float64Array.of(1),
      b: Buffer.alloc(600),
    }),
  );
  for (let i = 0; i < body.length; i++) {
    expect(codeFor(body.subarray(0, i))).toBe(i === 0 ? 'a value' : 'UNDECODABLE');
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(body);
      flipped[i] = (flipped[i] as number) ^ (1 << bit);
      expect(['a value', 'UNDECODABLE']).toContain(codeFor(flipped));
    }
  }
});

test('a body never says anything of the bodies before it', () => {
  const secret = 'SECRET'.repeat(20);
  const bodies = [
    Buffer.from('d6620000000' + '6c428a0a0', 'hex'),
    Buffer.from('c47f00', 'hex'),
    Buffer.from('d97f61', 'hex'),
  ];
  for (const body of bodies) {
    decodeBody(encodeBody({ token: secret }));
    let came: unknown;
    try {
      came = decodeBody(body);
    } catch (error) {
      came = (error as Error).message;
    }
    expect(String(came)).not.toContain('SECRET');
  }
});

test('what a length promises is not allocated', () => {
  const before = process.memoryUsage().rss;
  const many = Buffer.concat(Array.from({ length: 500 }, () => Buffer.from('dd00ffffff', 'hex')));
  for (let i = 0; i < 200; i++) codeFor(many);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1_024 * 1_024);
});

test('small binary parts are copies, so that keeping one does not keep its message; large ones are views', () => {
  const parts = Array.from({ length: 100 }, (_, i) => Buffer.alloc(3_000, i));
  const body = Buffer.from(new Packr({ useRecords: false }).pack(parts));
  const [part] = decodeBody(body) as Buffer[];
  expect(part?.buffer.byteLength).toBeLessThan(20_000);
  const large = Buffer.from(encodeBody({ bytes: Buffer.alloc(100_000, 1) }));
  expect((decodeBody(large) as { bytes: Buffer }).bytes.buffer).toBe(large.buffer);
});
