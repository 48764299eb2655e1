// majordomo dead-letters: what brokers have given up: listed, looked into, handed over anew, removed.
//
// L1. A letter is looked for at every broker that is named; who has it does what is wanted.

import { isMajordomoError } from '@majordomo/protocol';
import { jsonLine, prettyJson } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import type { AskingSettings } from '../settings/tables.js';
import { UsageError } from '../settings/usage-error.js';
import { readAction } from './action.js';
import { askingSettings, withClient } from './asking.js';
import type { CommandLine } from './command.js';
import { list, unlistedLetters } from './listing.js';
import { LISTS, type Described } from './lists.js';

/** What is done to one letter: the method of the broker's own service, and what is printed for people. */
const ACTIONS = {
  show: { method: 'deadLetter', text: prettyJson },
  replay: { method: 'deadLetterReplay', text: ({ ticket }: Described) => String(ticket) },
  purge: { method: 'deadLetterPurge', text: ({ purged }: Described) => `purged ${String(purged)}` },
} as const;

export function deadLetters(line: CommandLine): Promise<number> {
  const [word = 'list', extra] = line.args;
  const isAll = line.flags['all'] === true;
  if (isAll && (word !== 'purge' || extra !== undefined)) {
    throw new UsageError([...line.problems, '--all is for purge, without a request']);
  }
  if (isAll) return purgeAll(line);
  if (word !== 'list') return actOnOne(line);
  if (extra === undefined) return list('dead-letters', line);
  throw new UsageError([...line.problems, `${extra}: one argument too many`]);
}

async function actOnOne(line: CommandLine): Promise<number> {
  const { action, id, problems } = readAction(line, ACTIONS, 'request', ['list']);
  const settings = await askingSettings(line, problems);
  const { method, text } = ACTIONS[action];
  const answer = await askEach(settings, method, id);
  await tell(line.screen, answer, text);
  return 0;
}

function tell(screen: Screen, answer: Described, text: (answer: Described) => string): Promise<void> {
  return screen.result(screen.json ? jsonLine(answer) : text(answer));
}

/** L1. @throws what the last broker said, or why one could not be asked, when none has it. */
async function askEach(settings: AskingSettings, method: string, id: string): Promise<Described> {
  let failure: unknown;
  for (const broker of new Set(settings.broker)) {
    try {
      return await ask(settings, broker, `majordomo.${method}`, id);
    } catch (error) {
      const isUnknown = isMajordomoError(error, 'TICKET_UNKNOWN');
      if (!isUnknown && !isMajordomoError(error, 'NO_BROKER')) throw error;
      // It may be there: that one broker does not know it says less.
      if (failure === undefined || !isUnknown) failure = error;
    }
  }
  throw failure;
}

function ask<T = Described>(settings: AskingSettings, broker: string, address: string, input?: unknown): Promise<T> {
  const { connectTimeout, timeout } = settings;
  const only = { broker: [broker], connectTimeout };
  return withClient(only, (client) => client.call<T>(address, input, { deadlineMs: timeout }));
}

async function purgeAll(line: CommandLine): Promise<number> {
  const settings = await askingSettings(line);
  let purged = 0;
  for (const broker of new Set(settings.broker)) {
    const only = { broker: [broker], connectTimeout: settings.connectTimeout };
    const options = { deadlineMs: settings.timeout };
    purged += await withClient(only, async (client) => {
      const listed = await client.call<Described[]>(LISTS['dead-letters'].address, undefined, options);
      const letters = [...listed, ...(await unlistedLetters(client, options))];
      const gone = letters.map(({ request }) =>
        client.call('majordomo.deadLetterPurge', request, options).then(() => 1, notThere),
      );
      return (await Promise.all(gone)).reduce<number>((sum, count) => sum + count, 0);
    });
  }
  await tell(line.screen, { purged }, () => `purged ${purged}`);
  return 0;
}

/** Somebody else was faster. */
function notThere(error: unknown): number {
  if (isMajordomoError(error, 'TICKET_UNKNOWN')) return 0;
  throw error;
}
