// What a handler threw: is it worth another attempt, and how long to wait before it?
//
// T1. Exponential backoff with full jitter: anything from 0 to `baseMs` doubled with each attempt, at most `maxMs`, so that requests that
//     failed together do not come back together.
// T2. A RetryableError says for itself that it may be tried again, and when, if it knows; any other error is up to the method's policy.
// T3. Errors are known by their name and shape, not by instanceof: two copies of this package may be loaded.

import {
  callback,
  hasMember,
  isNamed,
  member,
  optionProblems,
  wholeNumberFrom,
  WIRE_LIMITS,
  type Chance,
  type OptionRules,
} from '@majordomo/protocol';

/** How a method is tried again when its handler throws. Times in ms. */
export interface RetryOptions {
  /** How often a request is handed out in all before it is given up, 1 to 65,535. Default: that of the broker, 5. */
  readonly maxAttempts?: number;
  /** Longest wait before the second attempt; it doubles with each further one. 1 ms to 24 days. Default: 100. */
  readonly baseMs?: number;
  /** Longest wait of all. 1 ms to 24 days. Default: 30,000. */
  readonly maxMs?: number;
  /** Is this error worth another attempt? What it throws counts as no. Default: every error is. */
  readonly retryOn?: (error: unknown) => boolean;
}

/** All of it decided. */
export interface RetryPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Undefined: only what says so itself is tried again. */
  readonly retryOn: ((error: unknown) => boolean) | undefined;
}

/** For RetryableErrors of methods without a policy: a hiccup is over after 100 ms, and an outage is asked about twice a minute. */
const DEFAULTS = { baseMs: 100, maxMs: 30_000 } as const;

const RULES: OptionRules<RetryOptions> = {
  maxAttempts: wholeNumberFrom(1, WIRE_LIMITS.attemptsMax),
  baseMs: wholeNumberFrom(1, WIRE_LIMITS.timeMaxMs),
  maxMs: wholeNumberFrom(1, WIRE_LIMITS.timeMaxMs),
  retryOn: callback,
};

/** Everything that is wrong with these options, one sentence each. */
export function retryProblems(given: RetryOptions): string[] {
  const problems = optionProblems(given, RULES).map((problem) => `retry: ${problem}`);
  const { baseMs = DEFAULTS.baseMs, maxMs = DEFAULTS.maxMs } = given;
  if (problems.length === 0 && baseMs > maxMs) problems.push(`retry: baseMs (${baseMs}) is more than maxMs (${maxMs})`);
  return problems;
}

/** The policy of a method with these options, which have no problems; undefined for none. */
export function retryPolicy(given: RetryOptions | undefined): RetryPolicy {
  const { baseMs = DEFAULTS.baseMs, maxMs = DEFAULTS.maxMs } = given ?? {};
  const retryOn = given === undefined ? undefined : (given.retryOn ?? always);
  return { baseMs, maxMs, retryOn };
}

function always(): boolean {
  return true;
}

/**
 * @param attempt the one that has just failed, from 1.
 * @returns how long to wait before the next, in whole ms; undefined when there is to be none.
 */
export function retryAfterMs(
  thrown: unknown,
  attempt: number,
  { baseMs, maxMs, retryOn }: RetryPolicy,
  chance: Chance,
): number | undefined {
  const isAsked = isRetryable(thrown);
  if (!isAsked && !allows(retryOn, thrown)) return undefined;
  const said = isAsked ? member(thrown, 'afterMs') : undefined;
  if (typeof said === 'number') return Math.min(Math.max(0, Math.ceil(said) || 0), WIRE_LIMITS.timeMaxMs);
  return Math.round(chance.backoffMs(attempt - 1, baseMs, maxMs));
}

/** T3. A time that cannot be read is none. */
function isRetryable(thrown: unknown): thrown is object {
  if (!isNamed(thrown, 'RetryableError') || !hasMember(thrown, 'afterMs')) return false;
  const afterMs = member(thrown, 'afterMs');
  return afterMs === undefined || typeof afterMs === 'number';
}

function allows(retryOn: RetryPolicy['retryOn'], thrown: unknown): boolean {
  try {
    return retryOn?.(thrown) === true;
  } catch {
    return false;
  }
}
