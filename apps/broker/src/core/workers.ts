// What workers say, and what their loss means.
//
// A1. A word on a lease counts only from the session that was given it (D8): leases are looked up in the session of the link it came on.
// A2. The current attempt's word settles the request; a success of an older attempt settles it if nothing has yet, and the current
//     holder is told to stop; any other late word is dropped and counted (D3).
// A3. Every reply and release is counted back to the worker with TAKEN, also the ones that were dropped: it need not keep them.
// A4. Losing the link ends all leases at once; if the same instance is already back on a new link, its requests wait for its HOLDS first.

import {
  decodeErrorBody,
  Kind,
  Role,
  Timer,
  type Credit,
  type ErrorReply,
  type Final,
  type Milliseconds,
  type Offer as OfferRecord,
  type Partial,
  type Progress,
  type Release,
} from '@majordomo/protocol';
import { comeBack, endLease, expire, fail, finish, giveBack, park, pump, serveIsolated } from './dispatch.js';
import { dropHoldings } from './holdings.js';
import { endRun } from './keyed-runs.js';
import type { Memory } from './memory.js';
import { takeProgress } from './progress.js';
import { addOffer, place, removeOffer } from './services.js';
import { keepable, type Lease, type Link, type Request, type Service, type Session } from './state.js';

/** As much earlier than the broker may a worker be sure that time is over. */
const AHEAD_MAX_MS = 1_000;

/** The messages of a history are for people: so many characters of each, and of so many attempts, the last ones. */
const MESSAGE_LENGTH_MAX = 500;
const ERRORS_KEPT_MAX = 100;

/** OFFER: a new service of this worker, or new terms for one. Answers what is wrong with it. */
export function takeOffer(
  memory: Memory,
  session: Session,
  record: OfferRecord,
  now: Milliseconds,
): string | undefined {
  const before = session.offers.get(record.service);
  if (before !== undefined && before.held > 0) return 'OFFER of a number of which leases are held';
  if (before !== undefined) removeOffer(memory, before, now);
  const offer = addOffer(memory, {
    session,
    number: record.service,
    name: record.name,
    limit: record.credit,
    terms: record.methods,
  });
  if (offer === undefined) return 'this broker knows too many services already';
  // The worker may tell its own people that it serves: nobody will hear NO_SUCH_SERVICE any more.
  if (session.link !== undefined) sayOffered(memory, session, session.link.takenSaid, now);
  pump(memory, offer, now);
  return undefined;
}

/** The answer to OFFER is TAKEN with the count that was said last; where that may wait for the disk still (D1), so does this. */
function sayOffered(memory: Memory, session: Session, takenSaid: number, now: Milliseconds): void {
  const taken = { kind: Kind.taken, count: takenSaid >>> 0 } as const;
  if (takenSaid === 0 || memory.journal.state === 'none') memory.send(session, taken, now);
  else memory.sendStored(session, taken, now);
}

/** CREDIT: from now on at most this many. */
export function takeCredit(memory: Memory, session: Session, record: Credit, now: Milliseconds): void {
  const offer = session.offers.get(record.service);
  if (offer === undefined) return;
  offer.limit = record.limit;
  place(offer);
  pump(memory, offer, now);
}

/** FINAL. */
export function takeFinal(memory: Memory, link: Link, session: Session, record: Final, now: Milliseconds): void {
  const lease = lastWord(memory, link, session, record.ref, now);
  if (lease === undefined) return;
  const request = lease.request;
  if (request.isSettled) {
    memory.counters.lateWords += 1;
    endRun(memory, lease, record, now);
  } else {
    if (request.lease !== undefined) memory.counters.lateSuccesses += 1;
    const { end, count, headers, body } = record;
    finish(memory, request, { kind: Kind.final, ref: request.ref, end, count, headers, body }, now);
  }
  if (lease.offer !== undefined) pump(memory, lease.offer, now);
}

/** ERROR: settles, or asks for another attempt. */
export function takeError(memory: Memory, link: Link, session: Session, record: ErrorReply, now: Milliseconds): void {
  const lease = session.leases.get(record.ref);
  const isCurrent = lease !== undefined && lease.request.lease === lease && !lease.revoked;
  lastWord(memory, link, session, record.ref, now);
  if (lease === undefined) return;
  const request = lease.request;
  if (!isCurrent || request.isSettled) {
    memory.counters.lateWords += 1;
    endRun(memory, lease, record, now);
  } else if (hasExpired(request, record, now)) expire(memory, request, now);
  else if (record.retry && mayRetry(memory, lease)) retryLater(memory, lease, record, now);
  else {
    if (record.retry) noteAttempt(lease, 'failed', record, now);
    const { code, stage, retryAfterMs, retry, body } = record;
    const ran = hasRunElsewhere(request) && record.ran === 'no' ? 'unknown' : record.ran;
    finish(
      memory,
      request,
      {
        kind: Kind.error,
        ref: request.ref,
        code,
        ran,
        stage,
        retryAfterMs,
        retry: retry && request.durable !== undefined,
        body,
      },
      now,
    );
  }
  if (lease.offer !== undefined) pump(memory, lease.offer, now);
}

/** What is handed over has no deadline but its expiry: a worker whose clock was first says the same in other words. */
function hasExpired({ durable, deadline }: Request, { code }: ErrorReply, now: Milliseconds): boolean {
  return durable !== undefined && code === 'DEADLINE_EXCEEDED' && now >= deadline - AHEAD_MAX_MS;
}

/** A worker speaks for itself: what it did not run another one may have, in an earlier attempt or before this broker had it. */
function hasRunElsewhere({ attempt, resent }: Request): boolean {
  return attempt > 1 || resent;
}

