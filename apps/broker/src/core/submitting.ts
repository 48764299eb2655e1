// Requests that are handed over for good: taken in, set on their way, and kept until their outcome is collected or has expired.
//
// S1. Whoever hands over the same again, by number or by idempotency key, is told the same ticket.
// S2. What is accepted is in the journal before that word leaves (D1).
// S3. It waits for its time, for its turn under an ordering key, for a worker: but never beyond its expiry.
// S4. Where there is no room the caller is told STORE_FULL with a time to wait (D6).
// S5. A method that its service does not have is refused at once, while a worker offers the service. A service that no worker offers is
//     waited for (S3): its workers may be started later.
// S5. While entries of the journal are unread, what is new is accepted, with a number behind theirs; under an ordering key it waits for all
//     of them, because any of them may have the same key.
// S6. While a write waits for room on the disk, what would only repeat what waits for it is refused as BUSY (D6).
// S7. An outcome that somebody has is removed early, after `collectedKeepMinMs`, when its place is needed; one that nobody has collected
//     keeps its place until its time is over, and so does one under an idempotency key.
// S8. What was removed early is refused when it is handed over once more, never run again.

import { Kind, RESERVED_PREFIX, type Milliseconds, type Submit } from '@majordomo/protocol';
import { dropBody, keepFirst, readNext } from './bodies.js';
import { whyNoRoomForEntry } from './budget.js';
import { defer, mayBeUnread } from './deferring.js';
import { noSuch } from './absence.js';
import { isKnown } from './away.js';
import { deliver, expire, park } from './dispatch.js';
import { joinHolder } from './holdings.js';
import { orderOf, restoredOrderOf, writeAccepted, writeRemoved } from './keeping.js';
import { freeKey, keyOf } from './keys.js';
import { enterLane } from './lanes.js';
import type { Memory, Refusal } from './memory.js';
import { refuse } from './outcomes.js';
import { findPlace } from './places.js';
import { keepable, Request, type Durable, type Link, type NamedAddress, type Session } from './state.js';

/** SUBMIT. Answers what broke the protocol, if anything did. */
export function takeSubmit(
  memory: Memory,
  link: Link,
  session: Session,
  record: Submit,
  now: Milliseconds,
): string | undefined {
  const name = link.names[record.name];
  if (name === undefined) return `SUBMIT for name ${record.name}, which this link has not given`;
  memory.counters.requests += 1;
  placeSubmission(memory, session, name, record, now);
  return undefined;
}

/** A submission is known, is accepted, is refused, or waits for the journal to be read. */
export function placeSubmission(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: Submit,
  now: Milliseconds,
): void {
  const known = memory.journal.submitted(session.instance, record.ref) ?? keyed(memory, name, record);
  if (known !== undefined) {
    takeAgain(memory, session, known, name, record, now);
    return;
  }
  const never = whyNever(memory, session, name, record);
  if (never === undefined && mayBeUnread(memory, record)) {
    defer(memory, session, name, record, now);
    return;
  }
  const refusal = never ?? whyNotNow(memory, name, record, now);
  if (refusal === undefined) accept(memory, session, name, record, now);
  else refuse(memory, session, record.ref, refusal, now);
}

function keyed(memory: Memory, name: NamedAddress, { key }: Submit): Request | undefined {
  return key === '' ? undefined : memory.keyed.get(keyOf(name.service, key));
}

/** S1. */
function takeAgain(
  memory: Memory,
  session: Session,
  known: Request,
  name: NamedAddress,
  record: Submit,
  now: Milliseconds,
): void {
  memory.counters.duplicates += 1;
  if (memory.journal.isStalled) refuse(memory, session, record.ref, { ...whyStalled(memory), ran: 'unknown' }, now);
  else if (known.durable !== undefined && known.isSame(name, record.body))
    sayAccepted(memory, session, record.ref, known, now);
  else {
    const message = 'this request id or idempotency key was used for something else';
    refuse(memory, session, record.ref, { code: 'REQUEST_CONFLICT', message }, now);
  }
}

/** S6: each answer would wait for the disk, in memory, and more are asked for the longer that takes. */
export function whyStalled({ settings }: Memory): Refusal {
  const message = 'the disk of the broker has no room, and what it is asked waits for that';
  return { code: 'BUSY', message, retryAfterMs: settings.storeFullRetryMs };
}

