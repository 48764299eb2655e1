// Options: what was given, checked against a table that says what there is, becomes a complete and frozen object.
//
// X1. Every problem is reported, all together; an unknown key is one, with the nearest known one.
// X2. undefined is "not given": the default holds.

import { MajordomoError } from './errors.js';
import { nearestName } from './nearest.js';

/** What a value is, for checking it and for reading it from a flag, the environment or a file. */
export type OptionType = 'milliseconds' | 'bytes' | 'count' | 'text' | 'texts' | 'flag' | 'other';

/** One option: its type, its default, its range, and a sentence on it. */
export interface OptionSpec<T> {
  readonly type: OptionType;
  readonly fallback: T;
  readonly help: string;
  /** Numbers only; both ends included. */
  readonly min?: number;
  readonly max?: number;
  /** What else must hold: the problem in words, without the name of the option. */
  readonly check?: (value: T) => string | undefined;
}

export type OptionTable<Options> = { readonly [Key in keyof Options]-?: OptionSpec<Options[Key]> };

const UNITS: Partial<Record<OptionType, string>> = {
  milliseconds: 'a number of milliseconds',
  bytes: 'a number of bytes',
  count: 'a whole number',
};

function numberProblem(spec: Pick<OptionSpec<unknown>, 'type' | 'min' | 'max'>, value: unknown): string | undefined {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  const isWhole = isNumber && (spec.type === 'milliseconds' || Number.isInteger(value));
  if (isNumber && isWhole && value >= min && value <= max) return undefined;
  return `must be ${UNITS[spec.type] ?? 'a number'} from ${min} to ${max}, not ${shown(value)}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** What is wrong with a value for this option; undefined when nothing is. */
export function optionProblem<T>(spec: OptionSpec<T>, value: unknown): string | undefined {
  switch (spec.type) {
    case 'milliseconds':
    case 'bytes':
    case 'count': {
      const problem = numberProblem(spec, value);
      if (problem !== undefined) return problem;
      break;
    }
    case 'text':
      if (typeof value !== 'string') return `must be a text, not ${shown(value)}`;
      break;
    case 'texts':
      if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) return 'must be a list of texts';
      break;
    case 'flag':
      if (typeof value !== 'boolean') return `must be true or false, not ${shown(value)}`;
      break;
    case 'other':
      break;
    default:
      return spec.type satisfies never;
  }
  return spec.check?.(value as T);
}

/** "unknown option retires (did you mean retries?)" */
export function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  return nearest === undefined ? `unknown option ${key}` : `unknown option ${key} (did you mean ${nearest}?)`;
}

/**
 * Resolves options.
 *
 * @param what whose options, for the message: `connect()`.
 * @param contradictions problems between fields that are each right by themselves.
 * @returns every option of the table, frozen.
 * @throws MajordomoError INVALID_OPTION with all problems in its message and in `details.problems`.
 */
export function resolveOptions<Options extends object>(
  what: string,
  table: OptionTable<Options>,
  given: object,
  contradictions?: (options: Options) => readonly string[],
): Readonly<Options> {
  const known = Object.keys(table);
  const problems: string[] = [];
  for (const key of Object.keys(given)) if (!Object.hasOwn(table, key)) problems.push(unknownKey(key, known));
  const resolved: Record<string, unknown> = {};
  for (const key of known) {
    const spec = (table as Record<string, OptionSpec<unknown>>)[key] as OptionSpec<unknown>;
    const value = (given as Record<string, unknown>)[key];
    resolved[key] = value === undefined ? spec.fallback : value;
    const problem = value === undefined ? undefined : optionProblem(spec, value);
    if (problem !== undefined) problems.push(`${key} ${problem}`);
  }
  if (problems.length === 0) problems.push(...(contradictions?.(resolved as Options) ?? []));
  if (problems.length > 0) {
    throw new MajordomoError('INVALID_OPTION', `${what}: ${problems.join('; ')}`, { details: { problems } });
  }
  return Object.freeze(resolved as Options);
}
