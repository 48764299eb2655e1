// Lets a port deliver what has arrived before its owner decides what has not arrived.
//
// N1. `then` runs after a turn of the event loop in which the sockets were read and after which nothing else took long: whatever computed
//     at the end of that turn may have let input arrive meanwhile.
// N2. It waits on while input is being delivered, but no longer than `lateMs`, and never longer than `drainMaxMs`: a peer that
//     sends without end cannot keep timers from firing. A process that computes in every turn cannot either.
// N3. After a stall, input counts as read when none was delivered for `drainQuietMs`: the I/O thread of libzmq was stopped
//     with the process and reads from the kernel at its own pace.

import type { Milliseconds } from '@majordomo/protocol';
import type { Clock } from './clock.js';
import type { PortLimits } from './limits.js';

type DrainLimits = Pick<PortLimits, 'drainMaxMs' | 'drainQuietMs'>;

/** Later than this, in ms, the process was stalled; less is an ordinary delay of a timer in a busy process. */
const STALLED_MS = 100;
/** A turn that took longer, in ms, may have had input arrive behind its reading. */
const LONG_TURN_MS = 5;
/** So many long turns one after the other are how this process is: timers do not wait for a short one any more. */
const LONG_TURNS_MAX = 3;
/** Between two looks at a stalled process's input, in ms. */
const LOOK_AGAIN_MS = 2;

export class InputDrain {
  readonly #clock: Clock;
  readonly #limits: DrainLimits;
  #delivered = 0;

  constructor(clock: Clock, limits: DrainLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Messages and notices that were delivered. */
  get count(): number {
    return this.#delivered;
  }

  /** Something was delivered: a message, or the notice that a connection is gone. */
  delivered(): void {
    this.#delivered += 1;
  }

  /** Calls `then` once, later (N1 to N3). */
  run(lateMs: Milliseconds, then: () => void): void {
    new Drain(this.#clock, this.#limits, this, then).begin(lateMs);
  }
}

/** One such wait. */
class Drain {
  #quietMs = 0;
  #quietSince: Milliseconds = 0;
  #until: Milliseconds = 0;
  #seen = 0;
  #turnBegan: Milliseconds = 0;
  #longTurns = 0;

  constructor(
    readonly clock: Clock,
    readonly limits: DrainLimits,
    readonly input: InputDrain,
    readonly done: () => void,
  ) {}

  begin(lateMs: Milliseconds): void {
    this.#seen = this.input.count;
    this.#stalled(lateMs, this.clock.now());
    this.#awaitTurn();
  }

  #stalled(forMs: Milliseconds, now: Milliseconds): void {
    const { drainMaxMs, drainQuietMs } = this.limits;
    this.#quietSince = now;
    this.#until = Math.max(this.#until, now + Math.min(forMs, drainMaxMs));
    if (forMs >= STALLED_MS) this.#quietMs = drainQuietMs;
  }

  readonly #awaitTurn = (): void => {
    this.#turnBegan = this.clock.now();
    this.clock.endOfTurn(this.#look);
  };

  readonly #look = (): void => {
    const now = this.clock.now();
    const turnMs = now - this.#turnBegan;
    const isQuiet = this.input.count === this.#seen;
    this.#seen = this.input.count;
    if (!isQuiet) this.#quietSince = now;
    const isLong = turnMs > LONG_TURN_MS && ++this.#longTurns <= LONG_TURNS_MAX;
    if (isLong) this.#stalled(turnMs, now);
    else if ((isQuiet && now - this.#quietSince >= this.#quietMs) || now >= this.#until) return this.done();
    if (this.#quietMs === 0 || isLong) this.#awaitTurn();
    else this.clock.setTimer(LOOK_AGAIN_MS, this.#awaitTurn);
  };
}
