// The map from whole numbers behaves as the built-in one, whatever the numbers are.

import fc from 'fast-check';
import { NumberMap } from './number-map.js';

const step = (key: fc.Arbitrary<number>): fc.Arbitrary<['set' | 'delete' | 'get', number]> =>
  fc.tuple(fc.constantFrom('set' as const, 'set' as const, 'delete' as const, 'get' as const), key);

function play(steps: readonly ['set' | 'delete' | 'get', number][]): void {
  const map = new NumberMap<string>();
  const model = new Map<number, string>();
  for (const [index, [act, key]] of steps.entries()) {
    if (act === 'set') {
      map.set(key, `${key} ${index}`);
      model.set(key, `${key} ${index}`);
    } else if (act === 'delete') expect(map.delete(key)).toBe(model.delete(key));
    expect(map.get(key)).toBe(model.get(key));
    expect(map.size).toBe(model.size);
  }
  expect(map.keys().sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
  expect(map.values().sort()).toEqual([...model.values()].sort());
  for (const [key, value] of model) expect(map.get(key)).toBe(value);
}

describe('NumberMap', () => {
  test('agrees with the built-in map for small numbers', () => {
    fc.assert(fc.property(fc.array(step(fc.nat(40)), { maxLength: 400 }), play));
  });

  test('agrees with the built-in map for numbers that all want the same place', () => {
    fc.assert(fc.property(fc.array(step(fc.nat(80).map((n) => n * 65_536)), { maxLength: 400 }), play));
  });

  test('agrees with the built-in map for numbers up to 2^53 - 1', () => {
    fc.assert(fc.property(fc.array(step(fc.maxSafeNat()), { maxLength: 300 }), play));
  });

  test('a window that moves up through the numbers stays small', () => {
    const map = new NumberMap<number>();
    for (let key = 0; key < 100_000; key++) {
      map.set(key, key);
      if (key >= 1_000) expect(map.delete(key - 1_000)).toBe(true);
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
