// Which settings there are at all: a variable or file that configures the broker is no mistake in another command.
//
// N1. The broker is loaded only when there is a name that the asking commands do not know: they start in half the time without it.

import { keyOfVariable } from './setting-names.js';
import { unknownNames, type Sources } from './settings.js';
import { ASKING_TABLE, PROCESS_TABLE } from './tables.js';

/** MAJORDOMO_CONFIG, which names the file itself. */
export const CONFIG_KEY = 'config';

/** A problem for every variable and file key that no command knows. */
export async function unknownToAll(sources: Pick<Sources, 'variables' | 'file'>): Promise<string[]> {
  const here = [CONFIG_KEY, ...Object.keys(ASKING_TABLE), ...Object.keys(PROCESS_TABLE)];
  const given = [...Object.keys(sources.variables).map(keyOfVariable), ...Object.keys(sources.file?.values ?? {})];
  if (given.every((key) => here.includes(key))) return [];
  const { BROKER_OPTIONS } = await import('@majordomo/broker');
  return unknownNames(sources, [...here, ...Object.keys(BROKER_OPTIONS)]);
}
