// What a worker says to a broker that has just welcomed it, and to the others when one is lost: what it serves, what it holds, what it takes.
//
// A1. OFFER comes first and with no credit, then HOLDS, then CREDIT: a broker knows what is held before it hands out anything.
// A2. Held is what runs without a lease there, and what ended too late for the loss of a link to be sure that its reply went on.
// A3. When a link is lost, the brokers that are left are told at once: the clients ask them next.
// A4. The limit is what the concurrency leaves beside the handlers that no broker counts; nothing during a drain.

import { DRAIN, Kind, type Milliseconds } from '@majordomo/protocol';
import type { Archived } from './archive.js';
import { orphaned } from './endings.js';
import { unbind } from './leases.js';
import { WORKER_LIMITS } from './limits.js';
import type { Memory } from './memory.js';
import type { Run, Side } from './state.js';

/** WELCOME has come (A1). */
export function greet(memory: Memory, side: Side, now: Milliseconds): void {
  for (const { number, offer } of memory.services) {
    const { name, methods } = offer;
    memory.send(side, { kind: Kind.offer, service: number, credit: 0, name, methods }, now);
    side.credit[number] = 0;
  }
  const isLost = (ended: Ended): boolean => mayBeLost(ended, side);
  const isMeant = (run: Run): boolean => run.isAtWork || run.state === 'flushing' || isLost(run);
  announce(memory, side, { isMeant, isLost }, now);
  for (const { number } of memory.services) giveCredit(memory, side, number, now);
  if (memory.phase === 'draining') memory.send(side, DRAIN, now);
}

/** The link is gone, and every lease with it (A3). */
export function mourn(memory: Memory, side: Side, now: Milliseconds): void {
  const affected = new Set<Run>();
  for (const lease of side.leases.values()) affected.add(lease.run);
  side.lostAt = now;
  for (const lease of side.leases.values()) {
    unbind(memory, lease);
    if (lease.run.leases === undefined) orphaned(memory, lease.run, now);
  }
  side.reset();
  const isLost = (ended: Ended): boolean => ended.via === side && mayBeLost(ended, side);
  const isMeant = (run: Run): boolean => affected.has(run) || isLost(run);
  for (const other of memory.sides) {
    if (other === side || !other.link.isOpen) continue;
    announce(memory, other, { isMeant, isLost }, now);
  }
}

/** Tells every open broker its limits, where they have changed (A4). */
export function settleCredit(memory: Memory, now: Milliseconds): void {
  memory.creditStale = false;
  for (const side of memory.sides) {
    if (!side.link.isOpen) continue;
    for (const { number } of memory.services) giveCredit(memory, side, number, now);
  }
}

function giveCredit(memory: Memory, side: Side, number: number, now: Milliseconds): void {
  const service = memory.services[number];
  if (service === undefined) return;
  const room = Math.max(0, service.offer.concurrency - service.unleased);
  const limit = memory.phase === 'serving' ? room : 0;
  if (side.credit[number] === limit) return;
  side.credit[number] = limit;
  memory.send(side, { kind: Kind.credit, service: number, limit }, now);
}

/** What counts of a reply that was said. */
type Ended = Pick<Run, 'via' | 'isSet' | 'finishedAt'>;

interface Selection {
  readonly isMeant: (run: Run) => boolean;
  /** The same for what is in the archive. */
  readonly isLost: (ended: Ended) => boolean;
}

/** HOLDS for everything that is at work, then for outcomes, the latest first, up to the bound. */
function announce(memory: Memory, to: Side, { isMeant, isLost }: Selection, now: Milliseconds): void {
  const say = ({ instance, request: ref, attempt }: Archived | Run, service: number, finished: boolean): void => {
    to.announcedAt = now;
    memory.send(to, { kind: Kind.holds, instance, ref, attempt, service, finished }, now);
  };
  const hold = (run: Run): number => {
    if (run.isDoomed || run.leaseOn(to) !== undefined || !isMeant(run)) return 0;
    say(run, run.service.number, run.outcome !== undefined);
    return 1;
  };
  for (const run of memory.runs) if (run.isAtWork || run.state === 'flushing') hold(run);
  let room: number = WORKER_LIMITS.holdsMax;
  for (const outcomes of [memory.outcomes.unheard, memory.outcomes.heard]) {
    let run = outcomes.last;
    for (; run !== undefined && room > 0; run = run.previous as Run | undefined) room -= hold(run);
  }
  for (const entry of memory.outcomes.archived()) {
    if (room === 0) return;
    if (!isLost({ via: memory.sides[entry.side], isSet: false, finishedAt: entry.finishedAt })) continue;
    say(entry, entry.service, true);
    room -= 1;
  }
}

/** A2: the reply went to a broker that was lost before it had surely passed it on, and `to` has not seen it since. */
function mayBeLost({ via, isSet, finishedAt }: Ended, to: Side): boolean {
  if (via === undefined || (via !== to && via.link.isOpen)) return false;
  // Its deadline is still set: no broker has taken the reply.
  return isSet || finishedAt >= via.lostAt - WORKER_LIMITS.holdsBeforeLossMs;
}
