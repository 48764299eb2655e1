// What a broker does, as lines on stderr: for people on a terminal, as JSON everywhere else.
//
// L1. Lines are written at once: the last ones of a process that dies are not lost.
// L2. Lines about one kind of event are bounded: so many at once, then so many a second. The next line counts those left out.
// L3. What a peer has sent, such as its identity, appears without control characters and at most so long.

import { BROKER_EVENT_LEVELS, type BrokerEvent } from '@majordomo/broker';
import { Allowance, plainText } from '@majordomo/protocol';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { ProcessSettings } from '../settings/tables.js';

const STDERR = 2;

export interface LogTarget {
  /** stderr is a terminal. */
  readonly isTerminal: boolean;
  readonly noColor: boolean;
}

/** The log of a broker as a process: its level a word of LOG_LEVELS, its format one of LOG_FORMATS. */
export async function brokerLog(
  { logLevel, logFormat }: ProcessSettings,
  { isTerminal, noColor }: LogTarget,
): Promise<Logger> {
  const isText = logFormat === 'text' || (logFormat === 'auto' && isTerminal);
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, isText ? await textLines(isTerminal && !noColor) : pino.destination({ fd: STDERR, sync: true }));
}

/** A line for each entry and its fields behind it; loaded only where it is wanted. */
async function textLines(colorize: boolean): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination: STDERR,
    sync: true,
    colorize,
    // The process number is of use to programs only.
    ignore: 'pid',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    errorLikeObjectKeys: ['err'],
  });
}

/** L2: a thousand workers that come or go at once are seen one by one; peers that come and go all the time are not. */
const LINES_MAX = 1_000;
const REFILL_MS = 50;

/** @returns writes one event: its fields as they are, and its name as the message. */
export function eventLog(log: Logger, now: () => number = () => performance.now()): (event: BrokerEvent) => void {
  const allowances = new Map<string, Allowance>();
  const left = new Map<string, number>();
  return ({ event: name, ...fields }) => {
    const level = BROKER_EVENT_LEVELS[name];
    if (!log.isLevelEnabled(level)) return;
    let allowance = allowances.get(name);
    if (allowance === undefined) allowances.set(name, (allowance = new Allowance(LINES_MAX, REFILL_MS, now())));
    const suppressedLines = left.get(name) ?? 0;
    if (!allowance.take(now())) {
      left.set(name, suppressedLines + 1);
      return;
    }
    left.set(name, 0);
    log[level](suppressedLines === 0 ? plain(fields) : { ...plain(fields), suppressedLines }, name);
  };
}

/** L3. */
function plain(fields: object): object {
  const texts = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? plainText(value) : value,
  ]);
  return Object.fromEntries(texts) as object;
}
