// What may be given as an option: every problem is found and told together, an unknown key with the known one that is nearest.

import { MajordomoError } from './errors.js';
import { nearestName } from './nearest.js';
import { shown } from './shown.js';
import { isWellFormed } from './text.js';

/** What people call options by the names of other libraries, and what they may mean here: the first that there is. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  timeout: ['deadlineMs', 'timeoutMs', 'connectTimeoutMs', 'executionTimeoutMs', 'drainTimeoutMs'],
  timeoutMs: ['deadlineMs', 'connectTimeoutMs', 'executionTimeoutMs', 'drainTimeoutMs'],
  timeoutInMs: ['deadlineMs', 'timeoutMs'],
  ttl: ['expiresMs', 'deadlineMs'],
  expires: ['expiresMs'],
  delay: ['runAtMs'],
  delayMs: ['runAtMs'],
  runAt: ['runAtMs'],
  abortSignal: ['signal'],
  key: ['idempotencyKey', 'orderingKey'],
  messageId: ['idempotencyKey'],
  dedupeKey: ['idempotencyKey'],
  metadata: ['headers'],
  url: ['brokers', 'bind'],
  urls: ['brokers', 'bind'],
  servers: ['brokers'],
  address: ['brokers', 'bind'],
  endpoint: ['brokers', 'bind'],
  endpoints: ['brokers', 'bind'],
  port: ['bind'],
  listen: ['bind'],
  handlers: ['services'],
  instances: ['services'],
  prefetch: ['concurrency'],
  attempts: ['maxAttempts', 'retry'],
  retries: ['maxAttempts', 'retry'],
  log: ['logger'],
  dataDir: ['data'],
  dir: ['data'],
};

/** The option that was meant by an unknown one. */
function meantOption(key: string, known: readonly string[]): string | undefined {
  const others = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key] : undefined;
  return others?.find((other) => known.includes(other)) ?? nearestName(key, known);
}

/** Looks at one value that was given. @returns what is wrong with it, to be read after the name: `must be …`; undefined when nothing is. */
export type OptionRule = (value: unknown) => string | undefined;

/** The known options and their rules. */
export type OptionRules<Options> = Readonly<Record<keyof Options & string, OptionRule>>;

/** A number from `min` to `max`; `what` says in words what kind of number. */
export function numberFrom(min: number, max: number, what = 'a number'): OptionRule {
  return (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : `must be ${what} from ${min} to ${max}, not ${shown(value)}`;
}

/** A whole number from `min` to `max`. */
export function wholeNumberFrom(min: number, max: number): OptionRule {
  return (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}, not ${shown(value)}`;
}

/**
 * A text of 1 to `bytesMax` bytes without control characters. Half of a surrogate pair has no bytes: whatever an encoder writes in its
 * place, two texts would become one.
 */
export function textUpTo(bytesMax: number): OptionRule {
  return (value) => {
    if (typeof value === 'string' && !isWellFormed(value)) return 'must not have half of a surrogate pair';
    return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= bytesMax && !/\p{Cc}/u.test(value)
      ? undefined
      : `must be a text of 1 to ${bytesMax} bytes without control characters`;
  };
}

export function flag(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false';
}

export function callback(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'must be a function';
}

export function plainRecord(value: unknown): string | undefined {
  try {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined;
  } catch {
    // A revoked Proxy.
  }
  return 'must be a plain object';
}

/** Everything that is wrong with these options, one sentence each. Keys whose value is undefined count as not given. */
export function optionProblems<Options>(given: object, rules: OptionRules<Options>): string[] {
  const problems: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, key) ? rules[key as keyof Options & string] : undefined;
    if (rule === undefined) {
      const nearest = meantOption(key, Object.keys(rules));
      problems.push(`${key} is not an option${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
    } else if (value !== undefined) {
      const problem = rule(value);
      if (problem !== undefined) problems.push(`${key} ${problem}`);
    }
  }
  return problems;
}

/**
 * Refuses what is no object of options at all.
 *
 * @param example how the function is called, for the message.
 * @throws MajordomoError INVALID_OPTION.
 */
export function refuseWrongOptions(of: string, given: unknown, example: string): void {
  if (plainRecord(given) === undefined) return;
  refuseProblems(of, [`the options must be an object, as in ${example}, not ${shown(given)}`]);
}

/**
 * Refuses options with problems.
 *
 * @param of whose options they are, for the message: `connect`.
 * @throws MajordomoError INVALID_OPTION that names them all, also in `details.problems`.
 */
export function refuseProblems(of: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new MajordomoError('INVALID_OPTION', `${of}: ${problems.join('; ')}`, { details: { problems } });
}
