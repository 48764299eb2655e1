// How a request ends, who is told, and how long the outcome is remembered.
//
// O1. A request settles once (D3). What comes later is dropped and counted by whoever brings it.
// O2. The outcome is kept until the client says it has it, or the window is over, or its bytes are needed: then the oldest go first,
//     and a resend that asks for one of those is refused, never run again.
// O3. Whoever still works on a settled request is told to stop; its lease counts until it answers.
// O4. Bytes and count push out only what its client can have read: not what was settled while a client that is expected back was silent or
//     away (unread.ts). That has a bound of its own, half of the broker's memory; a client of which too much is kept gets BUSY.
// O4. Each of several who wait has a deadline of its own, and is answered when that passes.

import {
  ERRORS,
  Kind,
  NO_BYTES,
  encodeErrorBody,
  requestIdText,
  type CancelReason,
  type ErrorCode,
  type ErrorReply,
  type Final,
  type Milliseconds,
  type Ran,
  type Stage,
} from '@majordomo/protocol';
import { attributed } from './attribution.js';
import { dropReply, needBody, readFor } from './bodies.js';
import { outcomeBytesMax, unreadOutcomeBytesMax } from './shares.js';
import { collected } from './collecting.js';
import { keepOutcome } from './keeping.js';
import { Joined, type JoinInit } from './joined.js';
import { freeKey, settleKey } from './keys.js';
import type { DeadPart } from './journal-entry.js';
import type { Memory, Refusal } from './memory.js';
import { keepable, type Asker, type Request, type Session } from './state.js';
import { tidyMethod } from './away.js';
import { leaveQueue } from './services.js';

/** What an outcome takes in memory beside its bytes: measured at about 600 bytes a request. */
const OUTCOME_BYTES = 600;

/** An outcome older than half of this is kept apart from its message; looked at this often, in ms. */
const COMPACT_MS = 2_000;

/** The ERROR record of a refusal. */
export function errorReply(
  ref: number,
  refusal: Refusal,
  ran: Ran = refusal.ran ?? ERRORS[refusal.code].ran,
  stage: Stage = refusal.stage ?? 'queued',
): ErrorReply {
  return {
    kind: Kind.error,
    ref,
    code: refusal.code,
    ran,
    stage,
    retryAfterMs: refusal.retryAfterMs ?? 0,
    retry: false,
    body: encodeErrorBody({ message: refusal.message, ...(refusal.details ? { details: refusal.details } : {}) }),
  };
}

/** Says no to a request that was not taken; nothing is remembered of it. */
export function refuse(memory: Memory, session: Session, ref: number, refusal: Refusal, now: Milliseconds): void {
  memory.counters.refused += 1;
  memory.send(session, errorReply(ref, refusal), now);
}

/**
 * Ends a request (O1) and tells everybody who asked.
 *
 * @param reply its `ref` is ignored: every asker is answered under the number it gave.
 */
export function settle(
  memory: Memory,
  request: Request,
  reply: Final | ErrorReply,
  now: Milliseconds,
  reason: CancelReason = 'lease-lost',
): void {
  leaveQueue(request);
  if (request.parked !== undefined) unpark(memory, request);
  if (willDie(reply) && request.isAway) return settleWhenRead(memory, request, reply);
  const isDead = willDie(reply);
  request.become(isDead ? 'dead' : 'done');
  memory.timers.clear(request);
  const { lease } = request;
  revoke(memory, request, reason, now);
  if (isDead) bury(memory, request, reply.code, now);
  request.reply = isDead ? { ...reply, retry: false } : reply;
  request.settledAt = now;
  memory.counters.settled += 1;
  if (reply.kind === Kind.error) memory.counters.failed += 1;
  if (request.method?.offers === 0) tidyMethod(memory, request.method);
  if (request.key !== '') settleKey(memory, request, request.reply, lease);
  if (request.durable === undefined) endVolatile(memory, request, now);
  else keepOutcome(memory, request, request.reply, isDead ? deadPart(request) : undefined, now);
  const others = request.others;
  if (others !== undefined) answerAll(memory, others, request, now);
  if (request.durable === undefined) request.headers = NO_BYTES;
  else dropReply(memory, request, request.durable);
}

function answerAll(memory: Memory, others: NonNullable<Request['others']>, request: Request, now: Milliseconds): void {
  for (const other of others) {
    memory.timers.clear(other);
    answer(memory, other.session, other.ref, request, now);
  }
}

function willDie(reply: Final | ErrorReply): reply is ErrorReply {
  return reply.kind === Kind.error && (reply.code === 'ATTEMPTS_EXHAUSTED' || reply.retry);
}

/** A dead letter has its body, and that is on disk: it is given up when it has come. */
function settleWhenRead(memory: Memory, request: Request, reply: ErrorReply): void {
  const { durable } = request;
  if (durable === undefined) return;
  if (request.state === 'assigned') request.become('queued');
  memory.journal.verdicts.set(request.ref, reply);
  needBody(memory, request, durable);
}

