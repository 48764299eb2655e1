// The simulation finds bugs: every broken variant is found in the worlds that are always the same, by a rule that it breaks.

import { readFileSync } from 'node:fs';
import { hunt } from './hunt.js';
import { HUNTED_SEEDS, seedsFrom } from './seeds.js';
import { VARIANTS } from './variants/index.js';

/** As in sim.test.ts. */
const PATIENCE_MS = 300_000;

test('there are at least twenty broken variants, each under its own name', () => {
  expect(new Set(VARIANTS.map(({ name }) => name)).size).toBe(VARIANTS.length);
  expect(VARIANTS.length).toBeGreaterThanOrEqual(20);
});

test('docs/simulation.md has a row for each of them', () => {
  const page = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
  const named = [...page.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, name]) => name);
  expect(named).toEqual(expect.arrayContaining(VARIANTS.map(({ name }) => name)));
});

test.each(VARIANTS.map((variant) => [variant.name, variant] as const))(
  'found: %s',
  async (_, variant) => {
    const { found } = await hunt(variant, seedsFrom(1, HUNTED_SEEDS));
    expect(found?.problem).toMatch(variant.rule);
  },
  PATIENCE_MS,
);