function whyNever(memory: Memory, session: Session, name: NamedAddress, record: Submit): Refusal | undefined {
  const { journal, settings } = memory;
  if (journal.state === 'none') return { code: 'UNSUPPORTED', message: 'this broker stores nothing on disk' };
  if (name.service === RESERVED_PREFIX)
    return { code: 'UNSUPPORTED', message: "the broker's own service answers at once" };
  const isForgotten = record.ageMs > 0 && record.ref <= session.forgottenUpTo;
  if (isForgotten || record.ageMs > settings.dedupeWindowMs || record.ref < session.settledBelow) {
    return { code: 'REQUEST_FORGOTTEN', message: 'what became of this request is not remembered any more' };
  }
  return undefined;
}

function whyNotNow(memory: Memory, name: NamedAddress, record: Submit, now: Milliseconds): Refusal | undefined {
  if (memory.draining) return { code: 'DRAINING', message: 'the broker is shutting down' };
  let refusal = whyNoMethod(memory, name, now);
  if (refusal !== undefined) return refusal;
  refusal = whyFull(memory, record);
  while (refusal !== undefined && !memory.journal.isFull && removeCollected(memory, now))
    refusal = whyFull(memory, record);
  return refusal;
}

/** S7. @returns whether there was one that may go. */
function removeCollected(memory: Memory, now: Milliseconds): boolean {
  const { journal, settings } = memory;
  const oldest = journal.collected.first;
  if (oldest?.durable === undefined) return false;
  const collectedMs = settings.collectedKeepMs - (oldest.due - now);
  if (collectedMs < settings.collectedKeepMinMs) return false;
  const { submitter, ref } = oldest.durable;
  const session = memory.sessions.get(submitter);
  // Whoever may hand it over once more is told that it is forgotten (S8).
  if (session !== undefined && ref >= session.settledBelow && ref > session.forgottenUpTo) session.forgottenUpTo = ref;
  memory.counters.forgotten += 1;
  removeDurable(memory, oldest, now);
  return true;
}

/** S5. */
function whyNoMethod(memory: Memory, { service, method }: NamedAddress, now: Milliseconds): Refusal | undefined {
  const home = memory.services.get(service);
  if (home === undefined || home.offers.size === 0) return undefined;
  const found = home.methods.get(method);
  if (found !== undefined && isKnown(found)) return undefined;
  // Workers with another version of the service may be about to come back.
  const isYoung = now < memory.startedAt + memory.settings.absenceMaxMs;
  return isYoung ? undefined : noSuch(memory, { service, methodName: method });
}

/** S4. */
function whyFull(memory: Memory, record: Submit): Refusal | undefined {
  const bound = fullBound(memory, record.body.length + record.headers.length);
  if (bound === undefined) return undefined;
  const message = `the journal holds ${memory.journal.countWithUnread} requests${bound}`;
  return {
    code: 'STORE_FULL',
    message: memory.journal.isFull ? 'the disk of the broker has no room' : message,
    retryAfterMs: memory.settings.storeFullRetryMs,
  };
}

/** @returns which bound is reached, to end a sentence with. */
function fullBound(memory: Memory, bytes: number): string | undefined {
  const { journal, settings } = memory;
  if (journal.isFull) return '';
  if (journal.countWithUnread >= settings.storedCountMax) return ' (storedCountMax)';
  if (journal.bytesWithUnread + bytes > settings.storedBytesMax)
    return ` of ${Math.round(journal.bytesWithUnread / 1024)} KiB (storedBytesMax)`;
  const reason = whyNoRoomForEntry(memory, bytes);
  return reason === undefined ? undefined : `; ${reason}`;
}

function accept(memory: Memory, session: Session, name: NamedAddress, record: Submit, now: Milliseconds): void {
  const { journal, settings } = memory;
  const durable: Durable = {
    submitter: session.instance,
    ref: record.ref,
    orderingKey: record.orderingKey,
    priority: record.priority,
    notBefore: record.delayMs === 0 ? 0 : now + record.delayMs,
    bytes: 0,
    place: 'memory',
    isDoubtful: record.ageMs > 0,
    isCollected: false,
    lane: undefined,
  };
  const request = durableRequest(memory, durable, {
    ticket: journal.nextTicket(),
    service: name.service,
    method: name.method,
    key: record.key,
    headers: record.headers,
    body: record.body,
    arrivedAt: now,
    deadline: now + (record.expiresMs || record.delayMs + settings.expiresMs),
    resent: false,
  });
  enterJournal(memory, request, now);
  writeAccepted(memory, request, durable);
  sayAccepted(memory, session, record.ref, request, now);
  setOut(memory, request, now);
  if (request.isAway) return;
  request.headers = keepable(request.headers);
  request.body = keepable(request.body);
}

