// The promises hold in worlds that are always the same and in some that nobody has seen, and a seed is a world for ever.

import { FIXED_SEEDS, FRESH_SEEDS, freshSeed, seedsFrom } from './seeds.js';
import { World, type Verdict } from './world.js';

/** Worlds are counted, not timed; this is for a machine that does ten things at once. */
const PATIENCE_MS = 300_000;
const FRESH = freshSeed();

async function held(seed: number): Promise<Verdict> {
  const verdict = await new World({ seed }).run();
  if (verdict.problem === undefined) return verdict;
  const { problem, trace } = verdict;
  throw new Error(`npm run sim -- --seed ${seed} shows: ${problem}\n\n${trace.join('\n')}`);
}

test(
  `${FIXED_SEEDS} worlds that are always the same hold what is promised`,
  async () => {
    let runs = 0;
    for (const seed of seedsFrom(1, FIXED_SEEDS)) runs += (await held(seed)).runs;
    // A world in which nothing happens holds everything.
    expect(runs).toBeGreaterThan(20 * FIXED_SEEDS);
  },
  PATIENCE_MS,
);

test(
  `${FRESH_SEEDS} worlds that nobody has seen hold it too (from seed ${FRESH})`,
  async () => {
    for (const seed of seedsFrom(FRESH, FRESH_SEEDS)) expect(await held(seed)).toHaveProperty('problem', undefined);
  },
  PATIENCE_MS,
);

test(
  'a seed makes the same world every time, step by step, whether anybody reads its trace or not',
  async () => {
    for (const seed of [3, 4]) {
      const once = await held(seed);
      const again = await new World({ seed, isTraced: true }).run();
      expect(again).toMatchObject({ hash: once.hash, steps: once.steps, runs: once.runs });
    }
    expect((await held(3)).hash).not.toBe((await held(4)).hash);
  },
  PATIENCE_MS,
);
