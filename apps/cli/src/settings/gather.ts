// Gathers the sources of a command's settings and resolves its table, so that every command has one call to make.

import type { OptionTable } from '@majordomo/protocol';
import { CONFIG_KEY, problemsOfOthers } from './known-names.js';
import { resolveSettings, type Resolved, type Sources } from './settings.js';
import { readSettingsFile } from './settings-file.js';
import { UsageError } from './usage-error.js';
import { variableOf } from './setting-names.js';

export interface GatherOptions {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string>>;
  /** Found before, by whoever read the arguments. */
  readonly problems: readonly string[];
}

/**
 * Reads the file, if one is named, and resolves the table.
 *
 * @param contradictions what is wrong between settings that are each right; asked only when they all are.
 * @throws UsageError with every problem of flags, variables and file together.
 */
export async function gatherSettings<Options extends object>(
  table: OptionTable<Options>,
  { flags, variables, problems: found }: GatherOptions,
  contradictions?: (values: Options) => readonly string[],
): Promise<Resolved<Options>> {
  const problems = [...found];
  const path = flags[CONFIG_KEY] ?? variables[variableOf(CONFIG_KEY)];
  let file: Sources['file'];
  try {
    file = typeof path === 'string' ? await readSettingsFile(path) : undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
  }
  const sources = { flags, variables, file };
  const resolved = resolveSettings(table, sources);
  problems.push(...resolved.problems, ...(await problemsOfOthers(sources, Object.keys(table))));
  if (problems.length === 0) problems.push(...(contradictions?.(resolved.values) ?? []));
  if (problems.length > 0) throw new UsageError(problems);
  return resolved;
}
