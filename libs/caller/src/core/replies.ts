// What brokers say about requests, and what it means for them.
//
// R1. A value settles a request whoever sends it: it may come from a broker that had it before. Everything else counts only from the
//     broker that has it now.
// R2. That a request did not run is believed of the broker that says so. While another one may have it, the caller is told `unknown`.

import {
  addressText,
  decodeErrorBody,
  Kind,
  MajordomoError,
  type Accepted,
  type ErrorReply,
  type FailedRequest,
  type Final,
  type Milliseconds,
  type Output,
  type Partial,
  type Progress,
} from '@majordomo/protocol';
import type { Asking } from './asking.js';
import type { Outlet } from './outlets.js';
import type { PendingRequest } from './pending-request.js';
import type { Requests } from './requests.js';
import type { CallerEvent } from './words.js';

export interface RepliesOptions<R extends PendingRequest> {
  readonly asking: Asking<R>;
  readonly requests: Requests<R>;
  readonly output: Output<CallerEvent<R>>;
}

export class Replies<R extends PendingRequest> {
  readonly #asking: Asking<R>;
  readonly #requests: Requests<R>;
  readonly #output: Output<CallerEvent<R>>;

  constructor(options: RepliesOptions<R>) {
    this.#asking = options.asking;
    this.#requests = options.requests;
    this.#output = options.output;
  }

  /** One word of this broker about a request. */
  take(outlet: Outlet, record: Final | ErrorReply | Accepted | Partial | Progress, now: Milliseconds): void {
    const request = this.#requests.get(record.ref);
    if (request === undefined || (request.outlet !== outlet && !isValue(record, request))) {
      this.#requests.late += 1;
      return;
    }
    switch (record.kind) {
      case Kind.final:
        return this.#final(request, outlet, record, now);
      case Kind.accepted:
        return this.#accepted(request, record);
      case Kind.error:
        return this.#error(request, record, now);
      case Kind.partial:
        return this.#partial(request, outlet, record, now);
      case Kind.progress:
        return this.#output.tell({ kind: 'progress', request, body: record.body });
      default:
        return record satisfies never;
    }
  }

  /** A caller who asked for more than it got is told so. */
  #accepted(request: R, { stored, journal, ticket }: Accepted): void {
    if (request.asked.submit === undefined) return;
    if (stored !== 'memory') return this.#requests.accept(request, journal, ticket);
    const text = 'the broker keeps the request in memory only';
    this.#requests.fail(request, new MajordomoError('UNSUPPORTED', text, { ran: 'unknown' }));
  }

  #final(request: R, outlet: Outlet, record: Final, now: Milliseconds): void {
    const { flow } = request;
    if (flow === undefined) {
      if (record.end) return this.#requests.fail(request, streamExpected());
      // R1: whoever has it now need not go on.
      if (request.outlet !== outlet) this.#asking.withdraw(request, 'cancelled', now);
      return this.#requests.succeed(request, record.headers, record.body);
    }
    // A method with one value, asked for as a stream, is a stream of one.
    const { end, headers, body } = record;
    if (!end && flow.arrive(0) === 'next') return this.#requests.succeed(request, headers, body);
    const missing = record.end && record.count > flow.received;
    if (missing) this.#requests.fail(request, streamBroken(flow.received, record.count));
    else this.#requests.complete(request);
  }

  #partial(request: R, outlet: Outlet, record: Partial, now: Milliseconds): void {
    const arrival = request.flow?.arrive(record.index);
    // A duplicate was sent again after a link was lost. A gap closes by itself: what is missing was asked for again and is on its way.
    const { isFrameList, body } = record;
    if (arrival === 'next') return this.#output.tell({ kind: 'partial', request, isFrameList, body });
    if (arrival !== 'overrun') {
      this.#requests.late += 1;
      return;
    }
    this.#asking.withdraw(request, 'cancelled', now);
    const text = `${outlet.link.endpoint} sent value ${record.index} of a stream, beyond the window`;
    this.#requests.fail(request, new MajordomoError('PROTOCOL_ERROR', text, { stage: 'running' }));
  }

  #error(request: R, record: ErrorReply, now: Milliseconds): void {
    // What waits in the queue of a broker that drains did not run there, whatever became of it before.
    if (record.code === 'DRAINING' && (record.ran === 'no' || record.stage === 'queued')) {
      if (request.outlet !== undefined) request.outlet.link.draining = true;
      request.refused();
      return this.#asking.ask(request, now);
    }
    const error = errorOf(request, record);
    const { outlet } = request;
    if (outlet !== undefined && isAbsent(record) && this.#asking.mayAskOthers(request)) {
      return this.#asking.absent(request, outlet, error, now);
    }
    if (record.code !== 'BUSY' || record.ran === 'yes') return this.#requests.fail(request, error);
    if (record.ran === 'no') request.refused();
    else request.undecided();
    const { submit, journal } = request.asked;
    const isForJournal = submit !== undefined || journal !== undefined || record.ran === 'unknown';
    if (isForJournal) this.#asking.askLater(request, error, now);
    else this.#asking.pause(request, error, now);
  }
}

/** Is this the value that a request for one value waits for? */
function isValue(record: Final | ErrorReply | Accepted | Partial | Progress, request: PendingRequest): boolean {
  // A ticket settles a submission, whichever broker gives it.
  if (record.kind === Kind.accepted) return request.asked.submit !== undefined;
  return record.kind === Kind.final && !record.end && request.flow === undefined;
}

/** The broker has no worker for it, and has not handed it out. */
function isAbsent({ code, stage }: ErrorReply): boolean {
  return (
    stage === 'queued' && (code === 'SERVICE_UNAVAILABLE' || code === 'NO_SUCH_SERVICE' || code === 'NO_SUCH_METHOD')
  );
}

function streamExpected(): MajordomoError {
  return new MajordomoError('STREAM_EXPECTED', 'the method answered with a stream', { ran: 'yes', stage: 'running' });
}

function streamBroken(received: number, count: number): MajordomoError {
  const text = `the stream had ${count} values, of which ${received} arrived`;
  return new MajordomoError('STREAM_BROKEN', text, { ran: 'yes', stage: 'reply-lost', details: { received, count } });
}

function errorOf(request: PendingRequest, record: ErrorReply): MajordomoError {
  const { message, details: told = {} } = decodeErrorBody(record.body);
  const { handledBy, ...details } = told;
  const error = new MajordomoError(record.code, message, {
    ran: record.ran === 'no' && !request.isKnownTo(request.outlet) ? 'unknown' : record.ran,
    stage: record.stage,
    retryAfterMs: record.retryAfterMs,
    details,
  });
  error.request = { address: addressText(request.asked.address), ...handlerOf(handledBy) };
  return error;
}

/** Which worker failed, as SDKs say it. */
function handlerOf(handledBy: unknown): Pick<FailedRequest, 'worker' | 'attempt'> {
  if (typeof handledBy !== 'object' || handledBy === null) return {};
  const { worker, attempt } = handledBy as { readonly worker?: unknown; readonly attempt?: unknown };
  return {
    ...(typeof worker === 'string' ? { worker } : {}),
    ...(typeof attempt === 'number' ? { attempt } : {}),
  };
}
