// Looks for a variant: one seed after the other, until one finds it.

import type { Variant } from './variants/index.js';
import { World, type Verdict } from './world.js';

/** What became of a variant: the world that found it, if one did, and how many were made. */
export interface Catch {
  readonly variant: Variant;
  readonly found: Verdict | undefined;
  readonly worlds: number;
}

export async function hunt(variant: Variant, seeds: readonly number[]): Promise<Catch> {
  let worlds = 0;
  for (const seed of seeds) {
    worlds += 1;
    const found = await new World({ seed, variant }).run();
    if (found.problem !== undefined) return { variant, found, worlds };
  }
  return { variant, found: undefined, worlds };
}
