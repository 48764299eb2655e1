// Values that JSON has no form for.

import { jsonLine, prettyJson } from './plain-json.js';

test('what JSON has no form for is a text that says the same', () => {
  const value = {
    big: 2n ** 64n,
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
    big: '18446744073709551616',
    bytes: 'aGVsbG8=',
    view: 'AP8=',
    date: '1970-01-01T00:00:00.000Z',
    never: 'Invalid Date',
    nan: 'NaN',
    infinite: '-Infinity',
    names: { a: '1' },
    pairs: [[{ id: 1 }, 'x']],
    set: [1, 2],
    nothing: null,
  });
});

test('plain data is as it is', () => {
  expect(jsonLine({ a: [1, 'x', true, null] })).toBe('{"a":[1,"x",true,null]}');
  expect(prettyJson({ a: 1 })).toBe('{\n  "a": 1\n}');
});

test('no value at all is null', () => {
  expect(jsonLine(undefined)).toBe('null');
});
