// What kind of world a seed makes: who lives there, what they are asked, and which evils befall them. Not every world has every evil:
// one that has few of them gets further, and what hides behind another evil is found there.

import { resolveBrokerOptions, type BrokerOptions } from '@majordomo/broker';
import type { Dice } from '../fuzz/dice.js';

/** Evils, and how many of a hundred misfortunes are of that kind; 0: not in this world. */
export interface Evils {
  readonly cut: number;
  readonly silence: number;
  readonly oneWay: number;
  readonly isolate: number;
  readonly slow: number;
  readonly stall: number;
  readonly pause: number;
  readonly crashBroker: number;
  readonly crashWorker: number;
  readonly crashClient: number;
  readonly crashMidway: number;
  readonly drainWorker: number;
  readonly drainBroker: number;
  readonly diskFull: number;
  readonly diskError: number;
  readonly diskSlow: number;
}

export interface Plan {
  readonly brokers: number;
  readonly workers: number;
  readonly clients: number;
  readonly isDurable: boolean;
  /** Handlers at work at once in one worker. */
  readonly concurrency: number;
  /** How long misfortunes go on, in ms of the world. */
  readonly faultMs: number;
  /** Mean time between two misfortunes, and between two requests of one client. */
  readonly misfortuneMs: number;
  readonly askMs: number;
  /** Clocks run faster or slower by up to so much. */
  readonly drift: number;
  readonly evils: Evils;
  readonly options: Readonly<BrokerOptions>;
}

const NO_EVILS: Evils = {
  cut: 0,
  silence: 0,
  oneWay: 0,
  isolate: 0,
  slow: 0,
  stall: 0,
  pause: 0,
  crashBroker: 0,
  crashWorker: 0,
  crashClient: 0,
  crashMidway: 0,
  drainWorker: 0,
  drainBroker: 0,
  diskFull: 0,
  diskError: 0,
  diskSlow: 0,
};
const DISK_EVILS: ReadonlySet<string> = new Set(['diskFull', 'diskError', 'diskSlow']);

/** Times of the world's brokers, in ms. Shorter than the defaults, in the same order: nothing is waited for that is not a rule. */
export const TIMES = Object.freeze({
  heartbeatMs: 500,
  silenceMaxMs: 3_000,
  /** Longer than any client goes on asking. */
  dedupeWindowMs: 30_000,
  clientAwayMaxMs: 3_000,
  absenceMaxMs: 1_500,
  serviceAwaitMaxMs: 2_500,
  awaitTurnMs: 500,
  serviceKeepMs: 60_000,
  resultKeepMs: 300_000,
  collectedKeepMs: 200_000,
  deadLetterKeepMs: 300_000,
  /** The longest that a call is worth waiting for. */
  deadlineMaxMs: 6_000,
});

export function planOf(dice: Dice): Plan {
  const isDurable = dice.oneIn(2);
  return {
    brokers: dice.of([1, 1, 2, 2, 3]),
    workers: 1 + dice.below(3),
    clients: 1 + dice.below(3),
    isDurable,
    concurrency: 1 + dice.below(3),
    faultMs: 4_000 + dice.below(5_000),
    misfortuneMs: 100 + dice.below(500),
    askMs: 50 + dice.below(150),
    drift: dice.of([0, 0.001, 0.02]),
    evils: evilsOf(dice, isDurable),
    options: optionsOf(dice),
  };
}

/** How long a message may be under way in such a world, in ms; Infinity where anything may hold it up. */
export function latenessOf({ evils }: Plan): number {
  const { silence, oneWay, isolate, stall, pause, slow } = evils;
  if (silence + oneWay + isolate + stall + pause > 0) return Infinity;
  return slow > 0 ? 2_000 : 200;
}

function evilsOf(dice: Dice, isDurable: boolean): Evils {
  const evils: Record<string, number> = {};
  for (const name of Object.keys(NO_EVILS)) {
    const isPossible = isDurable || !DISK_EVILS.has(name);
    const most = name === 'cut' ? 12 : 5;
    evils[name] = isPossible && dice.oneIn(2) ? 1 + dice.below(most) : 0;
  }
  return { ...NO_EVILS, ...evils };
}

function optionsOf(dice: Dice): Readonly<BrokerOptions> {
  const { deadlineMaxMs, ...times } = TIMES;
  void deadlineMaxMs;
  const maxAttempts = dice.of([2, 3, 5]);
  return resolveBrokerOptions({
    ...times,
    maxAttempts,
    resendHoldMs: dice.of([200, 1_000]),
    isolateAfterAttempts: dice.of([1, 2]),
    queueLengthMax: dice.of([3, 20, 1_000]),
    storedCountMax: dice.of([20, 10_000, 10_000]),
    // Not drawn: the worlds of known seeds stay as they are.
    memoryBytesMax: 64 * 1024 * 1024,
    readAheadMax: [1, 2, 1_000][maxAttempts % 3] ?? 1,
    requestsPerSessionMax: dice.of([20, 1_000]),
    storeFullRetryMs: 200,
    busyRetryMs: 100,
    expiresMs: 25_000,
  });
}
