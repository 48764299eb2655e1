// The word behind a command that can do several things, and what it is done to.

import { nearestName } from '@majordomo/protocol';
import type { CommandLine } from './command.js';

/**
 * Reads `<action> <id>` from the arguments.
 *
 * @param actions by the word that stands for each.
 * @param named what the id is of, for the message.
 * @param others words that need no id and are dealt with elsewhere; a message names them too.
 * @returns the action and the id, something when there is a problem with them, and the problems; the caller may add to them.
 */
export function readAction<Action extends string>(
  { command, args }: CommandLine,
  actions: Readonly<Record<Action, unknown>>,
  named: string,
  others: readonly string[] = [],
): { readonly action: Action; readonly id: string; readonly problems: string[] } {
  const known = Object.keys(actions) as [Action];
  const [word, id = ''] = args;
  const action = known.find((each) => each === word);
  const problems: string[] = [];
  if (word === undefined) problems.push(`say what is to be done: ${command} <${known.join('|')}> <${named}>`);
  else if (action === undefined) problems.push(`${word}: unknown action${hint(word, [...others, ...known])}`);
  else if (id === '') problems.push(`the ${named} is missing: ${command} ${word} <${named}>`);
  return { action: action ?? known[0], id, problems };
}

function hint(word: string, known: readonly string[]): string {
  const nearest = nearestName(word, known);
  return nearest === undefined ? `; the actions are ${known.join(', ')}` : ` (did you mean ${nearest}?)`;
}
