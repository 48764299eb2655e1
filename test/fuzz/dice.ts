// Chance for the fuzz tests: everything comes from one seed, so that a failure can be seen again.

import { Chance } from '@majordomo/protocol';

/** The seed of this run: FUZZ_SEED, or one that is always the same. */
export const FUZZ_SEED = Number(process.env['FUZZ_SEED'] ?? 20_261);

export class Dice {
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.#chance.next() * count);
  }

  /** True once in `count` times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }
}
