// What clients ask, and what their loss means.
//
// C1. A resend is not a second request: it joins the running one or gets the stored reply. The same id with another body is refused.
// C2. What was asked before but is unknown here waits a moment for a worker that may hold it, before it is handed out.
// C3. An id older than the window, or whose outcome was forgotten, is refused, never run again.
// C4. At a bound the caller gets BUSY with a time to wait, never silence (D6).
// C5. What names a ticket, or has an idempotency key, may be about an entry of the journal that is not read yet: then it waits.

import {
  CALL_DEFAULTS,
  Kind,
  nearestName,
  RESERVED_PREFIX,
  encodeBody,
  type Cancel,
  type ErrorReply,
  type Final,
  type Milliseconds,
  type Request as RequestRecord,
  type Window,
} from '@majordomo/protocol';
import { cancelDeferral, defer } from './deferring.js';
import { hasRoomForCall, memoryFull } from './budget.js';
import { deliver, fail, park } from './dispatch.js';
import { joinHolder } from './holdings.js';
import { INTROSPECTION } from './introspection.js';
import type { JoinInit } from './joined.js';
import { orderOf } from './keeping.js';
import { awaitRun } from './keyed-runs.js';
import { keyOf } from './keys.js';
import type { Memory, Refusal } from './memory.js';
import { asksAgain, asksForUnread, operate, OPERATIONS } from './operations.js';
import { answer, forgetUnrun, join, refuse } from './outcomes.js';
import { busy, findPlace } from './places.js';
import { sessionOutcomeBytesMax } from './shares.js';
import { Request, type Link, type NamedAddress, type Session } from './state.js';

/** REQUEST. Answers what broke the protocol, if anything did. */
export function takeRequest(
  memory: Memory,
  link: Link,
  session: Session,
  record: RequestRecord,
  now: Milliseconds,
): string | undefined {
  const name = link.names[record.name];
  if (name === undefined) return `REQUEST for name ${record.name}, which this link has not given`;
  memory.counters.requests += 1;
  placeRequest(memory, session, name, record, now);
  return undefined;
}

/** A request is known, is admitted, is answered or refused, or waits for the journal to be read. */
export function placeRequest(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: RequestRecord,
  now: Milliseconds,
): void {
  const known = session.requests.get(record.ref);
  if (known !== undefined && !asksAgain(memory, known, name, record.body)) {
    takeResend(memory, session, known, name, record, now);
    return;
  }
  const refusal = whyNot(memory, session, record);
  if (refusal !== undefined) refuse(memory, session, record.ref, refusal, now);
  else if (isUnread(memory, name, record)) defer(memory, session, name, record, now);
  else if (name.service === RESERVED_PREFIX) introspect(memory, session, name, record, now);
  else if (record.key === '' || !joinKeyed(memory, session, name, record, now))
    admit(memory, session, name, record, now);
}

/** C5. */
function isUnread(memory: Memory, name: NamedAddress, record: RequestRecord): boolean {
  if (memory.journal.state !== 'loading') return false;
  if (name.service === RESERVED_PREFIX) return asksForUnread(memory, name.method, record.body);
  return record.key !== '' && !memory.keyed.has(keyOf(name.service, record.key));
}

/** C3, C4 and what this broker does not offer. */
function whyNot(memory: Memory, session: Session, record: RequestRecord): Refusal | undefined {
  const isOld = record.ageMs > memory.settings.dedupeWindowMs;
  const isForgotten = record.ref < session.settledBelow || (record.ageMs > 0 && record.ref <= session.forgottenUpTo);
  if (isOld || isForgotten)
    return { code: 'REQUEST_FORGOTTEN', message: 'the outcome of this request is not remembered any more' };
  if (memory.draining) return { code: 'DRAINING', message: 'the broker is shutting down' };
  if (session.unsettled >= memory.settings.requestsPerSessionMax) {
    return busy(memory, `this client has ${session.unsettled} unsettled requests`);
  }
  if (session.outcomeBytes >= sessionOutcomeBytesMax(memory.settings)) {
    return busy(memory, `this client has ${session.outcomeBytes} bytes of outcomes that it has not acknowledged`);
  }
  return undefined;
}

/** C1. */
function takeResend(
  memory: Memory,
  session: Session,
  known: Request,
  name: NamedAddress,
  record: RequestRecord,
  now: Milliseconds,
): void {
  memory.counters.duplicates += 1;
  if (!known.isSame(name, record.body)) {
    refuse(
      memory,
      session,
      record.ref,
      { code: 'REQUEST_CONFLICT', message: 'this request id was used for something else' },
      now,
    );
    return;
  }
  if (known.reply !== undefined) {
    resendReply(memory, session, known, known.reply, record, now);
    return;
  }
  if (record.confirm) confirm(memory, session, record.ref, now);
  if (known.window > 0) rewind(memory, known, record.received, record.window, now);
}

