// JSON without losing a digit, and without writing one thing for another.

import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { isMajordomoError } from '../errors.js';
import { parseJson } from './json-read.js';
import { writeJsonText } from './json-write.js';

test('an integer that no number holds is a BigInt, wherever it stands', () => {
  expect(parseJson('{"id":9007199254740993}')).toEqual({ id: 9_007_199_254_740_993n });
  expect(parseJson('[9007199254740992, -9007199254740993, "9007199254740993", 1.5e3, 0.123456789]')).toEqual([
    2 ** 53,
    -9_007_199_254_740_993n,
    '9007199254740993',
    1_500,
    0.123456789,
  ]);
  expect(parseJson('-123456789012345678901234567890')).toBe(-123_456_789_012_345_678_901_234_567_890n);
});

test('a string is never taken for a number, whatever is in it', () => {
  const text =
    '["#1", "##2", "\\u0023\\u0023\\u00233", "a\\"9007199254740993\\\\", {"9007199254740993": 9007199254740995}]';
  expect(parseJson(text)).toEqual([
    '#1',
    '##2',
    '###3',
    'a"9007199254740993\\',
    { '9007199254740993': 9_007_199_254_740_995n },
  ]);
});

test('a number beyond all numbers is refused, and so is what is not JSON', () => {
  for (const text of ['1e400', '[-1e999]', '{"a":1', '9007199254740993x'])
    expect(() => parseJson(text)).toThrow(SyntaxError);
});

test('what is written is read as the same, or it is refused with its path', () => {
  const scalar = fc.oneof(
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.bigInt(),
    fc.constantFrom(-0, 2n ** 70n, null, true, undefined),
  );
  const anything = fc.anything({
    values: [scalar],
    withBigInt: true,
    withDate: false,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  });
  const endOf = (value: unknown): string => {
    try {
      return isDeepStrictEqual(parseJson(writeJsonText(value)), withoutUndefined(value))
        ? 'the same'
        : 'something else';
    } catch (error) {
      return isMajordomoError(error, 'UNENCODABLE') && typeof error.details['path'] === 'string'
        ? 'refused'
        : String(error);
    }
  };
  fc.assert(
    fc.property(anything, (value) => {
      expect(['the same', 'refused']).toContain(endOf(value));
    }),
    { numRuns: 2_000 },
  );
});

function withoutUndefined(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(members.map(([name, each]) => [name, withoutUndefined(each)]));
}

test.each<[string, unknown, string]>([
  ['NaN', { a: [NaN] }, '.a[0]'],
  ['an infinity', Infinity, ''],
  ['a small BigInt', { n: 5n }, '.n'],
  ['undefined in an array', [1, undefined], '[1]'],
  ['a function', { f: () => 1 }, '.f'],
  ['bytes', { b: Buffer.from('x') }, '.b'],
  ['a Map', { m: new Map() }, '.m'],
  ['a typed array', { m: new Float64Array(1) }, '.m'],
  ['an invalid date', { when: new Date(NaN) }, '.when'],
  ['half of a surrogate pair', ['\ud83d'], '[0]'],
  ['a name with half of a surrogate pair', { '\ud83d': 1 }, '["\\ud83d"]'],
])('%s is refused', (_what, value, path) => {
  expect(() => writeJsonText(value)).toThrow(expect.objectContaining({ code: 'UNENCODABLE', details: { path } }));
});

test('a circle is refused where it closes', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = [circle];
  expect(() => writeJsonText(circle)).toThrow(expect.objectContaining({ details: { path: '.self[0]' } }));
});

test('a date is its text, a large BigInt its digits, an instance its members', () => {
  class Point {
    readonly x = 1;
  }
  const value = { at: new Date(0), id: 9_007_199_254_740_993n, point: new Point(), none: undefined };
  expect(writeJsonText(value)).toBe('{"at":"1970-01-01T00:00:00.000Z","id":9007199254740993,"point":{"x":1}}');
});
