// Which request goes to which worker, when, and what happens when the worker is lost.
//
// A request is handed to the least loaded worker that offers its method and has credit; otherwise it waits, first in, first out.
// The hard case is the request that kills whoever takes it. It must not take the others that its worker holds down with it again
// and again: after `isolateAfterAttempts` lost attempts a request goes only to a worker that holds nothing else, one such request
// per service at a time. The innocent come back from there; the culprit uses up its attempts alone.
//
// Q1. A request that waits keeps its place in the order of arrival, also after it was handed out and came back.
// Q2. No worker holds more leases than its limit (D4).
// Q3. A lost worker costs each of its requests one attempt; a lease given back unstarted costs none.
// Q4. What may run only once is never handed out twice; neither is a stream of which the client has seen values.
// Q5. Expired work is dropped before it is dispatched.

import {
  ERRORS,
  Timer,
  type CancelReason,
  type ErrorReply,
  type Final,
  type Milliseconds,
  type Ran,
  type Stage,
} from '@majordomo/protocol';
import { dropBody, keepOrDrop, needBody, readAhead } from './bodies.js';
import type { Attempt } from './attempt.js';
import { attributed } from './attribution.js';
import { handOut, termsOf } from './granting.js';
import type { Memory, Refusal } from './memory.js';
import { errorReply, settle, unpark } from './outcomes.js';
import { enterQueue, methodAgain, oldestFor, pickOffer, place, vacate } from './services.js';
import { Lease, type Method, type Offer, type Request, type Service, type Session } from './state.js';

/** Hands a request to a worker, or lets it wait for one. The method is known. */
export function deliver(memory: Memory, request: Request, method: Method, now: Milliseconds): void {
  request.method = method;
  if (mustRunAlone(memory, request)) {
    method.service.isolated.insert(request, (other) => other.order < request.order);
    serveIsolated(memory, method.service, now);
    return;
  }
  const offer = method.queue.length === 0 && !request.isAway ? pickOffer(method) : undefined;
  if (offer === undefined) {
    enterQueue(request, method);
    keepOrDrop(memory, request, method);
  } else assign(memory, request, offer, now);
}

/** Hands out what waits first and is here, as far as workers have room for it: bodies have been read. */
export function serveQueue(memory: Memory, method: Method, now: Milliseconds): void {
  for (let request = method.queue.first; request !== undefined; request = method.queue.first) {
    if (request.deadline <= now) {
      expire(memory, request, now);
      continue;
    }
    const offer = request.isAway ? undefined : pickOffer(method);
    if (offer === undefined) break;
    assign(memory, request, offer, now);
  }
  readAhead(memory, method);
}

/** Hands a request to this worker, unless it is more than the worker takes. */
function assign(memory: Memory, request: Request, offer: Offer, now: Milliseconds): void {
  const { bodyBytesMax } = offer.session;
  if (request.body.length > bodyBytesMax) {
    const message = `the argument has ${request.body.length} bytes, the worker takes ${bodyBytesMax}: raise messageBytesMax of serve()`;
    fail(memory, request, { code: 'MESSAGE_TOO_LARGE', message }, now);
    return;
  }
  if (mayHaveRunBefore(request, offer)) {
    const message = 'it may have been handed out before, nobody holds it, and the method runs at most once';
    finish(memory, request, errorReply(request.ref, { code: 'WORKER_LOST', message }, 'unknown'), now);
    return;
  }
  const { method } = request;
  handOut(memory, request, offer, now);
  if (method !== undefined && method.onDisk > 0) readAhead(memory, method);
}

/** Q4, also for what this broker cannot know: another one may have had it, or it itself before its start (keeping.ts K2). */
function mayHaveRunBefore(request: Request, offer: Offer): boolean {
  const { resent, durable } = request;
  const isDoubtful = durable === undefined ? resent : durable.isDoubtful;
  return isDoubtful && termsOf(offer, request)?.atMostOnce === true;
}