/** What a durable request is made of, whether it comes from a client, from the journal or from a dead letter. */
export interface DurableInit {
  readonly ticket: number;
  readonly service: string;
  readonly method: string;
  readonly key: string;
  readonly headers: Request['headers'];
  readonly body: Request['body'];
  readonly arrivedAt: Milliseconds;
  readonly deadline: Milliseconds;
  /** It comes from the journal: a worker may hold it. */
  readonly resent: boolean;
}

export function durableRequest(memory: Memory, durable: Durable, init: DurableInit): Request {
  // Field by field: spreading `init` made a dictionary of it, which cost a fifth of the broker's time.
  return new Request({
    session: memory.journal.session,
    ref: init.ticket,
    service: init.service,
    method: init.method,
    key: init.key,
    headers: init.headers,
    body: init.body,
    arrivedAt: init.arrivedAt,
    deadline: init.deadline,
    resent: init.resent,
    window: 0,
    received: 0,
    waitForService: true,
    order: init.resent ? restoredOrderOf(memory, durable.priority) : orderOf(memory, durable.priority),
    otherBrokers: 'none',
    durable,
  });
}

/** It is known from now on. */
export function enterJournal(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.durable === undefined) return;
  memory.journal.enter(request, request.durable);
  if (request.key !== '') memory.keyed.set(keyOf(request.service, request.key), request);
  memory.timers.set(request, Math.max(request.deadline, now), now);
}

/** S3: on its way, as soon as it is its time and its turn. */
export function setOut(memory: Memory, request: Request, now: Milliseconds): void {
  const { journal } = memory;
  // S5
  if (journal.state === 'loading' && request.durable?.orderingKey !== '') {
    dropBody(memory, request);
    journal.behindUnread.push(request);
  } else if (enterLane(journal.lanes, request)) goOn(memory, request, now);
  else if (request.durable?.lane !== undefined) keepFirst(memory, request, request.durable.lane);
}

/** S5: all entries are read and in their lanes, and what was accepted meanwhile comes behind them. */
export function setOutBehindUnread(memory: Memory, behind: readonly Request[]): void {
  const { lanes, turns } = memory.journal;
  for (const request of behind) if (!request.isSettled && enterLane(lanes, request)) turns.push(request);
}

/** Its turn has come under its ordering key, if it has one. */
export function goOn(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.resent && joinHolder(memory, request, now)) return;
  const notBefore = request.durable?.notBefore ?? 0;
  if (notBefore > now) {
    park(memory, request, 'delay', notBefore - now, now);
    return;
  }
  const place = findPlace(memory, request, undefined, now);
  // Too many services: tried again, for as long as it is of use.
  if ('code' in place) park(memory, request, 'delay', memory.settings.busyRetryMs, now);
  else deliver(memory, request, place, now);
}

/** Those whose turn has come because an outcome was decided go on. */
export function takeTurns(memory: Memory, now: Milliseconds): void {
  const { turns } = memory.journal;
  for (let request = turns.shift(); request !== undefined; request = turns.shift()) {
    if (request.isSettled) continue;
    goOn(memory, request, now);
    if (request.durable !== undefined) readNext(memory, request.durable);
  }
}

function sayAccepted(memory: Memory, session: Session, ref: number, request: Request, now: Milliseconds): void {
  const { id: journal } = memory.journal;
  memory.sendStored(session, { kind: Kind.accepted, ref, stored: 'disk', journal, ticket: request.ref }, now);
}

/** Forgets a settled request: its time is over, or somebody has had its outcome for long enough. */
export function removeDurable(memory: Memory, request: Request, now: Milliseconds): void {
  const { durable } = request;
  if (durable === undefined) return;
  if (request.state === 'dead') {
    const letter = memory.deadLetters.find(memory.journal.ticketText(request.ref));
    if (letter !== undefined) memory.deadLetters.remove(letter);
  }
  memory.timers.clear(request);
  endReaders(memory, request, now);
  memory.journal.leave(request, durable);
  freeKey(memory, request);
  memory.askerCount -= request.others?.length ?? 0;
  for (const { session, ref } of request.others ?? []) session.requests.delete(ref);
  writeRemoved(memory, request.ref);
}

/** Whoever waits for its outcome to be read is too late. */
function endReaders(memory: Memory, request: Request, now: Milliseconds): void {
  const { readers } = memory.journal;
  const waiting = readers.get(request.ref) ?? [];
  readers.delete(request.ref);
  const message = `what became of ${memory.journal.ticketText(request.ref)} is not kept any more`;
  for (const { session, ref } of waiting) refuse(memory, session, ref, { code: 'TICKET_EXPIRED', message }, now);
}

/** The timer of a durable request: it was not done in its time (S3), or its outcome has been kept for long enough. */
export function expireDurable(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.isSettled) removeDurable(memory, request, now);
  else expire(memory, request, now);
}
