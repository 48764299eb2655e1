// The journal after a start: what was handed over before is known again, and set on its way.
//
// R1. Workers may still be running what was handed out before: nothing is handed out again before they had `resendHoldMs` to say so.
// R2. Serving begins with the first entries; the rest comes in behind them. What is new is accepted meanwhile (submitting.ts S5), what may be
//     among the unread entries waits for them (deferring.ts).
// R3. What cannot be read is reported and set aside; the rest is not affected.

import { NO_BYTES, WIRE_LIMITS, type Milliseconds } from '@majordomo/protocol';
import { dropBody, dropReply } from './bodies.js';
import { mayReadOn } from './budget.js';
import { restoreCollected } from './collecting.js';
import { sayTaken } from './granting.js';
import { joinHolder } from './holdings.js';
import { enterLane } from './lanes.js';
import type { QueuedEntry, SettledEntry } from './journal-entry.js';
import type { FoundJournal, Journal } from './journal.js';
import { freeKey, hasNotRun } from './keys.js';
import type { Memory } from './memory.js';
import { letterOf, readEntry, setAside, type StoredEntry } from './reading.js';
import { durableRequest, enterJournal, expireDurable, goOn, setOutBehindUnread } from './submitting.js';
import type { Durable, Request } from './state.js';

/** Requests set on their way at one time after the hold: links are answered in between. */
const RELEASED_PER_TURN = 5_000;

export function openJournal(memory: Memory, found: FoundJournal, now: Milliseconds): void {
  memory.journal.open(found, now);
  memory.sessions.set(found.id, memory.journal.session);
  memory.output.tell({ event: 'journal.opened', starts: found.starts });
}

/** R3. */
export function restore(memory: Memory, entries: readonly StoredEntry[], now: Milliseconds): void {
  const { journal } = memory;
  journal.wereRead(entries.length);
  for (const stored of entries) {
    const entry = readEntry(stored);
    if ('damage' in entry) setAside(memory, stored, entry);
    else if (entry.state === 'queued') restoreQueued(memory, entry, now);
    else if (entry.state === 'collected') restoreCollected(memory, entry, now);
    else restoreSettled(memory, entry, now);
  }
  if (!journal.isPaused && !mayReadOn(memory)) {
    journal.isPaused = true;
    memory.output.tell({ event: 'journal.paused', requests: journal.count, unread: journal.unread.count });
  }
  if (nextHeld(journal) !== undefined && !journal.holdTimer.isSet) {
    const due = Math.max(now, memory.startedAt + memory.settings.resendHoldMs);
    memory.timers.set(journal.holdTimer, due, now);
  }
}

function restoreQueued(memory: Memory, entry: QueuedEntry, now: Milliseconds): void {
  const { journal } = memory;
  const notBefore = entry.notBefore === 0 ? 0 : journal.endOf(entry.notBefore, entry.acceptedAt, now);
  const { orderingKey, priority, isDoubtful } = entry;
  const durable = durableOf(entry, { orderingKey, priority, notBefore, isDoubtful });
  const request = durableRequest(memory, durable, {
    ...partsOf(memory, entry),
    headers: entry.headers,
    body: entry.body,
    deadline: journal.endOf(entry.expiresAt, entry.acceptedAt, now),
    resent: true,
  });
  enterJournal(memory, request, now);
  dropBody(memory, request);
  if (request.deadline <= now) expireDurable(memory, request, now);
  else if (enterLane(journal.lanes, request) && !joinHolder(memory, request, now)) {
    journal.held[WIRE_LIMITS.priorityMax - durable.priority]?.push(request);
  }
}

function restoreSettled(memory: Memory, entry: SettledEntry, now: Milliseconds): void {
  const { journal } = memory;
  const { reply, dead } = entry;
  const durable = durableOf(entry, { orderingKey: '', priority: 0, notBefore: 0, isDoubtful: false });
  const keptUntil = journal.endOf(entry.keptUntil, entry.settledAt, now);
  const request = durableRequest(memory, durable, {
    ...partsOf(memory, entry),
    headers: NO_BYTES,
    body: reply.body,
    deadline: keptUntil,
    resent: true,
  });
  request.become(dead === undefined ? 'done' : 'dead');
  request.settledAt = Math.min(now, journal.timeOf(entry.settledAt));
  enterJournal(memory, request, now);
  request.hadDigest(entry.digest);
  request.reply = reply;
  if (hasNotRun(reply)) freeKey(memory, request);
  dropReply(memory, request, durable);
  const letter = letterOf(journal, entry);
  if (letter !== undefined) memory.deadLetters.add(letter);
}

function durableOf(
  { submitter, ref }: QueuedEntry | SettledEntry,
  terms: Pick<Durable, 'orderingKey' | 'priority' | 'notBefore' | 'isDoubtful'>,
): Durable {
  return { submitter, ref, ...terms, bytes: 0, place: 'memory', isCollected: false, lane: undefined };
}

function partsOf({ journal }: Memory, entry: QueuedEntry | SettledEntry) {
  const { ticket, key, acceptedAt } = entry;
  const [service, method] = [journal.nameOf(entry.service), journal.nameOf(entry.method)];
  return { ticket, service, method, key, arrivedAt: journal.timeOf(acceptedAt) };
}

/** Everything has been read (R2). */
export function finishReading(memory: Memory, now: Milliseconds): void {
  const { journal } = memory;
  setOutBehindUnread(memory, journal.finishReading());
  memory.output.tell({ event: 'journal.read', requests: journal.count, damaged: journal.damaged });
  if (nextHeld(journal) !== undefined && !journal.holdTimer.isSet) memory.timers.set(journal.holdTimer, now, now);
}

/** R1: the hold is over. What no worker has claimed goes on, in its order. */
export function releaseHeld(memory: Memory, now: Milliseconds): void {
  const { journal } = memory;
  const released = nextHeld(journal)?.splice(0, RELEASED_PER_TURN) ?? [];
  for (const request of released) if (isUnclaimed(request)) goOn(memory, request, now);
  if (nextHeld(journal) !== undefined) memory.timers.set(journal.holdTimer, now, now);
}

/** Those of the highest priority. */
function nextHeld({ held }: Journal): Request[] | undefined {
  return held.find(({ length }) => length > 0);
}

function isUnclaimed(request: Request): boolean {
  return request.state === 'queued' && request.list === undefined && request.parked === undefined;
}

/** While a write waits for room nothing is added to what waits for it; when it has succeeded, workers learn what has been taken. */
export function setStalled(memory: Memory, isStalled: boolean, now: Milliseconds): void {
  memory.journal.isStalled = isStalled;
  if (isStalled) return;
  for (const { session } of memory.links.values()) if (session !== undefined) sayTaken(memory, session, now);
}

/** The store has no room, or has room again. */
export function setRoom(memory: Memory, hasRoom: boolean): void {
  const { journal } = memory;
  if (journal.isFull === !hasRoom) return;
  journal.isFull = !hasRoom;
  memory.output.tell({ event: hasRoom ? 'journal.room' : 'journal.full' });
}