/** The worker has said its last word on a lease: it can take something else. */
export function endLease(memory: Memory, lease: Lease, now: Milliseconds): void {
  const { session, offer, request } = lease;
  session.leases.delete(lease.number);
  memory.timers.clear(lease);
  if (request.lease === lease) request.lease = undefined;
  if (offer === undefined) return;
  vacate(offer);
  if (session.reservedFor !== undefined) stepReserved(memory, session, now);
}

/** Hands out what waits, as far as this offer has room for it. */
export function pump(memory: Memory, offer: Offer, now: Milliseconds): void {
  const service = offer.service;
  if (service.isolated.length > 0) serveIsolated(memory, service, now);
  while (service.queued > 0 && offer.list !== undefined) {
    const request = oldestFor(offer);
    if (request === undefined) return;
    if (request.deadline <= now) expire(memory, request, now);
    else if (request.isAway) {
      readAhead(memory, request.method as Method);
      return;
    } else assign(memory, request, offer, now);
  }
}

/** The deadline has passed (Q5). What is handed over has no other than its expiry. */
export function expire(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.durable !== undefined) {
    const message = 'it was not done before it expired';
    fail(memory, request, { code: 'TICKET_EXPIRED', message }, now, 'deadline');
    return;
  }
  const where = request.state === 'assigned' ? 'while a worker held it' : 'while it waited for a worker';
  const refusal = {
    code: 'DEADLINE_EXCEEDED',
    message: `the deadline passed ${where}`,
    ...pastAttempts(request),
  } as const;
  fail(memory, request, refusal, now, 'deadline');
}

/** Which workers have had the request, and how that ended. */
function pastAttempts({ history }: Request): {
  details?: { attempts: Pick<Attempt, 'attempt' | 'worker' | 'ended'>[] };
} {
  if (history === undefined) return {};
  return { details: { attempts: history.map(({ attempt, worker, ended }) => ({ attempt, worker, ended })) } };
}

/** Ends a request with an error of the broker's own. */
export function fail(
  memory: Memory,
  request: Request,
  refusal: Refusal,
  now: Milliseconds,
  reason?: CancelReason,
): void {
  const stage: Stage = request.state === 'assigned' ? 'running' : 'queued';
  const reply = errorReply(request.ref, attributed(request, refusal), mayHaveRun(request, refusal), stage);
  finish(memory, request, reply, now, reason);
}

/** What was never handed out has not run, whatever the code says in general; what was may have. */
function mayHaveRun(request: Request, refusal: Refusal): Ran {
  if (request.attempt === 0 && !request.resent && request.run === undefined) return 'no';
  const { ran } = ERRORS[refusal.code];
  return ran === 'no' ? 'unknown' : ran;
}

/** Ends a request; if a worker was kept free for it, that worker serves everybody again. */
export function finish(
  memory: Memory,
  request: Request,
  reply: Final | ErrorReply,
  now: Milliseconds,
  reason?: CancelReason,
): void {
  settle(memory, request, reply, now, reason);
  if (mustRunAlone(memory, request)) endReservation(memory, request, now);
}

/** Waits outside the queue: `hold` for a worker that may have it, `retry` for the pause before another attempt, `delay` for its time. */
export function park(
  memory: Memory,
  request: Request,
  purpose: 'hold' | 'retry' | 'delay',
  waitMs: number,
  now: Milliseconds,
): void {
  request.parked = new Timer(request, purpose);
  memory.timers.set(request.parked, now + waitMs, now);
  dropBody(memory, request);
  // The worker that was kept free for it serves others in the meantime.
  if (mustRunAlone(memory, request)) endReservation(memory, request, now);
}

/**
 * The attempt ended without an answer: its worker was lost, or gave it back (Q3, Q4).
 *
 * @param ended why, in a word, for the history.
 */
