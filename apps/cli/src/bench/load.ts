// The load as a machine: which call begins now, which of them count, and when it is over. It reads no clock and calls nobody.
//
// L1. Closed loop: every place has its call; when that has ended, the next one begins. Open loop: calls are due at a constant rate.
// L2. Latency counts from when a call was due, not from when it was begun. In a closed loop that is the same; in an open one a service
//     that stalls is charged with everybody who had to wait meanwhile (no coordinated omission).
// L3. Never more calls under way than there are places. A call that is due when all are taken is delayed until one is free.
// L4. A call counts if it was due in the measured time. What is under way at the end of it is waited for: the slowest are not cut off.
//     What is due but finds no place before the end is not begun, and counted as that. What the warm-up has left waiting is dropped.
// L5. In a closed loop, who is told to wait (BUSY) keeps its place for so long; and what fails before it leaves this process keeps it for
//     a moment, so that it cannot fill a turn for ever. Arrivals wait for nobody.

import { Timer, TimerWheel, type MajordomoError, type Milliseconds } from '@majordomo/protocol';
import { Arrivals } from './arrivals.js';
import type { Tally } from './tally.js';

/** What L5 calls a moment, in ms: the least that a timer can wait. */
const MOMENT_MS = 1;

/** How a load is to be. Times in ms. */
export interface LoadPlan {
  /** Places: calls under way at most, over all connections. */
  readonly inFlight: number;
  readonly warmUp: number;
  /** Of the measured time; Infinity when `requests` ends it. */
  readonly duration: number;
  /** Counted calls that are made; Infinity when `duration` ends it. */
  readonly requests: number;
  /** Calls that are due in a second; undefined for a closed loop. */
  readonly rate: number | undefined;
}

/** A call that was begun. */
export interface Call {
  readonly dueAt: Milliseconds;
  /** Not one of the warm-up. */
  readonly counts: boolean;
}

export class Load {
  /** When the measured time begins and is to end. */
  readonly measureAt: Milliseconds;
  readonly endAt: Milliseconds;
  readonly #plan: LoadPlan;
  readonly #tally: Tally;
  /** Those that count; undefined in a closed loop. */
  readonly #measured: Arrivals | undefined;
  /** Those of the warm-up, then those that count. */
  #arrivals: Arrivals | undefined;
  /** L5: the places that are kept. */
  readonly #kept = new TimerWheel<undefined>();
  #state: 'running' | 'finishing' | 'over' = 'running';
  #inFlight = 0;
  #countedInFlight = 0;
  #begun = 0;
  /** When a place was free again after all had been taken. */
  #freedAt = -Infinity;
  #overAt: Milliseconds = Infinity;

  /** @param tally is told what becomes of the calls that count. */
  constructor(plan: LoadPlan, tally: Tally, now: Milliseconds) {
    this.#plan = plan;
    this.#tally = tally;
    this.measureAt = now + plan.warmUp;
    this.endAt = this.measureAt + plan.duration;
    if (plan.rate === undefined) return;
    this.#arrivals = new Arrivals(now, plan.rate, this.measureAt);
    this.#measured = new Arrivals(this.measureAt, plan.rate, this.endAt);
  }

  get inFlight(): number {
    return this.#inFlight;
  }
  /** Calls that count and have not ended. */
  get unfinished(): number {
    return this.#countedInFlight;
  }
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** How much of the measured time has gone by, in ms. */
  measuredMs(now: Milliseconds): number {
    return Math.max(0, Math.min(now, this.#overAt, this.endAt) - this.measureAt);
  }

  /** The next call that begins now; to be asked until there is none. */
  take(now: Milliseconds): Call | undefined {
    if (this.#state !== 'running') return undefined;
    this.#kept.expire(now, () => undefined);
    if (now >= this.measureAt) this.#arrivals = this.#measured;
    const dueAt = this.#isFull ? undefined : this.#nextDue(now);
    if (dueAt === undefined) {
      if (now >= this.endAt) this.#finish(now);
      return undefined;
    }
    return this.#begin(dueAt, now);
  }

  /** A call has ended, with an error or without. */
  settle({ dueAt, counts }: Call, error: MajordomoError | undefined, now: Milliseconds): void {
    if (this.#state === 'over') return;
    if (this.#isFull) this.#freedAt = now;
    this.#inFlight -= 1;
    if (counts) {
      this.#countedInFlight -= 1;
      if (error === undefined) this.#tally.answer(now - dueAt);
      else this.#tally.fail(error);
    }
    // Those of the warm-up too: who looks at a service from outside counts what it answers in a time.
    if (now >= this.measureAt && now <= this.endAt) this.#tally.pass(error === undefined);
    if (error !== undefined && this.#arrivals === undefined) this.#keep(error, now);
    if (this.#state === 'finishing' && this.#inFlight === 0) this.#end(now);
  }

  /** When `take` has something to say that no ending of a call brings about. */
  wakeAt(): Milliseconds {
    if (this.#state !== 'running') return Infinity;
    const [due, later] = this.#isFull ? [] : [this.#arrivals?.nextAt(), this.#measured?.nextAt()];
    return Math.min(this.endAt, this.#kept.wakeAt(), due ?? Infinity, later ?? Infinity);
  }

  /** Somebody has had enough: it is over now, and what is under way stays unfinished. */
  stop(now: Milliseconds): void {
    if (this.#state === 'running') this.#finish(now);
    if (this.#state === 'finishing') this.#end(now);
  }

  get #isFull(): boolean {
    return this.#inFlight + this.#kept.size >= this.#plan.inFlight;
  }

  #nextDue(now: Milliseconds): Milliseconds | undefined {
    if (this.#arrivals !== undefined) return this.#arrivals.take(now);
    return now < this.endAt ? now : undefined;
  }

  #begin(dueAt: Milliseconds, now: Milliseconds): Call {
    const counts = dueAt >= this.measureAt;
    this.#inFlight += 1;
    if (counts) {
      this.#countedInFlight += 1;
      this.#begun += 1;
      if (dueAt < this.#freedAt) this.#tally.delay();
      if (this.#begun === this.#plan.requests) this.#finish(now);
    }
    return { dueAt, counts };
  }

  /** L5 */
  #keep({ retryAfterMs, stage }: MajordomoError, now: Milliseconds): void {
    const keptMs = Math.max(retryAfterMs, stage === 'client' ? MOMENT_MS : 0);
    if (keptMs > 0) this.#kept.set(new Timer(undefined, 'kept'), now + keptMs, now);
  }

  /** Nothing is begun any more. L4: what is due by now was not. */
  #finish(now: Milliseconds): void {
    this.#state = 'finishing';
    const waiting = this.#measured?.waiting(now) ?? 0;
    this.#tally.neverBegun = Math.min(waiting, this.#plan.requests - this.#begun);
    if (this.#inFlight === 0) this.#end(now);
  }

  #end(now: Milliseconds): void {
    this.#state = 'over';
    this.#overAt = now;
  }
}
