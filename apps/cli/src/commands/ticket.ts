// majordomo ticket: what became of a request that was handed over: how it stands, its outcome, its end.

import type { Codec, ResultOptions, Ticket, TicketStatus } from '@majordomo/client';
import { jsonLine, prettyJson } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import { readAction } from './action.js';
import { askingSettings, askInterruptibly } from './asking.js';
import { readable, readCodec } from './codec-flag.js';
import type { CommandLine } from './command.js';

interface Asked {
  readonly ticket: Ticket;
  readonly screen: Screen;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly codec: Codec | undefined;
}

const ACTIONS = {
  status: async ({ ticket, screen }: Asked) => {
    const status = await ticket.status();
    await screen.result(screen.json ? jsonLine(status) : statusText(status));
  },
  result: ({ ticket, screen, ...options }: Asked) => printResult(ticket, options, screen),
  cancel: async ({ ticket, screen }: Asked) => {
    const cancelled = await ticket.cancel();
    if (screen.json) await screen.result(jsonLine({ ticket: ticket.id, cancelled }));
    else await screen.result(cancelled ? 'cancelled' : 'it had ended before');
  },
};

export async function ticket(line: CommandLine): Promise<number> {
  const { action, id, problems } = readAction(line, ACTIONS, 'ticket');
  const codec = readCodec(line.flags, problems);
  const settings = await askingSettings(line, problems);
  return askInterruptibly(settings, (client, signal) => {
    const options = { timeoutMs: settings.timeout, signal, codec };
    return ACTIONS[action]({ ticket: client.ticket(id), screen: line.screen, ...options });
  });
}

/** Waits for the outcome and prints it as call does; an error is thrown. */
export async function printResult(asked: Ticket, options: ResultOptions, screen: Screen): Promise<void> {
  const value = readable(await asked.result(options), options.codec);
  await screen.result(screen.json ? jsonLine(value) : prettyJson(value));
}

/** A line for each thing that is known, dates as people read them. */
function statusText(status: TicketStatus): string {
  const { ticket: id, address, state, attempt, acceptedAt, expiresAt, settledAt, keptUntil, collected, error } = status;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['ticket', id],
    ['method', address],
    ['state', state],
    ['attempt', String(attempt)],
    ['accepted', dateText(acceptedAt)],
    ['expires', dateText(expiresAt)],
    ['settled', dateText(settledAt)],
    ['kept until', dateText(keptUntil)],
    ['collected', collected === undefined ? undefined : collected ? 'yes' : 'no'],
    // A message may be a peer's: it must not move the cursor.
    ['error', error && `${error.code}  ${error.message}`.replace(/\p{Cc}/gu, '�')],
  ];
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(10)}  ${text}`])).join('\n');
}

function dateText(date: number | undefined): string | undefined {
  return date === undefined ? undefined : new Date(date).toISOString();
}
