// A clock that stands still until it is told to go on: the same calls give the same run, however fast the machine is.
//
// F1. What is due at one instant runs in the order in which it was set; then turns end; and again, until the instant is at rest.

import type { Milliseconds } from '@majordomo/protocol';
import type { Cancel, Clock } from '../clock.js';

interface Due {
  readonly at: Milliseconds;
  readonly order: number;
  fn: (() => void) | undefined;
}

/** Calls at one instant after which a world is taken to be going in circles. */
const CALLS_PER_INSTANT_MAX = 1_000_000;

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export class FakeClock implements Clock {
  #now: Milliseconds = 0;
  /** What is added to make a date; a test may let the calendar jump. */
  dateOffset = 1_700_000_000_000;
  #order = 0;
  /** A binary heap, the next one first. */
  readonly #dues: Due[] = [];
  #turnEnds: (() => void)[] = [];

  now(): Milliseconds {
    return this.#now;
  }

  date(): number {
    return this.#now + this.dateOffset;
  }

  setTimer(dueInMs: number, fn: () => void): Cancel {
    const due: Due = { at: this.#now + Math.max(0, dueInMs), order: ++this.#order, fn };
    if (due.at !== Infinity) this.#push(due);
    return () => {
      due.fn = undefined;
    };
  }

  endOfTurn(fn: () => void): void {
    this.#turnEnds.push(fn);
  }

  /** When something is next to happen: now if this instant is not at rest, Infinity if nothing ever will. */
  nextAt(): Milliseconds {
    if (this.#turnEnds.length > 0) return this.#now;
    this.#dropCancelled();
    return this.#dues[0]?.at ?? Infinity;
  }

  /**
   * Lets time pass, stopping at every instant at which something is due.
   *
   * @param ms 0 brings the present instant to rest.
   */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      this.#rest();
      const next = this.nextAt();
      if (next > until) break;
      this.#now = next;
    }
    this.#now = until;
  }

  /**
   * As `advance`, but promises get their turn between the instants: for code that awaits.
   *
   * @returns settles when the time has passed.
   */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#rest();
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.nextAt();
      if (next > until) break;
      this.#now = next;
    }
    this.#now = until;
  }

  /** F1. */
  #rest(): void {
    let calls = 0;
    while (this.nextAt() <= this.#now) {
      const due = this.#dues[0];
      if (due !== undefined && due.at <= this.#now) {
        this.#pop();
        due.fn?.();
      } else {
        const ends = this.#turnEnds;
        this.#turnEnds = [];
        for (const end of ends) end();
      }
      if (++calls > CALLS_PER_INSTANT_MAX) throw new Error(`the world does not come to rest at ${this.#now} ms`);
    }
  }

  #dropCancelled(): void {
    while (this.#dues[0] !== undefined && this.#dues[0].fn === undefined) this.#pop();
  }

  #push(due: Due): void {
    const dues = this.#dues;
    let at = dues.length;
    dues.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, dues[parent] as Due)) break;
      dues[at] = dues[parent] as Due;
      at = parent;
    }
    dues[at] = due;
  }

  #pop(): void {
    const dues = this.#dues;
    const last = dues.pop();
    if (last === undefined || dues.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= dues.length) break;
      if (child + 1 < dues.length && isBefore(dues[child + 1] as Due, dues[child] as Due)) child += 1;
      if (!isBefore(dues[child] as Due, last)) break;
      dues[at] = dues[child] as Due;
      at = child;
    }
    dues[at] = last;
  }
}
