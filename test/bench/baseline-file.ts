// Where the baseline of the regression guard is kept: test/bench/baseline.json, written on a machine at rest and committed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHECKED, parseBaseline, type Baseline, type Verdict } from './check.js';

const FILE = fileURLToPath(new URL('../../bench/baseline.json', import.meta.url));

/** The baseline, undefined when there is none. Throws when the file is no baseline. */
export function readBaseline(): Baseline | undefined {
  return existsSync(FILE) ? parseBaseline(readFileSync(FILE, 'utf8')) : undefined;
}

/** Writes it, unless a cell is missing. */
export function writeBaseline(ratios: Baseline): Verdict {
  const missing = CHECKED.filter(({ cell }) => ratios[cell] === undefined).map(({ cell }) => cell);
  if (missing.length > 0) {
    const sentences = [`${missing.join(', ')} could not be measured: the baseline stays as it was.`];
    return { isGood: false, sentences };
  }
  writeFileSync(FILE, `${JSON.stringify(ratios, undefined, 2)}\n`);
  return { isGood: true, sentences: ['test/bench/baseline.json is written.'] };
}
