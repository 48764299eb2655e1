// What the worker remembers of runs that are over, so that the same request is answered again and not run again.
//
// O1. An outcome that no broker has taken yet waits for one until the deadline of its request; nobody wants it after that.
// O2. Then it is kept for `outcomeAgeMs`: a broker may be restarted after it took a reply and before it passed it on. Plain values go
//     into the archive, where they cost no objects; whoever asks for one again gets a run of it.
// O3. Bounds by count and bytes hold for all that are kept as runs. At the bound the oldest taken one goes first, then the oldest of the
//     others: such a request would run a second time, which is what "at least once" allows. The archive has bounds of its own.

import { List, NO_BYTES, type Milliseconds, type TimerWheel } from '@majordomo/protocol';
import { Archive, type Archived } from './archive.js';
import { WORKER_LIMITS } from './limits.js';
import type { RunTable } from './run-table.js';
import { Run, type ServiceState, type Side } from './state.js';

/** Ages are looked at this often, in ms. */
const AGE_STEP_MS = 1_000;

export interface OutcomesParts {
  readonly runs: RunTable;
  readonly timers: TimerWheel<Run | undefined>;
  readonly sides: () => readonly Side[];
  readonly services: () => readonly ServiceState[];
}

export class Outcomes {
  /** No broker has taken the reply yet (O1), oldest first. */
  readonly unheard = new List<Run>();
  /** Some broker has (O2), oldest first; what is not in the archive. */
  readonly heard = new List<Run>();
  readonly #parts: OutcomesParts;
  readonly #runs: RunTable;
  readonly #timers: TimerWheel<Run | undefined>;
  readonly #archive: Archive;
  #bytes = 0;

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
    this.#runs = parts.runs;
    this.#timers = parts.timers;
    this.#archive = new Archive((instance, request, number) => parts.runs.evicted(instance, request, number));
  }

  get size(): number {
    return this.unheard.length + this.heard.length + this.#archive.size;
  }

  /** The run of this request, in hand or remembered; out of the archive, if it is there. */
  recall(instance: number, request: number): Run | undefined {
    const found = this.#runs.get(instance, request);
    return typeof found === 'number' ? this.#revive(found) : found;
  }

  /** What is in the archive, the latest first. */
  *archived(): IterableIterator<Archived> {
    for (const [number, entry] of this.#archive.latestFirst()) {
      if (this.#runs.get(entry.instance, entry.request) === number) yield entry;
    }
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
      this.unheard.length + this.heard.length > WORKER_LIMITS.outcomesMax ||
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
    if (this.#archive.takes(run)) {
      this.#bytes -= run.outcomeBytes + WORKER_LIMITS.outcomeBytes;
      this.#shelve(run);
      return;
    }
    this.heard.pushBack(run);
    this.#makeRoom(run);
  }

  #shelve(run: Run): void {
    const side = run.via === undefined ? 0 : this.#parts.sides().indexOf(run.via);
    this.#runs.archived(run, this.#archive.put(run, side, run.outcome?.body ?? NO_BYTES));
    run.become('gone');
  }

  /** A run as it was when it was put into the archive. */
  #revive(number: number): Run | undefined {
    const entry = this.#archive.get(number);
    const service = entry === undefined ? undefined : this.#parts.services()[entry.service];
    const method = service?.offer.methods[entry?.method ?? 0];
    if (entry === undefined || service === undefined || method === undefined) return undefined;
    const { instance, request, attempt, deadlineAt } = entry;
    const init = { service, methodNumber: entry.method, method, instance, request, attempt, deadlineAt };
    const run = new Run({ ...init, flow: undefined, headers: NO_BYTES, body: NO_BYTES });
    run.outcome = { failure: undefined, end: false, count: 0, headers: NO_BYTES, body: this.#archive.body(number) };
    run.finishedAt = entry.finishedAt;
    run.via = this.#parts.sides()[entry.side];
    run.become('running');
    run.become('done');
    this.#runs.set(run);
    this.remember(run);
    return run;
  }

  /** Forgets what is too old (O2). */
  expire(now: Milliseconds): void {
    this.#archive.expire(now - WORKER_LIMITS.outcomeAgeMs);
    for (let run = this.heard.first; run !== undefined; run = this.heard.first) {
      if (run.finishedAt + WORKER_LIMITS.outcomeAgeMs > now) return;
      this.#forget(run);
    }
  }

  wakeAt(): Milliseconds {
    const oldestAt = Math.min(this.heard.first?.finishedAt ?? Infinity, this.#archive.oldestAt);
    return Math.ceil((oldestAt + WORKER_LIMITS.outcomeAgeMs) / AGE_STEP_MS) * AGE_STEP_MS;
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
