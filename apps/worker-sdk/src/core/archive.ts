// Values that a broker has taken already, kept for the case that it died with them: as numbers and bytes, not as objects.
//
// Thousands of them are kept at any time, and each is needed by hardly anybody. As objects they survived every collection of the young
// generation, were carried into the old one and died there: a quarter of a busy worker's throughput (docs/adr/0011).
//
// K1. Only plain values come here: no failure, no stream, no headers, nobody with a lease on them. What comes out is a run that is done.
// K2. The oldest makes room for the next. The ring has place for as many of the largest values as there are entries, and one more for
//     what is left unused where it goes round: bytes of an entry that is here are never written over.
// K3. Nothing is allocated before the first entry, and nothing for any entry after it.

import { NO_BYTES, type Bytes, type Milliseconds } from '@majordomo/protocol';
import { WORKER_LIMITS } from './limits.js';
import type { Run } from './state.js';

const PLACES = WORKER_LIMITS.archivedMax;
const BYTES = (PLACES + 1) * WORKER_LIMITS.archivedBodyBytesMax;

/** What is said of an entry when brokers are told what is held. */
export interface Archived {
  readonly instance: number;
  readonly request: number;
  readonly attempt: number;
  readonly service: number;
  readonly method: number;
  /** The place of its broker among the worker's. */
  readonly side: number;
  readonly deadlineAt: Milliseconds;
  readonly finishedAt: Milliseconds;
}

/** One number of each entry, by its place. */
class Columns {
  readonly instance = new Float64Array(PLACES);
  readonly request = new Float64Array(PLACES);
  readonly deadlineAt = new Float64Array(PLACES);
  readonly finishedAt = new Float64Array(PLACES);
  readonly attempt = new Uint16Array(PLACES);
  readonly service = new Uint16Array(PLACES);
  readonly method = new Uint16Array(PLACES);
  readonly side = new Uint16Array(PLACES);
  /** Where its bytes are. */
  readonly start = new Uint32Array(PLACES);
  readonly length = new Uint32Array(PLACES);
  /** No Buffer: whose `slice` is a view, and what is under it is written over. */
  readonly bytes = new Uint8Array(BYTES);
}

export class Archive {
  #columns: Columns | undefined;
  /** Entries are numbered as they come: those from `#oldest` on, below `#next`, are here. The place of a number is its rest. */
  #oldest = 0;
  #next = 0;
  /** Where the next bytes go, going round. */
  #end = 0;
  readonly #evicted: (instance: number, request: number, number: number) => void;

  /** @param evicted is told of every entry that makes room or grows too old. */
  constructor(evicted: (instance: number, request: number, number: number) => void) {
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#next - this.#oldest;
  }

  /** K1, and small enough that one of them does not drive out many. */
  takes({ outcome, leases, flow, via, successor, aborted }: Run): boolean {
    return (
      outcome !== undefined &&
      outcome.failure === undefined &&
      outcome.headers.length === 0 &&
      outcome.body.length <= WORKER_LIMITS.archivedBodyBytesMax &&
      leases === undefined &&
      flow === undefined &&
      via !== undefined &&
      successor === undefined &&
      aborted === undefined
    );
  }

  /** Keeps what is needed of a run. @returns its number here. */
  put(run: Run, side: number, body: Bytes): number {
    const columns = (this.#columns ??= new Columns());
    if (this.size === PLACES) this.#evict(columns);
    const start = this.#end + body.length > BYTES ? 0 : this.#end;
    const number = this.#next++;
    const place = number % PLACES;
    columns.instance[place] = run.instance;
    columns.request[place] = run.request;
    columns.attempt[place] = run.attempt;
    columns.service[place] = run.service.number;
    columns.method[place] = run.methodNumber;
    columns.side[place] = side;
    columns.deadlineAt[place] = run.deadlineAt;
    columns.finishedAt[place] = run.finishedAt;
    columns.start[place] = start;
    columns.length[place] = body.length;
    columns.bytes.set(body, start);
    this.#end = start + body.length;
    return number;
  }

  /** What is said of this entry; undefined when it is not here any more. */
  get(number: number): Archived | undefined {
    const columns = this.#columns;
    if (columns === undefined || number < this.#oldest || number >= this.#next) return undefined;
    const place = number % PLACES;
    return {
      instance: columns.instance[place] as number,
      request: columns.request[place] as number,
      attempt: columns.attempt[place] as number,
      service: columns.service[place] as number,
      method: columns.method[place] as number,
      side: columns.side[place] as number,
      deadlineAt: columns.deadlineAt[place] as number,
      finishedAt: columns.finishedAt[place] as number,
    };
  }

  /** A copy of the value. */
  body(number: number): Bytes {
    const columns = this.#columns;
    if (columns === undefined) return NO_BYTES;
    const start = columns.start[number % PLACES] as number;
    return columns.bytes.slice(start, start + (columns.length[number % PLACES] as number));
  }

  /** All, the latest first. */
  *latestFirst(): IterableIterator<readonly [number, Archived]> {
    for (let number = this.#next - 1; number >= this.#oldest; number--) {
      const entry = this.get(number);
      if (entry !== undefined) yield [number, entry];
    }
  }

  /** When the oldest ended; Infinity: there is none. */
  get oldestAt(): Milliseconds {
    return this.size === 0 ? Infinity : (this.#columns?.finishedAt[this.#oldest % PLACES] ?? Infinity);
  }

  /** Lets go of what ended before. */
  expire(before: Milliseconds): void {
    while (this.oldestAt <= before) this.#evict(this.#columns as Columns);
  }

  #evict(columns: Columns): void {
    const number = this.#oldest++;
    const place = number % PLACES;
    this.#evicted(columns.instance[place] as number, columns.request[place] as number, number);
  }
}
