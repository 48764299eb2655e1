// JSON typed by hand, and where it is wrong.

import { readJson } from './json-text.js';

function problemWith(text: string): string {
  try {
    readJson(text, 'the argument');
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

test('JSON is read', () => {
  expect(readJson(' {"a": [1, -2.5e3, "x\\u0041", true, null]} ', 'the argument')).toEqual({
    a: [1, -2_500, 'xA', true, null],
  });
});

test.each([
  ['{"a":1', 'it ends too early, at column 7'],
  ['"open', 'it ends too early, at column 6'],
  ['[1,', 'it ends too early, at column 4'],
  ['{"a":1,}', 'unexpected "}" at column 8'],
  ['[1,]', 'unexpected "]" at column 4'],
  ['{a:1}', 'unexpected "a" at column 2'],
  ["{'a':1}", 'unexpected "\'" at column 2'],
  ['{"a" 1}', 'unexpected "1" at column 6'],
  ['[1 2]', 'unexpected "2" at column 4'],
  ['{"a":1]', 'unexpected "]" at column 7'],
  ['1 2', 'unexpected "2" at column 3'],
  ['01', 'unexpected "1" at column 2'],
  ['hello', 'unexpected "h" at column 1'],
  ['undefined', 'unexpected "u" at column 1'],
  ['{\n  "a": 1,\n  b: 2\n}', 'unexpected "b" at line 3, column 3'],
  ['"\\x"', 'unexpected "\\\\" at column 2'],
])('%j: %s', (text, problem) => {
  expect(problemWith(text)).toContain(`the argument is not JSON: ${problem}`);
});

test('the text around the place is shown, and a bare word gets a hint on quotes', () => {
  expect(problemWith('{sku:"a"}')).toBe(
    'the argument is not JSON: unexpected "s" at column 2: {»sku:"a"} (texts and names stand in double quotes; in a shell, put single quotes around the whole: \'{"sku":"a"}\')',
  );
  expect(problemWith(`[${'1,'.repeat(100)}]`)).toMatch(/at column 202: …(?:1,){16}»\]$/);
});

test('nothing at all is not JSON', () => {
  expect(problemWith(' ')).toContain('the argument is empty: JSON is expected');
});

test('a text of a hundred thousand brackets is refused like any other', () => {
  expect(problemWith('['.repeat(100_000))).toContain('it ends too early, at column 100001');
});

test('no digit of an integer is lost, and a number beyond all numbers is refused', () => {
  expect(readJson('{"id":9007199254740993}', 'the argument')).toEqual({ id: 9_007_199_254_740_993n });
  expect(problemWith('[1e400]')).toBe('the argument: 1e400 is larger than a number can be');
});
