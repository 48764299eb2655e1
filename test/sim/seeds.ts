// Which worlds are made: the same ones every time, and some that nobody has seen.

import { randomInt } from 'node:crypto';

/** Worlds that every run of the tests makes. */
export const FIXED_SEEDS = 100;
/** And those that nobody has seen: a failure prints its seed. */
export const FRESH_SEEDS = 30;
/** In so many, the same ones, each broken variant must be found: as many worlds as a run of the tests makes. */
export const HUNTED_SEEDS = FIXED_SEEDS + FRESH_SEEDS;

/** @returns a seed to begin with, far from the fixed ones. */
export function freshSeed(): number {
  return randomInt(1_000_000, 100_000_000);
}

export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
