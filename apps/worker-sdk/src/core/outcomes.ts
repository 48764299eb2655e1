// What the worker remembers of runs that are over, so that the same request is answered again and not run again.
//
// O1. An outcome that no broker has taken yet waits for one until the deadline of its request; nobody wants it after that.
// O2. Then it is kept for `outcomeAgeMs`: a broker may be restarted after it took a reply and before it passed it on.
// O3. Bounds by count and bytes hold for both together. At the bound the oldest taken one goes first, then the oldest of the others:
//     such a request would run a second time, which is what "at least once" allows.

import { List, type Milliseconds, type TimerWheel } from '@majordomo/protocol';
import { WORKER_LIMITS } from './limits.js';
import type { RunTable } from './run-table.js';
import type { Run } from './state.js';

/** Ages are looked at this often, in ms. */
const AGE_STEP_MS = 1_000;

export class Outcomes {
  /** No broker has taken the reply yet (O1), oldest first. */
  readonly unheard = new List<Run>();
  /** Some broker has (O2), oldest first. */
  readonly heard = new List<Run>();
  readonly #runs: RunTable;
  readonly #timers: TimerWheel<Run | undefined>;
  #bytes = 0;

  constructor(runs: RunTable, timers: TimerWheel<Run | undefined>) {
    this.#runs = runs;
    this.#timers = timers;
  }

  get size(): number {
    return this.unheard.length + this.heard.length;
  }

  /** Keeps the outcome of a run that has just ended. Its deadline timer, if still set, bounds the wait for a taker. */
  remember(run: Run): void {
    this.#bytes += run.outcomeBytes + WORKER_LIMITS.outcomeBytes;
    if (run.isSet) this.unheard.pushBack(run);
    else this.heard.pushBack(run);
    this.#makeRoom(run);
  }

  /** O3. */
  #makeRoom(newest: Run): void {
    while (
      this.heard.length > WORKER_LIMITS.outcomesHeardMax ||
      this.size > WORKER_LIMITS.outcomesMax ||
      this.#bytes > WORKER_LIMITS.outcomesBytesMax
    ) {
      const oldest = this.heard.first ?? this.unheard.first;
      if (oldest === undefined || oldest === newest) return;
      this.#forget(oldest);
    }
  }

  /** A broker has taken the reply, or nobody wants it any more. */
  settle(run: Run): void {
    if ((run.list as unknown) !== this.unheard) return;
    this.unheard.remove(run);
    this.#timers.clear(run);
    this.heard.pushBack(run);
    this.#makeRoom(run);
  }

  /** Forgets what is too old (O2). */
  expire(now: Milliseconds): void {
    for (let run = this.heard.first; run !== undefined; run = this.heard.first) {
      if (run.finishedAt + WORKER_LIMITS.outcomeAgeMs > now) return;
      this.#forget(run);
    }
  }

  wakeAt(): Milliseconds {
    const oldest = this.heard.first;
    if (oldest === undefined) return Infinity;
    return Math.ceil((oldest.finishedAt + WORKER_LIMITS.outcomeAgeMs) / AGE_STEP_MS) * AGE_STEP_MS;
  }

  /** A remembered run is in hand again. */
  takeBack(run: Run): void {
    (run.list as unknown as List<Run>).remove(run);
    this.#bytes -= run.outcomeBytes + WORKER_LIMITS.outcomeBytes;
    this.#timers.clear(run);
  }

  #forget(run: Run): void {
    this.takeBack(run);
    this.#runs.delete(run);
    run.become('gone');
  }
}
