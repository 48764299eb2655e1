// What a broker does, as lines on stderr: for people on a terminal, as JSON everywhere else.
//
// L1. Lines are written at once: the last ones of a process that dies are not lost.

import { BROKER_EVENT_LEVELS, type BrokerEvent } from '@majordomo/broker';
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

/** Writes one event: its fields as they are, and its name as the message. */
export function logEvent(log: Logger, event: BrokerEvent): void {
  const { event: name, ...fields } = event;
  log[BROKER_EVENT_LEVELS[name]](fields, name);
}
