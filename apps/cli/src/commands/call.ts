// majordomo call: asks one method and prints what it answers.

import type { CallOptions, Client } from '@majordomo/client';
import { parseAddress } from '@majordomo/protocol';
import { readJson } from '../input/json-text.js';
import { jsonLine, prettyJson } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import { UsageError } from '../settings/usage-error.js';
import { askingSettings, Interrupt, withClient } from './asking.js';
import type { CommandLine } from './command.js';

/** All of the command line that concerns the request. */
interface Wanted {
  readonly address: string;
  readonly input: unknown;
  readonly streams: boolean;
  readonly options: CallOptions;
}

export async function call(line: CommandLine): Promise<number> {
  const { wanted, problems } = await readWanted(line);
  const settings = await askingSettings(line, problems);
  const interrupt = new Interrupt();
  interrupt.listen();
  try {
    await withClient(settings, async (client) => {
      const options = { ...wanted.options, deadlineMs: settings.timeout, signal: interrupt.signal };
      await (wanted.streams ? printStream : printValue)(client, { ...wanted, options }, line.screen);
    });
  } catch (error) {
    if (interrupt.exitCode === undefined) throw error;
  } finally {
    interrupt.unlisten();
  }
  return interrupt.exitCode ?? 0;
}

async function printValue(client: Client, { address, input, options }: Wanted, screen: Screen): Promise<void> {
  const value = await client.call(address, input, options);
  await screen.result(screen.json ? jsonLine(value) : prettyJson(value));
}

async function printStream(client: Client, { address, input, options }: Wanted, screen: Screen): Promise<void> {
  for await (const value of client.stream(address, input, options)) await screen.result(jsonLine(value));
}

async function readWanted(line: CommandLine): Promise<{ readonly wanted: Wanted; readonly problems: string[] }> {
  const [address, json] = line.args;
  const { stream, wait, header, idempotencyKey: key } = line.flags;
  const problems: string[] = [];
  if (address === undefined) problems.push('the address is missing: majordomo call <service.method> [json]');
  else if (parseAddress(address) === undefined) problems.push(`"${address}" is not an address: write service.method`);
  const input = await readInput(json, problems);
  const headers = readHeaders(Array.isArray(header) ? header : [], problems);
  if (stream === true && key !== undefined)
    problems.push('--idempotency-key is for one value: a stream cannot be handed over twice');
  const options: CallOptions = {
    ...(headers === undefined ? {} : { headers }),
    ...(wait === true ? { waitForService: true } : {}),
    ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
  };
  return { wanted: { address: address ?? '', input, streams: stream === true, options }, problems };
}

/** undefined for no argument: the method is called without input. */
async function readInput(json: string | undefined, problems: string[]): Promise<unknown> {
  if (json === undefined) return undefined;
  try {
    return json === '-' ? readJson(await readStdin(), 'stdin') : readJson(json, 'the argument');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

async function readStdin(): Promise<string> {
  const { text } = await import('node:stream/consumers');
  return text(process.stdin);
}

/** `k=v`, split at the first `=`. The values are texts. */
function readHeaders(given: readonly unknown[], problems: string[]): Record<string, string> | undefined {
  if (given.length === 0) return undefined;
  const headers: [string, string][] = [];
  for (const header of given.map(String)) {
    const at = header.indexOf('=');
    if (at > 0) headers.push([header.slice(0, at), header.slice(at + 1)]);
    else problems.push(`--header ${header}: write name=value`);
  }
  return Object.fromEntries(headers);
}
