// Time: what it is now, one way to be called later, and when a turn ends. The only timers of the house are here.
//
// C1. `now` never goes back and has nothing to do with the calendar.
// C2. A timer never fires before it is set, nor after it was cancelled; it may fire late.

import { performance } from 'node:perf_hooks';
import type { Milliseconds } from '@majordomo/protocol';

/** Undoes a timer. May be called twice, and after the timer has fired. */
export type Cancel = () => void;

export interface Clock {
  /** Monotonic milliseconds with fractions. */
  now(): Milliseconds;
  /** The date, in ms since 1970. Only for what outlives the process: it jumps. */
  date(): number;
  /**
   * Calls `fn` once, later.
   *
   * @param dueInMs from now; 0 or less is as soon as possible, Infinity never. The process stays alive until it has fired or is cancelled.
   */
  setTimer(dueInMs: number, fn: () => void): Cancel;
  /** Calls `fn` once when all input that is ready now has been taken. */
  endOfTurn(fn: () => void): void;
}

/** What setTimeout holds: 24 days. */
const TIMER_MAX_MS = 2_147_483_647;

function never(): void {}

/** The time of this machine. */
export class SystemClock implements Clock {
  now(): Milliseconds {
    return performance.now();
  }

  date(): number {
    return Date.now();
  }

  setTimer(dueInMs: number, fn: () => void): Cancel {
    if (dueInMs === Infinity) return never;
    // setTimeout counts whole milliseconds; rounding up keeps C2 but for a fraction, which callers compare with now().
    const timer = setTimeout(fn, Math.min(Math.max(1, Math.ceil(dueInMs)), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  }

  endOfTurn(fn: () => void): void {
    setImmediate(fn);
  }
}
