// The time of one process: it drifts against the world's, and stops for good when the process dies.
//
// T1. Nothing of a dead process is called any more: no timer, no end of turn, and so no promise of it goes on.
// T2. Times of the world are multiples of 1/64 ms, so that sums of them are exact and a run can be repeated.

import type { Cancel, Clock } from '@majordomo/runtime';
import type { FakeClock } from '@majordomo/runtime/fake';

const GRAIN = 64;

/** @returns the same span or a little more, without a rest that sums up (T2). */
export function grained(ms: number): number {
  return Math.ceil(ms * GRAIN) / GRAIN;
}

export interface ProcessTime {
  /** Local milliseconds for one of the world's. */
  readonly rate: number;
  /** What it shows when the world begins: processes have no zero in common. */
  readonly offsetMs: number;
  /** How far its calendar is from the world's. */
  readonly dateSkewMs: number;
  /** Runs it now, or when the process goes on that is stopped. */
  readonly gate: (act: () => void) => void;
}

export class ProcessClock implements Clock {
  readonly #world: FakeClock;
  readonly #time: ProcessTime;
  #isDead = false;

  constructor(world: FakeClock, time: ProcessTime) {
    this.#world = world;
    this.#time = time;
  }

  now(): number {
    return this.#time.offsetMs + this.#world.now() * this.#time.rate;
  }

  date(): number {
    return Math.round(this.#world.date() + this.#time.dateSkewMs);
  }

  setTimer(dueInMs: number, fn: () => void): Cancel {
    if (this.#isDead) return () => {};
    let isCancelled = false;
    const cancel = this.#world.setTimer(grained(Math.max(0, dueInMs) / this.#time.rate), () => {
      if (!this.#isDead) this.#time.gate(() => (isCancelled ? undefined : fn()));
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  endOfTurn(fn: () => void): void {
    this.#world.endOfTurn(() => {
      if (!this.#isDead) this.#time.gate(fn);
    });
  }

  /** T1. */
  kill(): void {
    this.#isDead = true;
  }
}
