// Settings from flags, environment, file and defaults, in that order; each remembers where it came from.
//
// S1. Every problem is found and they are told together, each naming the flag, variable or key that is wrong.
// S2. What nobody knows is a problem, with the nearest known name: a slip is never passed over in silence.
// S3. What a stronger source overrides is not looked at: a flag can stand in for a variable that is wrong.
// S4. A plain number is milliseconds where the name says so (drainTimeoutMs); elsewhere (timeout) it needs a unit, since many mean seconds.

import { nearestName, optionProblem, type OptionSpec, type OptionTable, type OptionType } from '@majordomo/protocol';
import { readDuration, readSize } from './quantities.js';
import { flagOf, keyOfVariable, variableOf } from './setting-names.js';

/** The strongest first. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';

/** One setting as it holds. */
export interface Setting {
  readonly value: unknown;
  readonly from: Origin;
  /** The name at its origin: `--bind`, `MAJORDOMO_BIND`, the path of the file; `default`. */
  readonly where: string;
}

/** A file that was read: its top level. */
export interface SettingsFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Sources {
  /** By key, as commander gives them: a text, a list of texts, or true. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly file: SettingsFile | undefined;
}

/** What came of it. `values` is complete only when there are no problems. */
export interface Resolved<Options> {
  readonly values: Options;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly problems: readonly string[];
}

const HOW_TO_WRITE: Partial<Record<OptionType, string>> = {
  milliseconds: 'must be a duration like 250ms, 5s, 2m or 1h (a plain number is milliseconds)',
  bytes: 'must be a size like 10kB, 64MiB or 1GiB (a plain number is bytes)',
  count: 'must be a whole number',
  flag: 'must be true or false',
};

function howToWrite(key: string, type: OptionType): string {
  if (type === 'milliseconds' && !key.endsWith('Ms')) return 'must be a duration like 250ms, 5s, 2m or 1h';
  return HOW_TO_WRITE[type] ?? 'has no value';
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  yes: true,
  no: false,
  on: true,
  off: false,
};

/** S4. What is said about a number of milliseconds under a name that does not end in Ms. */
function unitProblem(key: string, type: OptionType, given: unknown): string | undefined {
  if (type !== 'milliseconds' || key.endsWith('Ms')) return undefined;
  const text = typeof given === 'number' ? String(given) : given;
  if (typeof text !== 'string' || !/^\s*\d+(?:\.\d+)?\s*$/.test(text) || Number(text) === 0) return undefined;
  const digits = text.trim();
  return `needs a unit: write ${digits}s, or ${digits}ms`;
}

/** The value that a text stands for; undefined when it stands for none of that type. */
function readText(type: OptionType, text: string): unknown {
  switch (type) {
    case 'milliseconds':
      return readDuration(text);
    case 'bytes':
      return readSize(text);
    case 'count':
      return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
    case 'texts':
      return listOf(text);
    case 'flag':
      return FLAG_WORDS[text.trim().toLowerCase()];
    case 'text':
    case 'other':
      return text;
    default:
      return type satisfies never;
  }
}

function listOf(text: string): string[] {
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

interface Given {
  readonly value: unknown;
  readonly from: Origin;
  readonly where: string;
  /** For messages: the name and the text that was given for it. */
  readonly said: string;
}

function givenFor(key: string, sources: Sources): Given | undefined {
  const flag = sources.flags[key];
  if (flag !== undefined)
    return { value: flag, from: 'flag', where: flagOf(key), said: `${flagOf(key)} ${shown(flag)}` };
  const name = variableOf(key);
  const variable = sources.variables[name];
  if (variable !== undefined) return { value: variable, from: 'environment', where: name, said: `${name}=${variable}` };
  const { file } = sources;
  if (file === undefined || !Object.hasOwn(file.values, key)) return undefined;
  const value = file.values[key];
  return { value, from: 'file', where: file.path, said: `${file.path}: ${key}: ${shown(value)}` };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(',');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}

/** A value of the right type, or the problem with it. */
function valueOf(
  key: string,
  spec: OptionSpec<unknown>,
  given: unknown,
): { readonly value: unknown } | { readonly problem: string } {
  const unit = unitProblem(key, spec.type, given);
  if (unit !== undefined) return { problem: unit };
  const value = typed(spec.type, given);
  if (value === undefined) return { problem: howToWrite(key, spec.type) };
  const problem = optionProblem(spec, value);
  return problem === undefined ? { value } : { problem };
}

function typed(type: OptionType, given: unknown): unknown {
  if (given === null) return undefined;
  if (typeof given === 'string') return readText(type, given);
  // A flag that was given more than once, each perhaps with a list.
  if (type === 'texts' && Array.isArray(given))
    return given.flatMap((each) => (typeof each === 'string' ? listOf(each) : [each]));
  return given;
}

/**
 * Resolves the settings of a table.
 *
 * @returns the values, where each came from, and what is wrong with the given ones. Names that nobody knows are looked for by `unknownNames`.
 */
export function resolveSettings<Options extends object>(
  table: OptionTable<Options>,
  sources: Sources,
): Resolved<Options> {
  const values: Record<string, unknown> = {};
  const settings: Record<string, Setting> = {};
  const problems: string[] = [];
  for (const [key, spec] of Object.entries(table) as [string, OptionSpec<unknown>][]) {
    const given = givenFor(key, sources);
    const read = given === undefined ? { value: spec.fallback } : valueOf(key, spec, given.value);
    if ('problem' in read) problems.push(`${given?.said ?? key}: ${read.problem}`);
    else {
      values[key] = read.value;
      settings[key] = { value: read.value, from: given?.from ?? 'default', where: given?.where ?? 'default' };
    }
  }
  return { values: values as Options, settings, problems };
}

/** S2. The variables and file keys that are not among the known keys, a problem each. */
export function unknownNames(sources: Pick<Sources, 'variables' | 'file'>, known: readonly string[]): string[] {
  const problems: string[] = [];
  const variables = new Set(known.map(variableOf));
  for (const name of Object.keys(sources.variables)) {
    if (variables.has(name)) continue;
    const nearest = nearestName(keyOfVariable(name), known);
    problems.push(`${name}: unknown variable${nearest === undefined ? '' : ` (did you mean ${variableOf(nearest)}?)`}`);
  }
  const { file } = sources;
  for (const key of Object.keys(file?.values ?? {})) {
    if (known.includes(key)) continue;
    const nearest = nearestName(key, known);
    problems.push(`${file?.path}: ${key}: unknown key${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}`);
  }
  return problems;
}
