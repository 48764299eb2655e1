// Chance: the only place from which the house takes randomness.

import { randomBytes } from 'node:crypto';

/** @returns the number of a new instance: an integer of 53 random bits, never 0. */
export function randomInstance(): number {
  const bytes = randomBytes(8);
  const instance = (bytes.readUInt32BE(0) & 0x1f_ffff) * 0x1_0000_0000 + bytes.readUInt32BE(4);
  return instance === 0 ? randomInstance() : instance;
}

/** @returns 32 random bytes, as a key for digests. */
export function randomSecret(): Uint8Array {
  return randomBytes(32);
}

/** @returns a seed for `Chance`: an integer of 32 random bits. */
export function randomSeed(): number {
  return randomBytes(4).readUInt32BE(0);
}