export function comeBack(memory: Memory, lease: Lease, ended: string, now: Milliseconds): void {
  const request = lease.request;
  if (request.isSettled || (request.lease !== undefined && request.lease !== lease)) return;
  unpark(memory, request);
  request.lease = undefined;
  request.lost += 1;
  (request.history ??= []).push({
    attempt: lease.attempt,
    worker: lease.session.identity,
    instance: lease.session.instance,
    ended,
    at: now,
  });
  const refusal = mayNotRunAgain(memory, request, lease);
  if (refusal !== undefined) {
    finish(memory, request, errorReply(request.ref, attributed(request, refusal), 'unknown', 'running'), now);
    return;
  }
  request.become('queued');
  redeliver(memory, request, now);
}

function mayNotRunAgain(
  memory: Memory,
  request: Request,
  lease: Lease,
): { code: 'WORKER_LOST' | 'ATTEMPTS_EXHAUSTED'; message: string; details: Record<string, unknown> } | undefined {
  const terms = lease.offer === undefined ? undefined : termsOf(lease.offer, request);
  const { details = { attempts: [] } } = pastAttempts(request);
  if (terms?.atMostOnce === true) {
    return { code: 'WORKER_LOST', message: 'the worker was lost and the method runs at most once', details };
  }
  if (request.forwarded > 0) {
    return {
      code: 'WORKER_LOST',
      message: `the worker was lost after ${request.forwarded} values of the stream`,
      details,
    };
  }
  const attemptsMax = terms?.maxAttempts || memory.settings.maxAttempts;
  if (request.attempt >= attemptsMax) {
    return {
      code: 'ATTEMPTS_EXHAUSTED',
      message: `it was handed out ${request.attempt} times and no worker lived to answer`,
      details,
    };
  }
  return undefined;
}

/** Back into the line, at its old place (Q1). */
function redeliver(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.method === undefined) return;
  if (mustRunAlone(memory, request)) endReservation(memory, request, now);
  deliver(memory, request, methodAgain(memory, request.method), now);
}

/** The lease was given back before the handler was started: as if it had never been handed out (Q3). */
export function giveBack(memory: Memory, lease: Lease, now: Milliseconds): void {
  const request = lease.request;
  if (request.isSettled || (request.lease !== undefined && request.lease !== lease)) return;
  request.lease = undefined;
  request.attempt -= 1;
  if (request.durable !== undefined) request.durable.isDoubtful = false;
  request.become('queued');
  redeliver(memory, request, now);
}

function mustRunAlone(memory: Memory, request: Request): boolean {
  return request.lost >= memory.settings.isolateAfterAttempts;
}

/** Takes the first isolated request that some worker can serve, and frees that worker for it. */
export function serveIsolated(memory: Memory, service: Service, now: Milliseconds): void {
  for (const offer of service.offers) if (offer.session.reservedFor?.method?.service === service) return;
  for (const request of service.isolated) {
    const offer = pickOffer(request.method as Method);
    if (offer === undefined) continue;
    if (request.durable !== undefined && request.isAway) {
      needBody(memory, request, request.durable);
      continue;
    }
    const session = offer.session;
    session.reservedFor = request;
    for (const each of session.offers.values()) place(each);
    stepReserved(memory, session, now);
    return;
  }
}

/** The worker that was freed for a request gets it as soon as it holds nothing else. */
function stepReserved(memory: Memory, session: Session, now: Milliseconds): void {
  const request = session.reservedFor;
  if (request === undefined || session.leases.size > 0 || request.state !== 'queued' || request.list === undefined)
    return;
  for (const offer of session.offers.values()) {
    if (!offer.numbers.has(request.method as Method) || offer.limit === 0) continue;
    assign(memory, request, offer, now);
    return;
  }
  endReservation(memory, request, now);
}

function endReservation(memory: Memory, request: Request, now: Milliseconds): void {
  const service = request.method?.service;
  if (service === undefined) return;
  for (const offer of service.offers) {
    const session = offer.session;
    if (session.reservedFor !== request) continue;
    session.reservedFor = undefined;
    for (const each of session.offers.values()) place(each);
    for (const each of session.offers.values()) pump(memory, each, now);
  }
}
