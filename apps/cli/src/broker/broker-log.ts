// What a broker tells, as lines of JSON on stderr.

import type { BrokerEvent } from '@majordomo/broker';
import { pino, type Level, type Logger } from 'pino';

const STDERR = 2;

/** @param level a word of LOG_LEVELS. Lines are written at once: the last words of a process that dies are not lost. */
export function brokerLog(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, pino.destination({ fd: STDERR, sync: true }));
}

/** How much each event matters: what costs a request or a peer is a warning; what happens all day is for who looks for it. */
const LEVELS: Readonly<Record<BrokerEvent['event'], Level>> = {
  'worker.joined': 'info',
  'worker.draining': 'info',
  'worker.left': 'info',
  'worker.lost': 'warn',
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
