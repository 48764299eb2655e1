// The one place that reads the environment.

import { isOurVariable } from './setting-names.js';

export interface Environment {
  /** Our variables (MAJORDOMO_…) that are set to something; an empty one counts as not set. */
  readonly variables: Readonly<Record<string, string>>;
  /** Nothing is to be coloured: NO_COLOR is set to anything, or the terminal is a dumb one. */
  readonly noColor: boolean;
}

export function readEnvironment(from: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (isOurVariable(name) && value !== undefined && value !== '') variables[name] = value;
  }
  return { variables, noColor: (from['NO_COLOR'] ?? '') !== '' || from['TERM'] === 'dumb' };
}
