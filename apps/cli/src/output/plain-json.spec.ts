// Values that JSON has no form for.

import { jsonLine, prettyJson } from './plain-json.js';

test('what JSON has no form for is a text that says the same', () => {
  const value = {
    bytes: Buffer.from('hello'),
    view: new Uint8Array([0, 255]),
    date: new Date(0),
    never: new Date(NaN),
    nan: NaN,
    infinite: -Infinity,
    names: new Map([['a', 1n]]),
    pairs: new Map([[{ id: 1 }, 'x']]),
    set: new Set([1, 2]),
    nothing: undefined,
  };
  expect(JSON.parse(jsonLine(value))).toEqual({
    bytes: 'aGVsbG8=',
    view: 'AP8=',
    date: '1970-01-01T00:00:00.000Z',
    never: 'Invalid Date',
    nan: 'NaN',
    infinite: '-Infinity',
    names: { a: 1 },
    pairs: [[{ id: 1 }, 'x']],
    set: [1, 2],
    nothing: null,
  });
});

test('no digit of a number is lost', () => {
  expect(jsonLine({ id: 9_007_199_254_740_993n, small: 5n, zero: -0, marks: ['#1', '##'] })).toBe(
    '{"id":9007199254740993,"small":5,"zero":-0,"marks":["#1","##"]}',
  );
  expect(prettyJson([2n ** 64n])).toBe('[\n  18446744073709551616\n]');
});

test('typed arrays are lists of numbers, and two keys of a map stay two', () => {
  expect(jsonLine({ v: Float64Array.of(1.5, NaN), b: BigInt64Array.of(-1n) })).toBe('{"v":[1.5,"NaN"],"b":[-1]}');
  expect(
    jsonLine(
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
      ]),
    ),
  ).toBe('[[1,"a"],["1","b"]]');
});

test('plain data is as it is', () => {
  expect(jsonLine({ a: [1, 'x', true, null] })).toBe('{"a":[1,"x",true,null]}');
  expect(prettyJson({ a: 1 })).toBe('{\n  "a": 1\n}');
});

test('no value at all is null', () => {
  expect(jsonLine(undefined)).toBe('null');
});
