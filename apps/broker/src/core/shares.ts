// Bounds of single tables that follow `memoryBytesMax`: where their own settings are too large for it, a share of it holds instead.

import type { BrokerSettings } from './settings.js';

const OUTCOMES_SHARE = 1 / 8;
const UNREAD_SHARE = 1 / 2;
const UNREAD_PER_SESSION_SHARE = 1 / 4;
const DEAD_LETTERS_SHARE = 1 / 16;
const DEFERRED_SHARE = 1 / 8;
const LOADED_SHARE = 1 / 8;

/** Bytes of remembered outcomes. */
export function outcomeBytesMax({ dedupeBytesMax, memoryBytesMax }: BrokerSettings): number {
  return Math.min(dedupeBytesMax, memoryBytesMax * OUTCOMES_SHARE);
}

/** Bytes of outcomes when their clients may not have read them. */
export function unreadOutcomeBytesMax({ memoryBytesMax }: BrokerSettings): number {
  return memoryBytesMax * UNREAD_SHARE;
}

/** Bytes of outcomes of one client session, beyond which it gets BUSY until it has acknowledged some of them. */
export function sessionOutcomeBytesMax({ memoryBytesMax }: BrokerSettings): number {
  return memoryBytesMax * UNREAD_PER_SESSION_SHARE;
}

/** Bytes of dead letters. */
export function deadLetterBytesMax({ deadLettersBytesMax, memoryBytesMax }: BrokerSettings): number {
  return Math.min(deadLettersBytesMax, memoryBytesMax * DEAD_LETTERS_SHARE);
}

/** Bytes of what waits until the journal has been read. */
export function deferralBytesMax({ deferredBytesMax, memoryBytesMax }: BrokerSettings): number {
  return Math.min(deferredBytesMax, memoryBytesMax * DEFERRED_SHARE);
}

/** Bodies of durable requests in memory, leased ones included, beyond which only the first of a queue is read (bodies.ts B2). */
export function loadedBytesMax({ memoryBytesMax }: BrokerSettings): number {
  return memoryBytesMax * LOADED_SHARE;
}
