// What a bench is told by its flags: how much load, of which kind, for how long.
//
// P1. By flag only: what a bench does to a service must be seen where it is started.

import type { OptionTable } from '@majordomo/protocol';
import { resolveSettings } from '../settings/settings.js';
import type { LoadPlan } from './load.js';
import { fileProblem } from './target-file.js';

/** Times in ms. */
export interface BenchPlan extends LoadPlan {
  readonly connections: number;
  /** Size of a body of bytes that is sent instead of JSON. */
  readonly bodyBytes: number | undefined;
  /** Where the distribution is written to. */
  readonly hdr: string | undefined;
}

/** As given: what was not is undefined. */
type Given = Omit<BenchPlan, 'duration' | 'requests'> & {
  readonly duration: number | undefined;
  readonly requests: number | undefined;
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** One process does not make more than some tens of thousands; what was typed by mistake is found. */
const RATE_MAX = 1_000_000;
const REQUESTS_MAX = 1_000_000_000;
/** As many as a client takes, whatever its broker allows. */
const IN_FLIGHT_MAX = 100_000;
const CONNECTIONS_MAX = 1_000;
const BODY_BYTES_MAX = 1_024 ** 3;

const DEFAULT_DURATION = 10_000;
/** Less measures nothing but the start. */
const DURATION_MIN = 10;

const TABLE: OptionTable<Given> = {
  inFlight: { type: 'count', fallback: 100, help: 'calls under way at most', min: 1, max: IN_FLIGHT_MAX },
  connections: { type: 'count', fallback: 1, help: 'clients that make them', min: 1, max: CONNECTIONS_MAX },
  duration: { type: 'milliseconds', fallback: undefined, help: 'how long it is measured', min: DURATION_MIN, max: DAY },
  warmUp: { type: 'milliseconds', fallback: 1_000, help: 'before it is measured', min: 0, max: DAY },
  requests: { type: 'count', fallback: undefined, help: 'calls that are measured', min: 1, max: REQUESTS_MAX },
  rate: { type: 'count', fallback: undefined, help: 'calls that are due in a second', min: 1, max: RATE_MAX },
  bodyBytes: { type: 'bytes', fallback: undefined, help: 'size of a body', min: 0, max: BODY_BYTES_MAX },
  hdr: {
    type: 'text',
    fallback: undefined,
    help: 'file for the distribution',
    check: (path) => (path === undefined ? undefined : fileProblem(path)),
  },
};

/**
 * Reads the plan from the flags.
 *
 * @param hasInput an input was named beside the flags.
 * @returns the plan, and what is wrong with it; then it is not to be used.
 */
export function readPlan(
  flags: Readonly<Record<string, unknown>>,
  hasInput: boolean,
): { readonly plan: BenchPlan; readonly problems: readonly string[] } {
  const { values, problems } = resolveSettings(TABLE, { flags, variables: {}, file: undefined });
  const { requests, duration, ...rest } = values;
  const plan: BenchPlan = {
    ...rest,
    requests: requests ?? Infinity,
    duration: duration ?? (requests === undefined ? DEFAULT_DURATION : Infinity),
  };
  const isClash = requests !== undefined && duration !== undefined;
  return {
    plan,
    problems: [
      ...problems,
      ...(isClash ? ['--duration and --requests both say when it is over: give one of them'] : []),
      ...(hasInput && plan.bodyBytes !== undefined ? ['--body-bytes stands in for the input: give one of them'] : []),
      ...(plan.connections > plan.inFlight
        ? [`--connections ${plan.connections}: with --in-flight ${plan.inFlight} some would have nothing to do`]
        : []),
    ],
  };
}
