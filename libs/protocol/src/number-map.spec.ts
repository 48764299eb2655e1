// The map from whole numbers behaves as the built-in one, whatever the numbers are.

import fc from 'fast-check';
import { NumberMap } from './number-map.js';

const step = (key: fc.Arbitrary<number>): fc.Arbitrary<['set' | 'delete' | 'get', number]> =>
  fc.tuple(fc.constantFrom('set' as const, 'set' as const, 'delete' as const, 'get' as const), key);

/** Plays the steps on both maps. @returns what both answered, step by step, and what is in them at the end. */
function play(steps: readonly ['set' | 'delete' | 'get', number][]): { mine: unknown[]; builtIn: unknown[] } {
  const map = new NumberMap<string>();
  const model = new Map<number, string>();
  const mine: unknown[] = [];
  const builtIn: unknown[] = [];
  for (const [index, [act, key]] of steps.entries()) {
    if (act === 'set') {
      map.set(key, `${key} ${index}`);
      model.set(key, `${key} ${index}`);
    }
    const remove = act === 'delete';
    mine.push(remove && map.delete(key), map.get(key), map.size);
    builtIn.push(remove && model.delete(key), model.get(key), model.size);
  }
  mine.push(
    map.keys().sort((a, b) => a - b),
    map.values().sort(),
  );
  builtIn.push(
    [...model.keys()].sort((a, b) => a - b),
    [...model.values()].sort(),
  );
  mine.push(map.keys().map((key) => map.get(key) === model.get(key)));
  builtIn.push([...model.keys()].map(() => true));
  return { mine, builtIn };
}

function agree(steps: readonly ['set' | 'delete' | 'get', number][]): void {
  const { mine, builtIn } = play(steps);
  expect(mine).toEqual(builtIn);
}

describe('NumberMap', () => {
  test('agrees with the built-in map for small numbers', () => {
    fc.assert(fc.property(fc.array(step(fc.nat(40)), { maxLength: 400 }), agree));
  });

  test('agrees with the built-in map for numbers that all want the same place', () => {
    fc.assert(fc.property(fc.array(step(fc.nat(80).map((n) => n * 65_536)), { maxLength: 400 }), agree));
  });

  test('agrees with the built-in map for numbers up to 2^53 - 1', () => {
    fc.assert(fc.property(fc.array(step(fc.maxSafeNat()), { maxLength: 300 }), agree));
  });

  test('a window that moves up through the numbers stays small', () => {
    const map = new NumberMap<number>();
    for (let key = 0; key < 100_000; key++) {
      map.set(key, key);
      if (key >= 1_000) map.delete(key - 1_000);
    }
    expect(map.size).toBe(1_000);
    expect(map.get(99_999)).toBe(99_999);
    expect(map.get(98_999)).toBeUndefined();
  });

  test('may be changed while its values are walked through', () => {
    const map = new NumberMap<number>();
    for (let key = 0; key < 50; key++) map.set(key, key);
    for (const value of map) map.delete(value);
    expect(map.size).toBe(0);
    map.set(7, 7);
    map.clear();
    expect([map.has(7), map.size, map.values()]).toEqual([false, 0, []]);
  });
});

test('a map with many numbers over 2^32 gives them all back, after it has grown and shrunk', () => {
  const map = new NumberMap<number>();
  const first = 2 ** 33;
  for (let i = 0; i < 300_000; i++) map.set(first + i, i);
  for (let i = 0; i < 300_000; i += 2) map.delete(first + i);
  expect(map.size).toBe(150_000);
  expect([map.get(first), map.get(first + 1), map.get(first + 299_999)]).toEqual([undefined, 1, 299_999]);
  expect(map.keys().reduce((sum, key) => sum + (key - first), 0)).toBe(150_000 ** 2);
  expect(map.values().reduce((sum, value) => sum + value, 0)).toBe(150_000 ** 2);
});
