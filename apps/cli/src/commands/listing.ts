// majordomo services, workers, queues, dead-letters: what brokers know, as tables or JSON.
//
// L1. Every broker that is named is asked by itself, for brokers know nothing of each other; the rows of all stand in one table.
// L2. A broker that does not answer takes nothing from what the others say; the command then ends with its error.

import type { Client } from '@majordomo/client';
import { isMajordomoError } from '@majordomo/protocol';
import { textTable, type Column } from '../output/text-table.js';
import { jsonLine } from '../output/plain-json.js';
import { tellFailure } from '../output/failure.js';
import { askingSettings, withClient } from './asking.js';
import type { CommandLine } from './command.js';
import { LISTS, type Described } from './lists.js';

interface Answer {
  readonly broker: string;
  readonly rows?: readonly Described[];
  readonly error?: unknown;
}

/** One list of one kind. */
export async function list(kind: keyof typeof LISTS, line: CommandLine): Promise<number> {
  const settings = await askingSettings(line);
  const brokers = [...new Set(settings.broker)];
  const answers = await Promise.all(
    brokers.map(async (broker): Promise<Answer> => {
      try {
        const ask = { broker: [broker], connectTimeout: settings.connectTimeout };
        const options = { deadlineMs: settings.timeout };
        const rows = await withClient(ask, async (client) => {
          const first = await client.call<Described[]>(LISTS[kind].address, undefined, options);
          return kind === 'dead-letters' ? [...first, ...(await unlistedLetters(client, options))] : first;
        });
        return { broker, rows };
      } catch (error) {
        return { broker, error };
      }
    }),
  );
  if (answers.some(({ rows }) => rows !== undefined)) await print(kind, answers, line);
  const failures = answers.filter(({ rows }) => rows === undefined);
  return failures.reduce((code, { error }) => tellFailure(line.screen, error, line.command) || code, 0);
}

/** An older broker keeps none beyond its list. */
function none(error: unknown): Described[] {
  if (isMajordomoError(error, 'NO_SUCH_METHOD')) return [];
  throw error;
}

/** Dead letters for which the broker has no room in memory, page by page. */
export async function unlistedLetters(client: Client, options: { readonly deadlineMs: number }): Promise<Described[]> {
  const all: Described[] = [];
  for (let after = ''; ;) {
    const page = await client.call<Described[]>('majordomo.deadLettersAfter', after, options).catch(none);
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined) return all;
    after = String(last['request']);
  }
}

async function print(kind: keyof typeof LISTS, answers: readonly Answer[], { screen }: CommandLine): Promise<void> {
  const { columns, row, compare, empty } = LISTS[kind];
  const all = answers
    .flatMap(({ broker, rows = [] }) => rows.map((described) => ({ broker, described })))
    .sort((a, b) => compare(a.described, b.described));
  if (screen.json) {
    await screen.result(jsonLine(all.map(({ broker, described }) => ({ broker, ...described }))));
  } else if (all.length === 0) {
    screen.aside(`${empty} (${answers.map(({ broker }) => broker).join(', ')})`);
  } else if (answers.length === 1) {
    await screen.result(
      textTable(
        columns,
        all.map(({ described }) => row(described)),
        screen.paint,
      ),
    );
  } else {
    const withBroker: readonly Column[] = [{ title: 'BROKER' }, ...columns];
    await screen.result(
      textTable(
        withBroker,
        all.map(({ broker, described }) => [broker, ...row(described)]),
        screen.paint,
      ),
    );
  }
}