function endVolatile(memory: Memory, request: Request, now: Milliseconds): void {
  request.session.unsettled -= 1;
  memory.unsettled -= 1;
  memory.unsettledBytes -= request.bytes;
  remember(memory, request, now);
  answer(memory, request.session, request.ref, request, now);
}

function deadPart({ history = [], headers, body }: Request): DeadPart {
  return { history, headers, body };
}

/** One more who waits for the outcome, or asks for it again. */
export function join(memory: Memory, request: Request, asker: JoinInit, now: Milliseconds): void {
  memory.askerCount += 1;
  const joined = new Joined(asker, request);
  (request.others ??= []).push(joined);
  asker.session.requests.set(asker.ref, request);
  if (!request.isSettled) memory.timers.set(joined, asker.deadline, now);
}

/** The deadline of one who had joined has passed (O4). The request goes on. */
export function expireJoined(memory: Memory, joined: Joined, now: Milliseconds): void {
  const { session, ref, request } = joined;
  request.others = request.others?.filter((other) => other !== joined);
  memory.askerCount -= 1;
  session.requests.delete(ref);
  const { durable, attempt, resent } = request;
  // operations.ts P3: the wait for a ticket has ended, and not its request.
  const stage = durable !== undefined ? 'client' : request.state === 'assigned' ? 'running' : 'queued';
  const ran = durable === undefined && attempt === 0 && !resent ? 'no' : 'unknown';
  const message = 'the deadline of this caller passed while it waited for the outcome';
  const refusal: Refusal = { code: 'DEADLINE_EXCEEDED', message, ran, stage };
  memory.send(session, errorReply(ref, attributed(request, refusal)), now);
}

/** Sends the outcome to one asker, under its number; that of a durable request when it is on disk (D1). */
export function answer(
  memory: Memory,
  session: Session,
  ref: number,
  request: Request,
  now: Milliseconds,
  reply = request.reply,
): void {
  const { durable } = request;
  if (reply === undefined || session.link === undefined || ref < session.settledBelow) return;
  if (durable !== undefined && request.isAway) readFor(memory, request, durable, { session, ref, wants: 'outcome' });
  else sayReply(memory, { session, ref }, reply, durable !== undefined, now);
}

/** @param isStored it leaves when everything written so far is on disk (D1). */
export function sayReply(
  memory: Memory,
  { session, ref }: Asker,
  reply: Final | ErrorReply,
  isStored: boolean,
  now: Milliseconds,
): void {
  if (reply.body.length > session.bodyBytesMax) {
    const message = `the reply has ${reply.body.length} bytes, the client takes ${session.bodyBytesMax}: raise messageBytesMax of connect()`;
    memory.send(session, errorReply(ref, { code: 'REPLY_UNSENDABLE', message }, 'yes', 'reply-lost'), now);
    return;
  }
  const record = reply.ref === ref ? reply : { ...reply, ref };
  if (isStored) memory.sendStored(session, record, now);
  else memory.send(session, record, now);
}

/** O3. */
function revoke(memory: Memory, request: Request, reason: CancelReason, now: Milliseconds): void {
  const lease = request.lease;
  request.lease = undefined;
  if (lease === undefined || lease.revoked) return;
  lease.revoked = true;
  memory.timers.clear(lease);
  if (lease.session.leases.get(lease.number) !== lease) return;
  const cancel = { kind: Kind.cancel, ref: lease.number, reason } as const;
  if (lease.waitsForDisk) memory.sendStored(lease.session, cancel, now);
  else memory.send(lease.session, cancel, now);
}

/** Ends the waiting outside the queue. */
export function unpark(memory: Memory, request: Request): void {
  if (request.parked !== undefined) memory.timers.clear(request.parked);
  request.parked = undefined;
}

function bury(memory: Memory, request: Request, code: ErrorCode, now: Milliseconds): void {
  const id = requestIdText(request.session.instance, request.ref);
  memory.counters.deadLetters += 1;
  memory.deadLetters.add({
    request: id,
    service: request.service,
    method: request.methodName,
    code,
    history: request.history ?? [],
    diedAt: now,
    headers: keepable(request.headers),
    body: keepable(request.body),
    ticket: request.durable === undefined ? 0 : request.ref,
  });
  const address = `${request.service}.${request.methodName}`;
  memory.output.tell({
    event: 'request.dead',
    request: id,
    address,
    code,
    attempts: request.attempt,
  });
}

function outcomeBytes(request: Request): number {
  return OUTCOME_BYTES + request.body.length + replyBytes(request.reply) + replyBytes(request.value);
}

function replyBytes(reply: Final | ErrorReply | undefined): number {
  if (reply === undefined) return 0;
  return reply.body.length + (reply.kind === Kind.final ? reply.headers.length : 0);
}

/** What the run of a settled request has ended with is kept for those who ask under its key. */
export function keepForKey(memory: Memory, request: Request, word: Final | ErrorReply): void {
  const body = keepable(word.body);
  request.value =
    word.kind === Kind.final ? { ...word, headers: keepable(word.headers), body } : { ...word, retry: false, body };
  count(memory, request, replyBytes(request.value));
}

