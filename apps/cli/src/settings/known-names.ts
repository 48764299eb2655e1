// Which settings there are at all: a variable or file that configures the broker is no mistake in another command.
//
// N1. The broker is loaded only when there is a name that the asking commands do not know: they start in half the time without it.

import type { OptionTable } from '@majordomo/protocol';
import { keyOfVariable } from './setting-names.js';
import { resolveSettings, unknownNames, type SettingsFile, type Sources } from './settings.js';
import { ASKING_TABLE, PROCESS_TABLE } from './tables.js';

/** MAJORDOMO_CONFIG, which names the file itself. */
export const CONFIG_KEY = 'config';

/**
 * What is wrong with the names that were given, and with the values of settings that belong to other commands: a file that a
 * command accepts is one that every command accepts.
 *
 * @param own the keys of the command itself, whose values are checked elsewhere.
 */
export async function problemsOfOthers(
  sources: Pick<Sources, 'variables' | 'file'>,
  own: readonly string[],
): Promise<string[]> {
  const tables: OptionTable<object>[] = [ASKING_TABLE, PROCESS_TABLE];
  const given = [...Object.keys(sources.variables).map(keyOfVariable), ...Object.keys(sources.file?.values ?? {})];
  const mayBeNested = Object.values(sources.file?.values ?? {}).some(isMap);
  if (mayBeNested || !given.every((key) => [CONFIG_KEY, ...namesOf(tables)].includes(key))) {
    const { BROKER_OPTIONS } = await import('@majordomo/broker');
    tables.push(BROKER_OPTIONS);
  }
  const known = [CONFIG_KEY, ...namesOf(tables)];
  const others = Object.entries(Object.assign({}, ...tables) as OptionTable<Record<string, unknown>>);
  const table = Object.fromEntries(others.filter(([key]) => !own.includes(key)));
  return [
    ...unknownNames(sources, known),
    ...resolveSettings(table, { ...sources, flags: {} }).problems,
    ...nested(sources.file, known),
  ];
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesOf(tables: readonly object[]): string[] {
  return tables.flatMap((table) => Object.keys(table));
}

/** Settings that were put below a heading, as `broker: { queueLengthMax: 5 }`. */
function nested(file: SettingsFile | undefined, known: readonly string[]): string[] {
  return Object.entries(file?.values ?? {}).flatMap(([heading, value]) => {
    if (!isMap(value)) return [];
    const inner = Object.keys(value).filter((key) => known.includes(key));
    if (inner.length === 0) return [];
    return [`${file?.path}: ${heading}: settings are not grouped: write ${inner.join(', ')} at the left margin`];
  });
}
