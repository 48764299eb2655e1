// How a command says that it did not succeed: on stderr, for people or as JSON, and by its exit code.

import {
  ERRORS,
  isInstance,
  isMajordomoError,
  readThrown,
  stackText,
  type FailedRequest,
  type MajordomoError,
  type Ran,
} from '@majordomo/protocol';
import { EXIT_CODES, exitCodeOf } from '../exit-codes.js';
import { UsageError } from '../settings/usage-error.js';
import { durationText } from '../settings/quantities.js';
import { jsonLine } from './plain-json.js';
import { HINTS } from './hints.js';
import { ReaderGone, type Paint, type Screen } from './screen.js';

const RAN: Readonly<Record<Ran, string>> = {
  no: 'no, the handler was not started',
  yes: 'yes, the handler ran',
  unknown: 'unknown, the handler may have run',
};

/** Tells the failure. @returns the exit code. */
export function tellFailure(screen: Screen, error: unknown, command: string): number {
  if (isInstance(error, ReaderGone)) return EXIT_CODES.ok.code;
  if (isInstance(error, UsageError)) return tellUsage(screen, error, command);
  // An option that only the SDK or the broker could judge, an address that is taken for example: no request of anybody's.
  if (isMajordomoError(error, 'INVALID_OPTION')) return tellUsage(screen, new UsageError(problemsOf(error)), command);
  if (isMajordomoError(error)) return tellMajordomoError(screen, error);
  return tellBug(screen, error);
}

function problemsOf({ details, message }: MajordomoError): readonly string[] {
  const { problems } = details;
  return Array.isArray(problems) && problems.length > 0 ? problems.map(String) : [message];
}

function tellUsage(screen: Screen, error: UsageError, command: string): number {
  const exitCode = EXIT_CODES.usage.code;
  const { problems } = error;
  if (screen.json) screen.aside(jsonLine({ error: { code: 'USAGE', message: error.message, problems }, exitCode }));
  else {
    const [only] = problems;
    if (problems.length === 1) screen.aside(`${command}: ${only}`);
    else
      screen.aside(
        [`${command}: ${problems.length} problems`, ...problems.map((problem) => `  ${problem}`)].join('\n'),
      );
    screen.aside(screen.paintAside.dim(`See ${command} --help.`));
  }
  return exitCode;
}

function tellMajordomoError(screen: Screen, error: MajordomoError): number {
  const { code, message, retryable, retryAfterMs, ran, stage, details, request } = error;
  const { help } = ERRORS[code];
  const exitCode = exitCodeOf(code);
  if (screen.json) {
    const which = request === undefined ? {} : { request };
    const told = { code, message, ran, stage, retryable, retryAfterMs, help, ...which, details };
    screen.aside(jsonLine({ error: told, exitCode }));
    return exitCode;
  }
  const lines: [string, string][] = [
    ['did it run', RAN[ran]],
    ['try again', againText(error)],
    ['what to do', [help, HINTS[code] ?? ''].join(' ').trim()],
  ];
  if (request !== undefined) lines.push(['request', requestText(request)]);
  // What NO_BROKER has to tell is in its message.
  if (Object.keys(details).length > 0 && code !== 'NO_BROKER') lines.push(['details', jsonLine(details)]);
  screen.aside([heading(screen.paintAside, code, message), ...aligned(lines)].join('\n'));
  return exitCode;
}

/** Which call failed, and where, in one line. */
function requestText({ address, id, ticket, broker, worker, attempt }: FailedRequest): string {
  const parts = [
    address,
    ticket === undefined ? id && `id ${id}` : `ticket ${ticket}`,
    broker && `broker ${broker}`,
    worker && `worker ${worker}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
  ];
  return plainLine(parts.filter(Boolean).join(', '));
}

/** The name of a worker comes from a peer. */
function plainLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '�');
}

function againText({ retryable, retryAfterMs }: MajordomoError): string {
  if (!retryable) return 'not as it is';
  return retryAfterMs > 0 ? `yes, after ${durationText(retryAfterMs)}` : 'yes';
}

function heading(paint: Paint, code: string, message: string): string {
  // A message may be a peer's: it must not move the cursor.
  return `${paint.bold(code)}  ${message.replace(/[^\P{Cc}\n]/gu, '�')}`;
}

function aligned(lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([title]) => title.length));
  return lines.map(([title, text]) => `  ${title.padEnd(width)}  ${text}`);
}

/** Not an error of the catalogue: ours. */
function tellBug(screen: Screen, error: unknown): number {
  const exitCode = EXIT_CODES.internal.code;
  const stack = stackText(error);
  const { message } = readThrown(error);
  if (screen.json) screen.aside(jsonLine({ error: { code: 'INTERNAL', message, stack }, exitCode }));
  else screen.aside(`a bug in majordomo, please report it:\n${stack}`);
  return exitCode;
}