/** O2: keeps the outcome, unless the client has already said that it needs it no more. */
function remember(memory: Memory, request: Request, now: Milliseconds): void {
  if (request.key === '' && request.ref < request.session.settledBelow) {
    request.session.requests.delete(request.ref);
    return;
  }
  memory.settled.pushBack(request);
  count(memory, request, outcomeBytes(request));
  evict(memory, request, now);
  if (memory.settled.length === 1) wakeForWindow(memory, now);
  if (!memory.compactTimer.isSet) memory.timers.set(memory.compactTimer, now + COMPACT_MS, now);
}

/** O2, O4. */
function evict(memory: Memory, newest: Request, now: Milliseconds): void {
  const { settings, settled, kept } = memory;
  const bytesMax = outcomeBytesMax(settings);
  const unreadBytesMax = unreadOutcomeBytesMax(settings);
  while (memory.settledBytes > bytesMax || settled.length > settings.dedupeCountMax) {
    const victim = memory.settledBytes > unreadBytesMax ? settled.first : kept.firstRead(settled, now);
    if (victim === undefined || victim === newest) return;
    memory.counters.forgotten += 1;
    forget(memory, victim);
  }
}

/** The bytes of an outcome come, or go. */
function count(memory: Memory, request: Request, bytes: number): void {
  memory.settledBytes += bytes;
  request.session.outcomeBytes += bytes;
}

/** Makes the outcomes that have stayed for a moment independent of the messages they came in; most have gone by then. */
export function compactOutcomes(memory: Memory, now: Milliseconds): void {
  memory.kept.lookAgain();
  for (let request = memory.settled.last; request !== undefined; request = request.previous as Request | undefined) {
    if (request.isCompact) break;
    if (now - request.settledAt < COMPACT_MS / 2) continue;
    count(memory, request, -request.body.length);
    request.compact();
  }
  if (memory.settled.length > 0) memory.timers.set(memory.compactTimer, now + COMPACT_MS, now);
}

/** Drops an outcome; a later resend of it is refused (O2). */
export function forget(memory: Memory, request: Request): void {
  letGo(memory, request);
  dropAsker(request.session, request.ref);
  for (const other of request.others ?? []) dropAsker(other.session, other.ref);
}

function letGo(memory: Memory, request: Request): void {
  memory.kept.leave(request);
  memory.settled.remove(request);
  count(memory, request, -outcomeBytes(request));
  memory.askerCount -= request.others?.length ?? 0;
  freeKey(memory, request);
  if (request.run !== undefined) request.run.awaitedBy = undefined;
  request.run = undefined;
}

/** A settled request that was never handed out may be asked again, also under its number, as if it had not been here. */
export function forgetUnrun(memory: Memory, request: Request): void {
  if (request.list === undefined || request.run !== undefined) return;
  letGo(memory, request);
  request.session.requests.delete(request.ref);
  for (const { session, ref } of request.others ?? []) session.requests.delete(ref);
}

function dropAsker(session: Session, ref: number): void {
  session.requests.delete(ref);
  if (ref >= session.settledBelow && ref > session.forgottenUpTo) session.forgottenUpTo = ref;
}

/** The client has everything below this number. */
export function acknowledge(memory: Memory, session: Session, below: number, now: Milliseconds): void {
  const from = session.settledBelow;
  if (below <= from) return;
  session.settledBelow = below;
  if (below - from <= session.requests.size) {
    for (let ref = from; ref < below; ref++) drop(memory, session, ref, now);
  } else {
    for (const ref of session.requests.keys()) if (ref < below) drop(memory, session, ref, now);
  }
}

function drop(memory: Memory, session: Session, ref: number, now: Milliseconds): void {
  const request = session.requests.get(ref);
  if (request === undefined || !request.isSettled) return;
  if (request.durable !== undefined) {
    session.requests.delete(ref);
    const others = request.others?.filter((other) => other.session !== session || other.ref !== ref);
    memory.askerCount -= (request.others?.length ?? 0) - (others?.length ?? 0);
    request.others = others;
    collected(memory, request, now);
    return;
  }
  // An idempotency key reaches beyond this client: its outcome stays for the window.
  if (request.key === '') forget(memory, request);
  else session.requests.delete(ref);
}

/** Forgets what is older than the window. */
export function expireOutcomes(memory: Memory, now: Milliseconds): void {
  const expired = now - memory.settings.dedupeWindowMs;
  for (
    let first = memory.settled.first;
    first !== undefined && first.settledAt <= expired;
    first = memory.settled.first
  ) {
    forget(memory, first);
  }
  wakeForWindow(memory, now);
}

function wakeForWindow(memory: Memory, now: Milliseconds): void {
  const first = memory.settled.first;
  if (first === undefined) memory.timers.clear(memory.windowTimer);
  else memory.timers.set(memory.windowTimer, first.settledAt + memory.settings.dedupeWindowMs, now);
}
