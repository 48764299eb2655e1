// Numbers from a seed: the same again, spread over their range.

import fc from 'fast-check';
import { Chance } from './chance.js';

const draws = (seed: number, count: number): number[] => {
  const chance = new Chance(seed);
  return Array.from({ length: count }, () => chance.next());
};

test('the same seed gives the same numbers, another seed others', () => {
  expect(draws(7, 20)).toEqual(draws(7, 20));
  expect(draws(7, 20)).not.toEqual(draws(8, 20));
});

test('numbers lie in [0, 1), whatever the seed', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (seed) => {
      for (const number of draws(seed, 20)) expect(number >= 0 && number < 1).toBe(true);
    }),
  );
});

test('each tenth of the range gets about a tenth of the numbers', () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const number of draws(1, 10_000)) counts[Math.floor(number * 10)] = (counts[Math.floor(number * 10)] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('backoff doubles its reach with each attempt, up to its cap, and is jittered from nothing to there', () => {
  const chance = new Chance(3);
  const reach = (attempt: number): number =>
    Math.max(...Array.from({ length: 500 }, () => chance.backoffMs(attempt, 10, 2_000)));
  expect(reach(0)).toBeLessThanOrEqual(10);
  expect(reach(1)).toBeLessThanOrEqual(20);
  expect(reach(1)).toBeGreaterThan(15);
  expect(reach(7)).toBeGreaterThan(1_000);
  expect(reach(9)).toBeLessThanOrEqual(2_000);
  expect(reach(1_000_000)).toBeLessThanOrEqual(2_000);
  expect(Math.min(...Array.from({ length: 500 }, () => chance.backoffMs(5, 10, 2_000)))).toBeLessThan(10);
});
