// The guard against regressions: is the ratio to the floor still what it was when the baseline was written?
//
// A ratio to bare sockets on the same machine in the same minute is the one figure that a slower machine does not change much.

import { measured, type Row } from './rows.js';

/** A ratio may be this much worse than the baseline before the check fails; the cells differ by up to 15 % from run to run. */
export const TOLERANCE = 0.25;

/** What is looked at: throughput where many are in flight, the median where one is. */
export const CHECKED = [
  { cell: '64x1000', figure: 'throughput' },
  { cell: '64x100', figure: 'throughput' },
  { cell: '1024x1000', figure: 'throughput' },
  { cell: '64x1', figure: 'median' },
] as const;

/** Majordomo's figure by the floor's, for each cell that is checked. */
export type Baseline = Readonly<Record<string, number>>;

/** One sentence for each cell, and whether all is well. */
export interface Verdict {
  readonly isGood: boolean;
  readonly sentences: readonly string[];
}

/** The ratios of a run; a cell in which one of the two was not measured is left out. */
export function ratiosOf(rows: readonly Row[]): Baseline {
  const found = CHECKED.flatMap(({ cell, figure }) => {
    const [own, floor] = [measured(rows, cell, 'majordomo'), measured(rows, cell, 'floor')];
    if (own === undefined || floor === undefined) return [];
    return [[cell, figure === 'throughput' ? own.perSecond / floor.perSecond : own.p50 / floor.p50] as const];
  });
  return Object.fromEntries(found);
}

/** Reads a baseline file's text; throws when it is not one. */
export function parseBaseline(text: string): Baseline {
  const value: unknown = JSON.parse(text);
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || entries.some(([, ratio]) => typeof ratio !== 'number'))
    throw new Error('the baseline is no object of ratios; write it with npm run bench -- --update-baseline');
  return Object.fromEntries(entries) as Baseline;
}

/** Compares; `baseline` is undefined when there is none. */
export function compare(ratios: Baseline, baseline: Baseline | undefined): Verdict {
  if (baseline === undefined) {
    const sentences = ['There is no baseline; write it with npm run bench -- --update-baseline, on a machine at rest.'];
    return { isGood: false, sentences };
  }
  const findings = CHECKED.map(({ cell, figure }) => {
    const [now, before] = [ratios[cell], baseline[cell]];
    if (before === undefined)
      return { isGood: false, sentence: `${cell} is not in the baseline; write it with --update-baseline.` };
    if (now === undefined) return { isGood: false, sentence: `${cell} could not be measured.` };
    // How much worse, as a share of what it was: less throughput, or a longer time.
    const worse = figure === 'throughput' ? 1 - now / before : now / before - 1;
    const change = worse >= 0 ? `${percent(worse)} worse` : `${percent(-worse)} better`;
    const isGood = worse <= TOLERANCE;
    const verdict = isGood ? 'is fine' : `is more than the ${percent(TOLERANCE)} that noise explains`;
    const what = `${figure} by the floor's is ${now.toFixed(3)}, was ${before.toFixed(3)}`;
    return { isGood, sentence: `${cell}: ${what}: ${change}, which ${verdict}.` };
  });
  return { isGood: findings.every((each) => each.isGood), sentences: findings.map((each) => each.sentence) };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
