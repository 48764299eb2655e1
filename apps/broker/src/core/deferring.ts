// While entries of the journal are unread: which requests wait until it is known whether they are among them, and how that wait ends.
//
// A request is new when it was never sent before, has no idempotency key and names no ticket: it does not wait.
//
// E1. Nothing that may be among the unread entries is accepted, handed out or refused as unknown before they are read.
// E2. A call waits no longer than its deadline. A submission has none: its client ends that wait by itself.
// E3. At the bound the answer is BUSY; with `ran: unknown` if the request was sent before, because it may be on disk (D6).

import {
  CALL_DEFAULTS,
  Kind,
  RESERVED_PREFIX,
  type Milliseconds,
  type Ran,
  type Request as RequestRecord,
  type Submit,
} from '@majordomo/protocol';
import { Deferral } from './deferrals.js';
import type { Memory } from './memory.js';
import { keyOf } from './keys.js';
import { refuse } from './outcomes.js';
import { busy } from './places.js';
import { deferralBytesMax } from './shares.js';
import { keepable, type NamedAddress, type Session } from './state.js';
import { numberOfTicket } from './tickets.js';

/** Was this request, or one with its idempotency key, perhaps accepted before the last start? Called for what is not known. */
export function mayBeUnread({ journal }: Memory, { ageMs, key }: RequestRecord | Submit): boolean {
  return journal.state === 'loading' && (ageMs > 0 || key !== '');
}

/** E1. */
export function defer(
  memory: Memory,
  session: Session,
  name: NamedAddress,
  record: RequestRecord | Submit,
  now: Milliseconds,
): void {
  const { journal, settings } = memory;
  const { deferrals } = journal;
  const before = deferrals.get(session, record.ref);
  if (before !== undefined) drop(memory, before);
  const body = keepable(record.body);
  const headers = keepable(record.headers);
  const deferral = new Deferral(session, name, { ...record, headers, body }, now);
  const isFull =
    deferrals.count >= settings.deferredCountMax || deferrals.bytes + deferral.bytes > deferralBytesMax(settings);
  if (isFull) {
    const message = `the broker is reading its journal, and ${deferrals.count} requests wait for that`;
    refuse(memory, session, record.ref, { ...busy(memory, message), ran: ranOf(record) }, now);
    return;
  }
  deferrals.add(deferral);
  if (record.kind === Kind.request) {
    memory.timers.set(deferral, now + (record.timeLeftMs || CALL_DEFAULTS.deadlineMs), now);
  }
}

/** E3. */
function ranOf({ ageMs }: RequestRecord | Submit): Ran {
  return ageMs > 0 ? 'unknown' : 'no';
}

function drop(memory: Memory, deferral: Deferral): void {
  memory.timers.clear(deferral);
  memory.journal.deferrals.remove(deferral);
}

/** E2. */
export function expireDeferral(memory: Memory, deferral: Deferral, now: Milliseconds): void {
  const { session, name, record } = deferral;
  drop(memory, deferral);
  const message = 'the deadline passed while the broker was reading its journal';
  // A question about a ticket has ended, and not the request of the ticket (operations.ts P3).
  const stage = name.service === RESERVED_PREFIX ? 'client' : 'queued';
  refuse(memory, session, record.ref, { code: 'DEADLINE_EXCEEDED', message, ran: ranOf(record), stage }, now);
}

/** CANCEL for a call that waits. A submission cannot be taken back. */
export function cancelDeferral(memory: Memory, session: Session, ref: number, now: Milliseconds): void {
  const deferral = memory.journal.deferrals.get(session, ref);
  if (deferral === undefined || deferral.record.kind !== Kind.request) return;
  drop(memory, deferral);
  const ran = ranOf(deferral.record);
  refuse(memory, session, ref, { code: 'CANCELLED', message: 'the caller cancelled', ran }, now);
}

/** The session is gone for good: what it asked and was not taken yet is given up. */
export function dropDeferrals(memory: Memory, session: Session): void {
  for (const deferral of memory.journal.deferrals.of(session)) drop(memory, deferral);
}

/** Takes out those whose wait is over: all when the journal has been read, before that those whose entry has been. */
export function takeDecidable(memory: Memory): Deferral[] {
  const { journal } = memory;
  if (journal.deferrals.count === 0) return [];
  const decidable = [...journal.deferrals].filter((each) => journal.state === 'open' || isRead(memory, each));
  for (const deferral of decidable) drop(memory, deferral);
  return decidable;
}

function isRead({ journal, keyed }: Memory, { session, name, record }: Deferral): boolean {
  if (name.service === RESERVED_PREFIX) {
    return journal.session.requests.has(numberOfTicket(journal, record.body) ?? 0);
  }
  if (record.key !== '' && keyed.has(keyOf(name.service, record.key))) return true;
  return record.kind === Kind.submit && journal.submitted(session.instance, record.ref) !== undefined;
}
