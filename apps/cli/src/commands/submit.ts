// majordomo submit: hands a request over for good, prints its ticket, and its outcome if that is wanted.

import type { SubmitOptions, Ticket } from '@majordomo/client';
import { askingSettings, askInterruptibly } from './asking.js';
import type { CommandLine } from './command.js';
import { readRequestLine } from './request-line.js';
import { readSubmitFlags } from './submit-flags.js';
import { printResult } from './ticket.js';

export async function submit(line: CommandLine): Promise<number> {
  const problems: string[] = [];
  const { address, input, options: asked } = await readRequestLine(line, problems);
  const terms = readSubmitFlags(line.flags, Date.now());
  const settings = await askingSettings(line, [...problems, ...terms.problems]);
  const { headers, codec } = asked;
  return askInterruptibly(settings, async (client, signal) => {
    const options: SubmitOptions = { ...terms.options, headers, codec, deadlineMs: settings.timeout, signal };
    const ticket = await client.submit(address, input, options);
    const isAwaited = line.flags['wait'] === true;
    await printTicket(ticket, isAwaited, line);
    if (isAwaited) await printResult(ticket, { timeoutMs: settings.timeout, signal, codec }, line.screen);
  });
}

/** The result has stdout for itself, as with call; for programs both are lines of it. */
async function printTicket(ticket: Ticket, isAwaited: boolean, { screen }: CommandLine): Promise<void> {
  if (screen.json) await screen.result(JSON.stringify({ ticket: ticket.id }));
  else if (isAwaited) screen.aside(`ticket ${ticket.id}`);
  else await screen.result(ticket.id);
}
