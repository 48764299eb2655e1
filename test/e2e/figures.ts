// What the tests measure on the way, kept in test/dist/figures for whoever wants to quote it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Keeps the figures of one test file under its name. Times in ms, one decimal is enough. */
export function keepFigures(name: string, figures: Readonly<Record<string, number>>): void {
  const folder = fileURLToPath(new URL('../dist/figures/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Math.round(value * 10) / 10]));
  writeFileSync(`${folder}${name}.json`, `${JSON.stringify(rounded, null, 2)}\n`);
}

/** The value below which this share of the values lies: 0.99 of 20 values is the largest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