function mayRetry(memory: Memory, lease: Lease): boolean {
  const { request, offer } = lease;
  const number = request.method === undefined ? undefined : offer?.numbers.get(request.method);
  const terms = number === undefined ? undefined : offer?.terms[number];
  if (terms?.atMostOnce === true || request.forwarded > 0) return false;
  return request.attempt < (terms?.maxAttempts || memory.settings.maxAttempts);
}

function retryLater(memory: Memory, lease: Lease, record: ErrorReply, now: Milliseconds): void {
  const request = lease.request;
  noteAttempt(lease, 'retry', record, now);
  request.become('queued');
  if (request.durable === undefined) request.body = keepable(request.body);
  park(memory, request, 'retry', record.retryAfterMs, now);
}

/** For the history of a dead letter: how the attempt ended, in a word, and with which error; that of the last `ERRORS_KEPT_MAX` attempts. */
function noteAttempt({ request, attempt, session }: Lease, ended: string, reply: ErrorReply, now: Milliseconds): void {
  const { identity: worker, instance } = session;
  const history = (request.history ??= []);
  const message = decodeErrorBody(reply.body).message.slice(0, MESSAGE_LENGTH_MAX);
  history.push({ attempt, worker, instance, ended, at: now, error: { code: reply.code, message } });
  const old = history[history.length - 1 - ERRORS_KEPT_MAX];
  if (old?.error === undefined) return;
  const { attempt: number, worker: by, instance: its, ended: how, at } = old;
  history[history.length - 1 - ERRORS_KEPT_MAX] = { attempt: number, worker: by, instance: its, ended: how, at };
}

/** RELEASE: the worker gives the lease back. */
export function takeRelease(memory: Memory, link: Link, session: Session, record: Release, now: Milliseconds): void {
  const lease = session.leases.get(record.ref);
  const wasCurrent = lease !== undefined && lease.request.lease === lease;
  lastWord(memory, link, session, record.ref, now);
  if (lease === undefined) return;
  if (wasCurrent && !lease.request.isSettled) {
    if (record.ran === 'no') giveBack(memory, lease, now);
    else comeBack(memory, lease, 'released', now);
  }
  endRun(memory, lease, record.ran === 'no' ? 'not-started' : 'lost', now);
  if (lease.offer !== undefined) pump(memory, lease.offer, now);
}

/** A1, A3: finds the lease and ends it; undefined when this session has none with that number. */
function lastWord(memory: Memory, link: Link, session: Session, ref: number, now: Milliseconds): Lease | undefined {
  link.taken += 1;
  const lease = session.leases.get(ref);
  if (lease === undefined) {
    memory.counters.lateWords += 1;
    return undefined;
  }
  endLease(memory, lease, now);
  return lease;
}

/** PARTIAL of the current attempt goes to the client as it is. PROGRESS goes to everybody who waits. */
export function takeValue(memory: Memory, session: Session, record: Partial | Progress, now: Milliseconds): void {
  const lease = session.leases.get(record.ref);
  if (record.kind === Kind.progress) {
    takeProgress(memory, lease, record.body, now);
    return;
  }
  const request = lease?.request;
  if (lease === undefined || request === undefined || lease.revoked || request.lease !== lease) {
    memory.counters.lateWords += 1;
    return;
  }
  if (record.index >= request.forwarded) request.forwarded = record.index + 1;
  const { index, body } = record;
  // An older client would give its link up for a flag that it does not know.
  const isFrameList = record.isFrameList && (request.session.roles & Role.readsFrameLists) !== 0;
  memory.send(request.session, { kind: Kind.partial, ref: request.ref, index, isFrameList, body }, now);
}

/** The worker overran the execution limit of the method and did not say so itself. */
export function overrun(memory: Memory, lease: Lease, now: Milliseconds): void {
  const request = lease.request;
  if (request.lease !== lease || request.isSettled) return;
  const message = 'the handler took longer than the execution limit of its method';
  fail(memory, request, { code: 'EXECUTION_TIMEOUT', message }, now, 'execution-timeout');
}

/** DRAIN from a worker: nothing new for it. */
export function drainWorker(memory: Memory, session: Session): void {
  session.draining = true;
  for (const offer of session.offers.values()) place(offer);
  memory.output.tell({ event: 'worker.draining', identity: session.identity });
}

/**
 * A4: the worker of this session is gone, or has come back on another link.
 *
 * @param returning the same instance is here again: what it held waits for its HOLDS.
 */
export function loseWorker(
  memory: Memory,
  session: Session,
  returning: boolean,
  reason: string,
  now: Milliseconds,
): void {
  const leases = session.leases.values().sort((a, b) => b.request.order - a.request.order);
  const services = new Set<Service>();
  for (const offer of session.offers.values()) services.add(offer.service);
  for (const offer of session.offers.values()) removeOffer(memory, offer, now);
  session.leases.clear();
  session.reservedFor = undefined;
  dropHoldings(memory, session);
  for (const lease of leases) loseLease(memory, lease, returning, reason, now);
  for (const service of services) if (service.isolated.length > 0) serveIsolated(memory, service, now);
}

function loseLease(memory: Memory, lease: Lease, returning: boolean, reason: string, now: Milliseconds): void {
  memory.timers.clear(lease);
  const request = lease.request;
  endRun(memory, lease, 'lost', now);
  if (request.isSettled || request.lease !== lease) return;
  if (!returning) {
    comeBack(memory, lease, reason, now);
    return;
  }
  lease.orphaned = true;
  request.parked = new Timer(lease, 'return');
  memory.timers.set(request.parked, now + memory.settings.resendHoldMs, now);
}
