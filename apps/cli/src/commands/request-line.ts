// The part of a command line that says what is asked: an address, its input, headers, codec. The same words in every command that asks a method.

import type { CallOptions } from '@majordomo/client';
import { addressProblem, parseAddress } from '@majordomo/protocol';
import { readJson } from '../input/json-text.js';
import { UsageError } from '../settings/usage-error.js';
import { readCodec } from './codec-flag.js';
import type { CommandLine } from './command.js';

/** A request as the command line has it. What is wrong with it was added to the problems that were handed in. */
export interface RequestLine {
  readonly address: string;
  /** undefined for no argument: the method is called without input. */
  readonly input: unknown;
  readonly streams: boolean;
  readonly options: CallOptions;
}

/** @param problems those that are found are added to it. */
export async function readRequestLine(line: CommandLine, problems: string[]): Promise<RequestLine> {
  const [address, json] = line.args;
  const { stream, wait, header } = line.flags;
  if (address === undefined) problems.push(`the address is missing: ${line.command} <service.method> [json]`);
  else if (parseAddress(address) === undefined) problems.push(addressProblem(address));
  const input = await readInput(json, problems);
  const headers = readHeaders(Array.isArray(header) ? header : [], problems);
  const codec = readCodec(line.flags, problems);
  const options: CallOptions = {
    ...(headers === undefined ? {} : { headers }),
    ...(wait === true ? { waitForService: true } : {}),
    ...(codec === undefined ? {} : { codec }),
  };
  return { address: address ?? '', input, streams: stream === true, options };
}

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
