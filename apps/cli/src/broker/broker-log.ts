// What a broker does, as lines on stderr: for people on a terminal, as JSON everywhere else.
//
// L1. Lines are written at once: the last ones of a process that dies are not lost.

import type { BrokerEvent } from '@majordomo/broker';
import { pino, type DestinationStream, type Level, type Logger } from 'pino';
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

/** How much each event matters: what costs a request or a peer is a warning; what happens all day is for who looks for it. */
const LEVELS: Readonly<Record<BrokerEvent['event'], Level>> = {
  'worker.joined': 'info',
  'worker.draining': 'info',
  'worker.left': 'info',
  'worker.lost': 'warn',
  'service.unavailable': 'warn',
  'client.joined': 'debug',
  'client.left': 'debug',
  'client.lost': 'info',
  // One line for each; worker.lost has said how many.
  'request.redelivered': 'debug',
  'request.dead': 'warn',
  'link.refused': 'warn',
  'journal.opened': 'debug',
  'journal.read': 'info',
  'journal.damaged': 'error',
  'journal.full': 'error',
  'journal.room': 'warn',
  'drain.begun': 'info',
  'drain.ended': 'info',
};

/** Writes one event: its fields as they are, and its name as the message. */
export function logEvent(log: Logger, event: BrokerEvent): void {
  const { event: name, ...fields } = event;
  log[LEVELS[name]](fields, name);
}
