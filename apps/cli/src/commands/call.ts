// majordomo call: asks one method and prints what it answers.

import type { CallOptions, Client } from '@majordomo/client';
import { jsonLine, prettyJson } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import { askingSettings, askInterruptibly } from './asking.js';
import { readable } from './codec-flag.js';
import type { CommandLine } from './command.js';
import { readRequestLine, type RequestLine } from './request-line.js';

export async function call(line: CommandLine): Promise<number> {
  const { wanted, problems } = await readWanted(line);
  const settings = await askingSettings(line, problems);
  return askInterruptibly(settings, (client, signal) => {
    const options = { ...wanted.options, deadlineMs: settings.timeout, signal };
    return (wanted.streams ? printStream : printValue)(client, { ...wanted, options }, line.screen);
  });
}

async function printValue(client: Client, { address, input, options }: RequestLine, screen: Screen): Promise<void> {
  const value = readable(await client.call(address, input, options), options.codec);
  await screen.result(screen.json ? jsonLine(value) : prettyJson(value));
}

async function printStream(client: Client, { address, input, options }: RequestLine, screen: Screen): Promise<void> {
  for await (const value of client.stream(address, input, options)) {
    await screen.result(jsonLine(readable(value, options.codec)));
  }
}

async function readWanted(line: CommandLine): Promise<{ readonly wanted: RequestLine; readonly problems: string[] }> {
  const problems: string[] = [];
  const asked = await readRequestLine(line, problems);
  const { idempotencyKey: key } = line.flags;
  if (asked.streams && key !== undefined)
    problems.push('--idempotency-key is for one value: a stream cannot be handed over twice');
  const options: CallOptions = { ...asked.options, ...(typeof key === 'string' ? { idempotencyKey: key } : {}) };
  return { wanted: { ...asked, options }, problems };
}
