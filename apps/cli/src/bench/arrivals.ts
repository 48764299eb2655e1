// When the calls of an open loop are due: at a constant rate, whatever became of those before.
//
// A1. Call k is due at start + k / rate. It is multiplied, not added up: after an hour nothing has drifted.
// A2. A call that is not begun when it is due stays due. It is begun later, under its own time, and never left out.

import type { Milliseconds } from '@majordomo/protocol';

const SECOND_MS = 1_000;

export class Arrivals {
  readonly #startAt: Milliseconds;
  readonly #ratePerSecond: number;
  readonly #endAt: Milliseconds;
  #taken = 0;

  /** @param endAt calls that would be due then or later do not exist; may be Infinity. */
  constructor(startAt: Milliseconds, ratePerSecond: number, endAt: Milliseconds) {
    this.#startAt = startAt;
    this.#ratePerSecond = ratePerSecond;
    this.#endAt = endAt;
  }

  /** When the next one is due: in the past if it is late (A2), Infinity if there is none any more. */
  nextAt(): Milliseconds {
    return this.#dueAt(this.#taken);
  }

  /** Takes the next one if it is due. @returns when it was. */
  take(now: Milliseconds): Milliseconds | undefined {
    const dueAt = this.nextAt();
    if (dueAt > now) return undefined;
    this.#taken += 1;
    return dueAt;
  }

  /** How many are due by now and were not taken. */
  waiting(now: Milliseconds): number {
    const reckoned = ((Math.min(now, this.#endAt) - this.#startAt) * this.#ratePerSecond) / SECOND_MS;
    let due = Math.max(0, Math.floor(reckoned));
    // Rounding may be off by one.
    while (this.#dueAt(due) <= now) due += 1;
    while (due > 0 && this.#dueAt(due - 1) > now) due -= 1;
    return Math.max(0, due - this.#taken);
  }

  #dueAt(number: number): Milliseconds {
    const dueAt = this.#startAt + (number * SECOND_MS) / this.#ratePerSecond;
    return dueAt < this.#endAt ? dueAt : Infinity;
  }
}
