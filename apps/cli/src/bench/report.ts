// What a bench has found, as one object: --json prints it, the summary for people is made from it.

import type { Milliseconds } from '@majordomo/protocol';
import type { DistributionPoint, LatencySummary } from './latencies.js';
import type { Load } from './load.js';
import type { BenchPlan } from './plan.js';
import type { ErrorCount, Tally } from './tally.js';

/** Times in ms. Calls of the warm-up are in the two rates only, and there only if they ended in the measured time. */
export interface Report {
  readonly address: string;
  readonly loop: 'closed' | 'open';
  readonly inFlight: number;
  readonly connections: number;
  /** Calls that were due in a second; null in a closed loop. */
  readonly rate: number | null;
  readonly timeoutMs: number;
  readonly warmUpMs: number;
  /** The measured time, as it was. */
  readonly measuredMs: number;
  /** A signal ended it early. */
  readonly interrupted: boolean;
  /** Calls that have ended: answered and failed. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  /** Under way when a signal came. */
  readonly unfinished: number;
  /** Begun late, because all places were taken when they were due. 0 in a closed loop, as the next. */
  readonly delayed: number;
  /** Due, and without a place until the end. */
  readonly neverBegun: number;
  readonly requestsPerSecond: number;
  readonly answeredPerSecond: number;
  /** The most frequent first. */
  readonly errors: readonly ErrorCount[];
  /** Of the answered calls; null when there are none. */
  readonly latencyMs: LatencySummary | null;
  readonly distribution: readonly DistributionPoint[];
}

export interface ReportParts {
  readonly address: string;
  readonly plan: BenchPlan;
  readonly timeoutMs: number;
  readonly load: Load;
  readonly tally: Tally;
  readonly interrupted: boolean;
}

/** @param now when the load was over, or is looked at. */
export function reportOf(
  { address, plan, timeoutMs, load, tally, interrupted }: ReportParts,
  now: Milliseconds,
): Report {
  const measuredMs = load.measuredMs(now);
  const perSecond = (count: number): number => (measuredMs > 0 ? rounded((count * 1_000) / measuredMs) : 0);
  return {
    address,
    loop: plan.rate === undefined ? 'closed' : 'open',
    inFlight: plan.inFlight,
    connections: plan.connections,
    rate: plan.rate ?? null,
    timeoutMs,
    warmUpMs: plan.warmUp,
    measuredMs: rounded(measuredMs),
    interrupted,
    requests: tally.answered + tally.failed,
    answered: tally.answered,
    failed: tally.failed,
    unfinished: load.unfinished,
    delayed: tally.delayed,
    neverBegun: tally.neverBegun,
    requestsPerSecond: perSecond(tally.passed),
    answeredPerSecond: perSecond(tally.passedWell),
    errors: tally.errors,
    latencyMs: tally.latencies.summary() ?? null,
    distribution: tally.latencies.distribution(),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
