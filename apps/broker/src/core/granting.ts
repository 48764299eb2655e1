// Giving a worker the right to work on an attempt: a new lease, and the word that tells it.

import { Kind, requestIdText, WIRE_LIMITS, type Dispatch, type Milliseconds } from '@majordomo/protocol';
import { writeHandedOut } from './keeping.js';
import type { Memory } from './memory.js';
import { unpark } from './outcomes.js';
import { leaveQueue, occupy } from './services.js';
import { Lease, type Method, type Offer, type Request, type Session } from './state.js';

/** Gives the worker a lease on the next attempt (dispatch.ts Q2). */
export function handOut(memory: Memory, request: Request, offer: Offer, now: Milliseconds): void {
  leaveQueue(request);
  request.become('assigned');
  request.attempt += 1;
  const lease = grant(memory, request, offer, request.attempt, now);
  request.lease = lease;
  sayTaken(memory, offer.session, now);
  const record: Dispatch = {
    kind: Kind.dispatch,
    ref: lease.number,
    service: offer.number,
    method: offer.numbers.get(request.method as Method) as number,
    instance: request.session.instance,
    request: request.ref,
    attempt: request.attempt,
    timeLeftMs: timeLeftMs(request, now),
    window: request.window,
    received: request.received,
    headers: request.headers,
    body: request.body,
  };
  const { durable } = request;
  if (durable !== undefined && termsOf(offer, request)?.atMostOnce === true) {
    // keeping.ts K2
    writeHandedOut(memory, request, durable);
    lease.waitsForDisk = true;
    memory.sendStored(offer.session, record, now);
  } else memory.send(offer.session, record, now);
  if (request.attempt > 1) tellRedelivered(memory, request, offer);
}

/** TAKEN: the worker need not keep what the broker has. */
export function sayTaken(memory: Memory, session: Session, now: Milliseconds): void {
  const link = session.link;
  if (link === undefined || link.taken === link.takenSaid || memory.journal.isStalled) return;
  link.takenSaid = link.taken;
  const taken = { kind: Kind.taken, count: link.taken >>> 0 } as const;
  // D1: what a worker lets go of is on disk, if it is to be there.
  if (memory.journal.state === 'none') memory.send(session, taken, now);
  else memory.sendStored(session, taken, now);
}

function grant(memory: Memory, request: Request, offer: Offer, attempt: number, now: Milliseconds): Lease {
  const session = offer.session;
  session.lastLease += 1;
  const lease = new Lease(session.lastLease, request, session, offer, attempt, now);
  if (request.key !== '') request.runsOnce = termsOf(offer, request)?.atMostOnce === true;
  session.leases.set(lease.number, lease);
  occupy(offer);
  const limitMs = termsOf(offer, request)?.executionTimeoutMs ?? 0;
  if (limitMs > 0) memory.timers.set(lease, now + limitMs + memory.settings.executionGraceMs, now);
  return lease;
}

export function termsOf(offer: Offer, request: Request): Offer['terms'][number] | undefined {
  const number = request.method === undefined ? undefined : offer.numbers.get(request.method);
  return number === undefined ? undefined : offer.terms[number];
}

function tellRedelivered(memory: Memory, request: Request, offer: Offer): void {
  memory.counters.redelivered += 1;
  memory.output.tell({
    event: 'request.redelivered',
    request: requestIdText(request.session.instance, request.ref),
    address: `${request.service}.${request.methodName}`,
    attempt: request.attempt,
    worker: offer.session.identity,
  });
}

/**
 * A new lease on an attempt that the worker says it holds. Outside the credit: the worker holds it already.
 *
 * @returns the lease, which is the request's current one unless another worker has been given a newer attempt.
 */
export function attach(memory: Memory, request: Request, offer: Offer, attempt: number, now: Milliseconds): Lease {
  const lease = grant(memory, request, offer, attempt, now);
  if (request.state === 'queued') {
    leaveQueue(request);
    request.become('assigned');
  }
  if (request.state === 'assigned' && (request.lease === undefined || request.lease.orphaned)) {
    unpark(memory, request);
    request.attempt = Math.max(request.attempt, attempt);
    request.lease = lease;
  }
  memory.send(
    offer.session,
    {
      kind: Kind.attach,
      ref: lease.number,
      instance: request.session.instance,
      request: request.ref,
      attempt,
      timeLeftMs: timeLeftMs(request, now),
      window: request.window,
      received: request.received,
    },
    now,
  );
  return lease;
}

/** What is stored may have more time than a worker's timer holds. */
function timeLeftMs(request: Request, now: Milliseconds): number {
  return Math.min(Math.max(1, Math.ceil(request.deadline - now)), WIRE_LIMITS.timeMaxMs);
}
