// What bytes of plain Majordomo peers say, and what is said in bytes (docs/mdp.md M8, M9).

import { encodeBody, NO_BYTES } from '@majordomo/protocol';
import fc from 'fast-check';
import { framesIn, framesSaid, readBody, writeBody, writeFrame, type Codec } from './codec.js';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const again = (codec: Codec, value: unknown): unknown => {
  const { frames, body } = writeBody(codec, value);
  return readBody(codec, frames, body);
};

/** Every name of a member, at any depth. */
const namesIn = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, member]) => [...(Array.isArray(value) ? [] : [name]), ...namesIn(member)])
    : [];
const mayTravel = (value: unknown): boolean => !namesIn(value).includes('__proto__');

test.each([-925792400, 1, 2])('JSON goes both ways, -0 included (seed %i)', (seed) => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }).filter(mayTravel), (value) => {
      expect(again('json', value)).toEqual(value);
    }),
    { seed },
  );
  expect(again('json', [{ '': -0 }])).toEqual([{ '': -0 }]);
});

test('JSON with a member __proto__ is UNENCODABLE, at any depth', () => {
  expect(() => again('json', JSON.parse('[{"":{"__proto__":0}}]'))).toThrow(
    expect.objectContaining({ code: 'UNENCODABLE', details: { path: '[0][""].__proto__' } }),
  );
});

test('bytes go both ways raw, one frame or several (K1)', () => {
  const frame = fc.uint8Array({ maxLength: 900 });
  fc.assert(
    fc.property(frame, (value) => {
      expect(again('raw', value)).toEqual(Buffer.from(value));
    }),
  );
  fc.assert(
    fc.property(fc.array(frame, { minLength: 2, maxLength: 9 }), (frames) => {
      expect(writeBody('raw', frames).frames).toBe(frames.length);
      expect(again('raw', frames)).toEqual(frames.map((each) => Buffer.from(each)));
    }),
  );
});

test('texts become their bytes raw, and a list of one is one frame (K4)', () => {
  expect(again('raw', 'é')).toEqual(Buffer.from('é'));
  expect(writeBody('raw', ['one'])).toEqual({ frames: 1, body: Buffer.from('one') });
  expect(writeBody('raw', [])).toEqual({ frames: 1, body: NO_BYTES });
});

test('several frames are a list of what each says (K2)', () => {
  const body = encodeBody([Buffer.from('1'), Buffer.from('{"a":2}'), Buffer.from('')]);
  expect(readBody('json', 3, body)).toEqual([1, { a: 2 }, undefined]);
  const packed = encodeBody([Buffer.from(encodeBody('x')), Buffer.from(encodeBody([1]))]);
  expect(readBody('msgpack', 2, packed)).toEqual(['x', [1]]);
});

test('an empty frame is nothing, and nothing is an empty frame (K3)', () => {
  expect(readBody('msgpack', 1, NO_BYTES)).toBeUndefined();
  expect(readBody('json', 1, NO_BYTES)).toBeUndefined();
  expect(readBody('raw', 1, NO_BYTES)).toEqual(Buffer.alloc(0));
  for (const codec of ['msgpack', 'json', 'raw'] as const) {
    expect(writeBody(codec, undefined)).toEqual({ frames: 1, body: NO_BYTES });
  }
});

test.each([
  ['json', 1, bytes('{')],
  ['json', 1, Uint8Array.of(0x22, 0xff, 0x22)],
  ['msgpack', 1, bytes('latte')],
  ['json', 2, bytes('[1,2]')],
  ['raw', 2, encodeBody([Buffer.from('a'), 'b'])],
  ['raw', 2, encodeBody('ab')],
] as const)('what is not %s in %d frames is UNDECODABLE', (codec, frames, body) => {
  expect(() => readBody(codec, frames, body)).toThrow(expect.objectContaining({ code: 'UNDECODABLE' }));
});

test.each([
  ['json', 1n],
  ['json', () => 1],
  ['json', Symbol('x')],
  ['raw', 7],
  ['raw', { a: 1 }],
  ['raw', ['a', ['b']]],
] as const)('what %s has no bytes for is UNENCODABLE: %p', (codec, value) => {
  expect(() => writeBody(codec, value)).toThrow(expect.objectContaining({ code: 'UNENCODABLE' }));
});

test('a circle is UNENCODABLE as JSON', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  expect(() => writeBody('json', circle)).toThrow(expect.objectContaining({ code: 'UNENCODABLE' }));
});

test('a value of a stream is one frame', () => {
  expect(writeFrame('raw', ['one'])).toEqual(Buffer.from('one'));
  expect(() => writeFrame('raw', ['one', 'two'])).toThrow(/a value of a stream is one frame, this one has 2/);
  expect(writeFrame('json', [1, 2])).toEqual(Buffer.from('[1,2]'));
});

test('what was written does not change with what it was made of', () => {
  const given = Buffer.from('before');
  const { body } = writeBody('raw', given);
  given.fill('x');
  expect(Buffer.from(body).toString()).toBe('before');
});

test('raw bytes with a length of their own that is wrong are written as they are, and a Proxy of bytes is refused', () => {
  const given = Object.defineProperty(Buffer.from([1, 2]), 'length', { value: 60 });
  expect(Buffer.from([1, 2]).equals(writeBody('raw', given).body)).toBe(true);
  expect(() => writeBody('raw', new Proxy(Buffer.from([1]), {}))).toThrow('this value cannot be sent');
});

test('headers say how many frames there are; what cannot be is one', () => {
  expect(framesIn(encodeBody({ frames: 3 }))).toBe(3);
  expect([NO_BYTES, encodeBody(7), encodeBody({}), bytes('latte'), encodeBody(null)].map(framesIn)).toEqual([
    1, 1, 1, 1, 1,
  ]);
  expect([{ frames: 0 }, { frames: 1.5 }, { frames: '2' }, { frames: -1 }].map(framesSaid)).toEqual([1, 1, 1, 1]);
});
