// Options: what was given, checked against a table that says what there is, becomes a complete and frozen object.
//
// X1. Every problem is reported, all together; an unknown key is one, with the nearest known one.
// X2. undefined is "not given": the default holds.
// X3. No text at all can be given only where it is the default.

import {
  flag,
  numberFrom,
  optionProblems,
  refuseProblems,
  textUpTo,
  wholeNumberFrom,
  type OptionRules,
} from './option-rules.js';

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

/** Longest text that an option takes. */
const TEXT_BYTES_MAX = 4_096;

/** What is wrong with a value for this option; undefined when nothing is. */
export function optionProblem<T>(spec: OptionSpec<T>, value: unknown): string | undefined {
  return typeProblem(spec, value) ?? spec.check?.(value as T);
}

function typeProblem(
  spec: Pick<OptionSpec<unknown>, 'type' | 'min' | 'max' | 'fallback'>,
  value: unknown,
): string | undefined {
  const { type, min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  switch (type) {
    case 'milliseconds':
      return numberFrom(min, max, 'a number of milliseconds')(value);
    case 'bytes':
    case 'count':
      return wholeNumberFrom(min, max)(value);
    case 'text':
      // X3
      return value === '' && spec.fallback === '' ? undefined : textUpTo(TEXT_BYTES_MAX)(value);
    case 'texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string')
        ? undefined
        : 'must be a list of texts';
    case 'flag':
      return flag(value);
    case 'other':
      return undefined;
    default:
      return type satisfies never;
  }
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
  const rules: Record<string, (value: unknown) => string | undefined> = {};
  const resolved: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries<OptionSpec<unknown>>(table as Record<string, OptionSpec<unknown>>)) {
    const value = (given as Record<string, unknown>)[key];
    rules[key] = (found) => optionProblem(spec, found);
    resolved[key] = value === undefined ? spec.fallback : value;
  }
  const problems = optionProblems(given, rules as OptionRules<Options>);
  if (problems.length === 0) problems.push(...(contradictions?.(resolved as Options) ?? []));
  refuseProblems(what, problems);
  return Object.freeze(resolved as Options);
}
