// A clock whose timers fire when they are due and not up to two milliseconds later, as those of the system do.
//
// S1. Lateness of ours would be charged to the service: in an open loop latency counts from when a call was due. So the last moments
//     before a timer are spent turn by turn, in which answers are taken as ever. That keeps one core busy.

import type { Milliseconds } from '@majordomo/protocol';
import type { Cancel, Clock } from '@majordomo/runtime';

/** How much too late timers of the system may be, in ms: they count whole milliseconds, and begin late. */
const BLUNT_MS = 2;

export class SharpClock implements Clock {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Milliseconds {
    return this.#clock.now();
  }

  date(): number {
    return this.#clock.date();
  }

  setTimer(dueInMs: number, fn: () => void): Cancel {
    const dueAt = this.now() + dueInMs;
    let cancelled = false;
    const turn = (): void => {
      if (cancelled) return;
      if (this.now() >= dueAt) fn();
      else this.#clock.endOfTurn(turn);
    };
    const cancel = dueInMs > BLUNT_MS ? this.#clock.setTimer(dueInMs - BLUNT_MS, turn) : undefined;
    if (cancel === undefined) this.#clock.endOfTurn(turn);
    return () => {
      cancelled = true;
      cancel?.();
    };
  }

  endOfTurn(fn: () => void): void {
    this.#clock.endOfTurn(fn);
  }
}
