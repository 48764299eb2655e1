// Every request that has been asked and is not settled: their numbers, their deadlines, and how each ends exactly once.
//
// S1. Numbers count up from 1 and are never given twice.
// S2. A request that has ended is forgotten here; words that still come for it are late: dropped and counted.
// S3. SETTLED is cumulative: below the mark every number has ended.

import {
  addressText,
  MajordomoError,
  NumberMap,
  requestIdText,
  TimerWheel,
  type Bytes,
  type FailedRequest,
  type Milliseconds,
  type Output,
} from '@majordomo/protocol';
import type { PendingRequest } from './pending-request.js';
import type { CallerEvent } from './words.js';

export class Requests<R extends PendingRequest> {
  readonly #byNumber = new NumberMap<R>();
  readonly #wheel: TimerWheel<undefined>;
  readonly #output: Output<CallerEvent<R>>;
  #lastNumber = 0;
  #lowest = 1;
  /** Words for requests that had ended (S2). */
  late = 0;

  readonly #instance: number;

  /** @param instance of this session: with a number it is the id of a request. */
  constructor(wheel: TimerWheel<undefined>, output: Output<CallerEvent<R>>, instance: number) {
    this.#instance = instance;
    this.#wheel = wheel;
    this.#output = output;
  }

  /** Requests in flight, those that wait included. */
  get size(): number {
    return this.#byNumber.size;
  }

  get(number: number): R | undefined {
    return this.#byNumber.get(number);
  }

  /** A copy, in the order of their numbers. */
  values(): R[] {
    return this.#byNumber.values().sort((a, b) => a.ref - b.ref);
  }

  /** Takes a fresh request in and gives it its number. */
  enter(request: R): void {
    request.ref = ++this.#lastNumber;
    this.#byNumber.set(request.ref, request);
  }

  /** The request is to be looked at then. */
  wakeFor(request: R, due: Milliseconds, now: Milliseconds): void {
    this.#wheel.set(request, due, now);
  }

  /** The mark of SETTLED (S3). */
  settledBelow(): number {
    while (this.#lowest <= this.#lastNumber && !this.#byNumber.has(this.#lowest)) this.#lowest += 1;
    return this.#lowest;
  }

  succeed(request: R, headers: Bytes, body: Bytes): void {
    this.#end(request);
    this.#output.tell({ kind: 'value', request, headers, body });
  }

  accept(request: R, journal: number, ticket: number): void {
    this.#end(request);
    this.#output.tell({ kind: 'accepted', request, journal, ticket });
  }

  complete(request: R): void {
    this.#end(request);
    this.#output.tell({ kind: 'end', request });
  }

  fail(request: R, error: MajordomoError): void {
    error.request = this.#describe(request, error.request);
    this.#end(request);
    this.#output.tell({ kind: 'error', request, error });
  }

  /** Which request it was, for its error. */
  #describe(request: R, handledBy: FailedRequest | undefined): FailedRequest {
    const { asked, ref, outlet } = request;
    return {
      address: addressText(asked.address),
      id: requestIdText(this.#instance, ref),
      ...(asked.ticket === undefined ? {} : { ticket: asked.ticket }),
      ...(outlet === undefined ? {} : { broker: outlet.link.endpoint }),
      ...(handledBy?.worker === undefined ? {} : { worker: handledBy.worker }),
      ...(handledBy?.attempt === undefined ? {} : { attempt: handledBy.attempt }),
    };
  }

  #end(request: R): void {
    request.settled();
    this.#wheel.clear(request);
    this.#byNumber.delete(request.ref);
  }
}
