// What a broker in the application's own process logs: its events, each at its level.

import { plainText } from '@majordomo/protocol';
import type { LogFields, Logger } from '@majordomo/runtime';
import type { BrokerEvent } from './core/events.js';

/** How much each event matters: what costs a request or a peer is a warning; what happens all day is for who looks for it. */
export const BROKER_EVENT_LEVELS: Readonly<Record<BrokerEvent['event'], 'debug' | 'info' | 'warn' | 'error'>> = {
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
  'peer.fault': 'warn',
  'journal.opened': 'debug',
  'journal.read': 'info',
  'journal.damaged': 'error',
  'journal.paused': 'warn',
  'journal.full': 'error',
  'journal.room': 'warn',
  'descriptors.exhausted': 'error',
  'drain.begun': 'info',
  'drain.ended': 'info',
};

/** Writes one event: its name and its fields. Those of the level debug are left to `onEvent`. */
export function logBrokerEvent(logger: Logger | undefined, event: BrokerEvent): void {
  if (logger === undefined) return;
  const level = BROKER_EVENT_LEVELS[event.event];
  if (level === 'debug') return;
  const { event: name, ...fields } = event;
  const texts = Object.entries(fields as LogFields).map(([key, value]) => `${key}=${plainText(String(value))}`);
  logger[level]([name, ...texts].join(' '), event);
}
