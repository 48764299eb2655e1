// What is written of durable requests, and until when it is kept.
//
// K1. One write when it is accepted, one when it is settled; what is said about either goes with `sendStored` (D1).
// K2. What may run only once is written once more before a worker gets it: after a start nobody can say otherwise whether it ran.

import { WIRE_LIMITS, type Bytes, type ErrorReply, type Final, type Milliseconds } from '@majordomo/protocol';
import { encodeEntry, type DeadPart } from './journal-entry.js';
import { leaveLane } from './lanes.js';
import type { Memory } from './memory.js';
import type { Durable, Request } from './state.js';

/** The place in the order of arrival, behind those of a higher priority. */
export function orderOf(memory: Memory, priority: number): number {
  memory.lastOrder += 1;
  return behindHigher(priority) + memory.lastOrder;
}

/** The same for an entry of the journal: before everything that came in after the start, also when that was accepted before the entry was read. */
export function restoredOrderOf(memory: Memory, priority: number): number {
  memory.lastRestoredOrder += 1;
  return behindHigher(priority) + memory.lastRestoredOrder;
}

function behindHigher(priority: number): number {
  return (WIRE_LIMITS.priorityMax - priority) * 2 ** 48;
}

/** K1: it is accepted. */
export function writeAccepted(memory: Memory, request: Request, durable: Durable): void {
  const { journal } = memory;
  const entry = encodeEntry({
    state: 'queued',
    ticket: request.ref,
    service: request.service,
    method: request.methodName,
    key: request.key,
    submitter: durable.submitter,
    ref: durable.ref,
    acceptedAt: journal.dateOf(request.arrivedAt),
    orderingKey: durable.orderingKey,
    priority: durable.priority,
    expiresAt: journal.dateOf(request.deadline),
    notBefore: durable.notBefore === 0 ? 0 : journal.dateOf(durable.notBefore),
    isDoubtful: durable.isDoubtful,
    headers: request.headers,
    body: request.body,
  });
  memory.output.write({ key: request.ref, value: entry, isDamaged: false });
}

/** K2. */
export function writeHandedOut(memory: Memory, request: Request, durable: Durable): void {
  durable.isDoubtful = true;
  writeAccepted(memory, request, durable);
}

/** K1: it is settled. Called while it has its body still. */
export function writeSettled(
  memory: Memory,
  request: Request,
  reply: Final | ErrorReply,
  keptUntil: Milliseconds,
  dead: DeadPart | undefined,
): void {
  const { durable } = request;
  if (durable === undefined) return;
  const { journal } = memory;
  const history = dead?.history.map((attempt) => ({ ...attempt, at: journal.dateOf(attempt.at) })) ?? [];
  const entry = encodeEntry({
    state: 'settled',
    ticket: request.ref,
    service: request.service,
    method: request.methodName,
    key: request.key,
    submitter: durable.submitter,
    ref: durable.ref,
    acceptedAt: journal.dateOf(request.arrivedAt),
    digest: request.digest,
    settledAt: journal.dateOf(request.settledAt),
    keptUntil: journal.dateOf(keptUntil),
    reply,
    dead: dead === undefined ? undefined : { ...dead, history },
  });
  memory.output.write({ key: request.ref, value: entry, isDamaged: false });
  journal.recount(durable, reply.body.length + (dead === undefined ? 0 : dead.body.length));
}

/** Its outcome is decided: written, and kept until it is collected or its time is over. Whoever waited for that goes on. */
export function keepOutcome(
  memory: Memory,
  request: Request,
  reply: Final | ErrorReply,
  dead: DeadPart | undefined,
  now: Milliseconds,
): void {
  const { resultKeepMs, deadLetterKeepMs } = memory.settings;
  const keptUntil = now + (dead === undefined ? resultKeepMs : deadLetterKeepMs);
  writeSettled(memory, request, reply, keptUntil, dead);
  memory.journal.verdicts.delete(request.ref);
  memory.timers.set(request, keptUntil, now);
  const next = leaveLane(memory.journal.lanes, request);
  if (next !== undefined) memory.journal.turns.push(next);
}

/** Its entry goes. Nobody waits for this write. */
export function writeRemoved(memory: Memory, ticket: number): void {
  memory.output.write({ key: ticket, value: undefined, isDamaged: false });
}

/** An entry that cannot be read is set aside, for people to look at. */
export function writeDamaged(memory: Memory, key: number, value: Bytes): void {
  memory.output.write({ key, value, isDamaged: true });
}
