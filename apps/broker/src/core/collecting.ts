// Which outcomes somebody has collected: they are kept for a shorter time, after a restart too.
//
// N1. What is collected in one second is one small entry of the journal: the outcomes are not written again. A crash in that second forgets
//     it, and those outcomes are kept for as long as if nobody had them.
// N2. Such an entry goes when all that it names have gone.
// N3. A dead letter is kept whether somebody has its error or not, and no entry says so.

import { Timer, type Milliseconds } from '@majordomo/protocol';
import { encodeEntry, type CollectedEntry } from './journal-entry.js';
import { writeRemoved } from './keeping.js';
import type { Memory } from './memory.js';
import type { Durable, Request } from './state.js';

/** How long what is collected may wait to be written, in ms. */
const WRITE_MS = 1_000;
/** Tickets in one entry: some 8 KiB. */
const TICKETS_MAX = 1_000;

/** An entry that is on disk. Its timer is due when it is looked at again (N2). */
export class CollectedNote extends Timer {
  constructor(
    readonly number: number,
    public tickets: readonly number[],
  ) {
    super(undefined, 'collected');
  }
}

/** Somebody has its outcome: it stays for a moment, in case they ask once more. A dead letter is for others to look at, too. */
export function collected(memory: Memory, request: Request, now: Milliseconds): void {
  const { durable } = request;
  if (durable === undefined || durable.isCollected || !request.isSettled) return;
  markCollected(memory, request, durable, now, now);
  if (request.state === 'dead') return; // N3
  const { journal } = memory;
  journal.justCollected.push(request.ref);
  if (journal.justCollected.length >= TICKETS_MAX) writeCollected(memory, now);
  else if (!journal.collectedTimer.isSet) memory.timers.set(journal.collectedTimer, now + WRITE_MS, now);
}

function markCollected(memory: Memory, request: Request, durable: Durable, at: Milliseconds, now: Milliseconds): void {
  durable.isCollected = true;
  if (request.state === 'dead') return;
  const until = Math.max(now, at + memory.settings.collectedKeepMs);
  if (until < request.due) memory.timers.set(request, until, now);
  // The first to make room for what is new, unless others may ask under its key.
  if (request.key === '') memory.journal.collected.pushBack(request);
}

/** N1. */
export function writeCollected(memory: Memory, now: Milliseconds): void {
  const { journal } = memory;
  const tickets = journal.justCollected.splice(0).filter((ticket) => journal.session.requests.has(ticket));
  memory.timers.clear(journal.collectedTimer);
  if (tickets.length === 0) return;
  const number = journal.nextNote();
  const value = encodeEntry({ state: 'collected', ticket: number, collectedAt: journal.dateOf(now), tickets });
  memory.output.write({ key: number, value, isDamaged: false });
  keepNote(memory, new CollectedNote(number, tickets), now);
}

/** N2: until right after the last of them, as things stand. */
function keepNote(memory: Memory, note: CollectedNote, now: Milliseconds): void {
  const { requests } = memory.journal.session;
  let last = now;
  for (const ticket of note.tickets) {
    const due = requests.get(ticket)?.due ?? 0;
    if (due !== Infinity && due > last) last = due;
  }
  memory.timers.set(note, last + 1, now);
}

/** After a start. The entries of the tickets it names have lower numbers and are there. */
export function restoreCollected(memory: Memory, entry: CollectedEntry, now: Milliseconds): void {
  const { journal } = memory;
  for (const ticket of entry.tickets) {
    const request = journal.session.requests.get(ticket);
    // Somebody may have collected it again already, while the journal was being read.
    if (request?.durable === undefined || request.durable.isCollected || !request.isSettled) continue;
    markCollected(memory, request, request.durable, Math.min(now, journal.timeOf(entry.collectedAt)), now);
  }
  keepNote(memory, new CollectedNote(entry.ticket, entry.tickets), now);
}

/** N2. */
export function reviewNote(memory: Memory, note: CollectedNote, now: Milliseconds): void {
  note.tickets = note.tickets.filter((ticket) => memory.journal.session.requests.has(ticket));
  if (note.tickets.length === 0) writeRemoved(memory, note.number);
  else keepNote(memory, note, now);
}