/** A stream whose last values were lost with the client's link cannot be completed from its stored end. */
function resendReply(
  memory: Memory,
  session: Session,
  known: Request,
  reply: Final | ErrorReply,
  record: RequestRecord,
  now: Milliseconds,
): void {
  if (reply.kind === Kind.final && reply.end && record.received < reply.count) {
    const details = { received: record.received, count: reply.count };
    refuse(
      memory,
      session,
      record.ref,
      { code: 'STREAM_BROKEN', message: 'the last values of the stream were lost', details },
      now,
    );
    return;
  }
  answer(memory, session, record.ref, known, now, reply);
}

/** The values from `received` on were lost with a link: the worker sends them again. */
function rewind(memory: Memory, request: Request, received: number, window: number, now: Milliseconds): void {
  request.received = Math.max(request.received, received);
  request.allowed = Math.max(request.allowed, request.received + window);
  const lease = request.lease;
  if (lease === undefined || lease.revoked) return;
  const { allowed } = request;
  memory.send(
    lease.session,
    { kind: Kind.window, ref: lease.number, received: request.received, allowed, rewind: true },
    now,
  );
}

function confirm(memory: Memory, session: Session, ref: number, now: Milliseconds): void {
  memory.send(session, { kind: Kind.accepted, ref, stored: 'memory', journal: 0, ticket: 0 }, now);
}

/** The same idempotency key: the same request, whoever asks. */
function joinKeyed(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: RequestRecord,
  now: Milliseconds,
): boolean {
  const known = memory.keyed.get(keyOf(name.service, record.key));
  if (known === undefined) return false;
  memory.counters.duplicates += 1;
  if (!known.isSame(name, record.body)) {
    refuse(
      memory,
      session,
      record.ref,
      { code: 'REQUEST_CONFLICT', message: 'this idempotency key was used for something else' },
      now,
    );
    return true;
  }
  if (known.run !== undefined && known.isSettled) {
    if (hasRoom(memory, session, record, now))
      begin(memory, newRequest(memory, session, name, record, now), record, now, known);
    return true;
  }
  const outcome = known.value ?? known.reply;
  if (outcome !== undefined) {
    resendReply(memory, session, known, outcome, record, now);
    return true;
  }
  if ((known.others?.length ?? 0) >= memory.settings.requestsPerSessionMax) {
    refuse(memory, session, record.ref, busy(memory, 'too many wait for this idempotency key'), now);
    return true;
  }
  if (!hasRoomForCall(memory, 0)) {
    refuse(memory, session, record.ref, memoryFull(memory), now);
    return true;
  }
  join(memory, known, askerOf(session, record, now), now);
  if (known.durable === undefined) {
    known.deadline = Math.max(known.deadline, now + record.timeLeftMs);
    memory.timers.set(known, known.deadline, now);
  }
  if (record.confirm) confirm(memory, session, record.ref, now);
  return true;
}

/** The broker's own service answers at once; but for who waits for the outcome of a durable request. */
function introspect(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: RequestRecord,
  now: Milliseconds,
): void {
  const { ref } = record;
  const describe = Object.hasOwn(INTROSPECTION, name.method) ? INTROSPECTION[name.method] : undefined;
  if (describe === undefined) {
    if (operate(memory, askerOf(session, record, now), name.method, record.body, now)) return;
    const methods = [...Object.keys(INTROSPECTION), ...OPERATIONS];
    const nearest = nearestName(name.method, methods);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    const message = `the broker has no method ${name.method}${hint}`;
    refuse(memory, session, ref, { code: 'NO_SUCH_METHOD', message, details: { methods } }, now);
    return;
  }
  const body = encodeBody(describe(memory, now));
  memory.send(session, { kind: Kind.final, ref, end: false, count: 0, headers: new Uint8Array(0), body }, now);
}

function askerOf(session: Session, { ref, timeLeftMs }: RequestRecord, now: Milliseconds): JoinInit {
  return { session, ref, deadline: now + (timeLeftMs || CALL_DEFAULTS.deadlineMs) };
}

/** C4. Refuses the request when there is no room for it. */
function hasRoom(memory: Memory, session: Session, record: RequestRecord, now: Milliseconds): boolean {
  if (hasRoomForCall(memory, record.headers.length + record.body.length)) return true;
  refuse(memory, session, record.ref, { ...memoryFull(memory), ran: record.ageMs > 0 ? 'unknown' : 'no' }, now);
  return false;
}

function newRequest(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: RequestRecord,
  now: Milliseconds,
): Request {
  return new Request({
    session,
    ref: record.ref,
    service: name.service,
    method: name.method,
    window: record.window,
    received: record.received,
    waitForService: record.waitForService,
    otherBrokers: record.otherBrokers,
    resent: record.ageMs > 0,
    key: record.key,
    headers: record.headers,
    body: record.body,
    order: orderOf(memory, CALL_DEFAULTS.priority),
    arrivedAt: now,
    deadline: now + (record.timeLeftMs === 0 ? CALL_DEFAULTS.deadlineMs : record.timeLeftMs),
  });
}

/** A request that nobody knows yet. */
function admit(memory: Memory, session: Session, name: NamedAddress, record: RequestRecord, now: Milliseconds): void {
  if (!hasRoom(memory, session, record, now)) return;
  const request = newRequest(memory, session, name, record, now);
  if (request.resent) {
    begin(memory, request, record, now);
    if (joinHolder(memory, request, now)) return;
    park(memory, request, 'hold', memory.settings.resendHoldMs, now);
    return;
  }
  const place = findPlace(memory, request, name, now);
  if ('code' in place) refuse(memory, session, record.ref, place, now);
  else {
    begin(memory, request, record, now);
    deliver(memory, request, place, now);
  }
}

/** @param before the request under the same key whose run goes on: this one waits for its end. */
function begin(memory: Memory, request: Request, record: RequestRecord, now: Milliseconds, before?: Request): void {
  if (before !== undefined) awaitRun(request, before);
  request.session.requests.set(request.ref, request);
  request.session.unsettled += 1;
  memory.unsettled += 1;
  memory.unsettledBytes += request.bytes;
  if (request.key !== '') memory.keyed.set(keyOf(request.service, request.key), request);
  memory.timers.set(request, request.deadline, now);
  if (record.confirm) confirm(memory, request.session, request.ref, now);
}

/** CANCEL: the client does not want the answer any more. */
export function takeCancel(memory: Memory, session: Session, record: Cancel, now: Milliseconds): void {
  const request = session.requests.get(record.ref);
  if (request === undefined) cancelDeferral(memory, session, record.ref, now);
  if (request === undefined || request.isSettled) return;
  if (leaveOthers(memory, request, session, record.ref)) {
    session.requests.delete(record.ref);
    return;
  }
  fail(memory, request, { code: 'CANCELLED', message: 'the caller cancelled' }, now, record.reason);
}

/** Under an idempotency key several may wait; only the last one to leave ends it. */
function leaveOthers(memory: Memory, request: Request, session: Session, ref: number): boolean {
  const others = request.others;
  if (others === undefined) return false;
  const at = others.findIndex((other) => other.session === session && other.ref === ref);
  if (at < 0) {
    request.askerLeft = true;
    return others.length > 0;
  }
  for (const other of others.splice(at, 1)) memory.timers.clear(other);
  memory.askerCount -= 1;
  return others.length > 0 || !request.askerLeft;
}

/** WINDOW: the client has taken values and allows more. */
export function takeWindow(memory: Memory, session: Session, record: Window, now: Milliseconds): void {
  const request = session.requests.get(record.ref);
  if (request === undefined || request.isSettled) return;
  request.received = Math.max(request.received, record.received);
  request.allowed = Math.max(request.allowed, record.allowed);
  const lease = request.lease;
  if (lease === undefined || lease.revoked) return;
  memory.send(lease.session, { ...record, ref: lease.number }, now);
}

/** The client is gone for good: nobody waits for its calls any more. */
export function loseClient(memory: Memory, session: Session, now: Milliseconds): number {
  let unsettled = 0;
  for (const request of session.requests.values()) {
    if (request.session !== session) leave(memory, request, session);
    if (request.isSettled || request.session !== session) continue;
    if ((request.others?.length ?? 0) > 0) continue;
    unsettled += 1;
    const hasRun = request.attempt > 0;
    fail(memory, request, { code: 'SESSION_LOST', message: 'the client was lost' }, now, 'client-lost');
    // What was never handed out may be asked again as if it had not been here.
    if (!hasRun) forgetUnrun(memory, request);
  }
  return unsettled;
}

/** Nobody is to be told any more who cannot hear: it is found again by its key or its ticket. */
function leave(memory: Memory, request: Request, session: Session): void {
  const { others } = request;
  if (others === undefined) return;
  for (const other of others) {
    if (other.session !== session) continue;
    session.requests.delete(other.ref);
    memory.timers.clear(other);
  }
  const left = others.filter((other) => other.session !== session);
  memory.askerCount -= others.length - left.length;
  request.others = left;
}
