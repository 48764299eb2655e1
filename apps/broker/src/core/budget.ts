// What the broker keeps in memory for others, in bytes, and whether there is room for more (D6).
//
// X1. Everything that grows with what peers send counts: requests that wait or run, outcomes, entries of the journal, those that are still to be
//     read included, bodies that are in memory, dead letters, what waits for the disk, claims of workers, callers that wait for an outcome.
// X2. Beyond `memoryBytesMax` nothing new is taken: BUSY for calls, STORE_FULL for submissions. What is there goes on.
// X3. The journal takes three quarters of it at most, so that a backlog of submissions leaves room for calls.
//
// The bytes for each are what Node 20 takes on the heap of a 64-bit machine, measured as the heap after a full collection divided by how many
// there are, with 64-byte bodies, and rounded up: 500 for a call, 640 to 740 for an entry of the journal, depending on how full its tables are.

import type { Memory, Refusal } from './memory.js';
import type { BrokerSettings } from './settings.js';

const REQUEST_BYTES = 600;
const ENTRY_BYTES = 750;
const HOLDING_BYTES = 250;
const ASKER_BYTES = 300;

/** X3: a share of `memoryBytesMax`. */
const JOURNAL_SHARE = 3 / 4;

const MIB = 1024 * 1024;

function journalBytes({ journal }: Memory): number {
  return journal.countWithUnread * ENTRY_BYTES + journal.textBytes;
}

/** X1. */
export function usedBytes(memory: Memory): number {
  const { journal, output, deadLetters } = memory;
  const waiting = output.waitingBytes + output.storedBytes;
  const bodies = memory.unsettledBytes + memory.settledBytes + journal.loadedBytes + deadLetters.bytes;
  const others = memory.holdingCount * HOLDING_BYTES + memory.askerCount * ASKER_BYTES + journal.deferrals.bytes;
  return journalBytes(memory) + memory.unsettled * REQUEST_BYTES + bodies + waiting + others;
}

/** X2: may a call with so many bytes be taken? */
export function hasRoomForCall(memory: Memory, bytes: number): boolean {
  return usedBytes(memory) + REQUEST_BYTES + bytes <= memory.settings.memoryBytesMax;
}

/** X2, X3: why a submission with so many bytes may not be taken; undefined when it may. */
export function whyNoRoomForEntry(memory: Memory, bytes: number): string | undefined {
  const { memoryBytesMax } = memory.settings;
  if (journalBytes(memory) + ENTRY_BYTES > memoryBytesMax * JOURNAL_SHARE)
    return 'memoryBytesMax carries no more of them';
  if (usedBytes(memory) + ENTRY_BYTES + bytes <= memoryBytesMax) return undefined;
  return usedOf(memory);
}

/** May more entries be read after a start? A journal that was filled by a broker with as much memory never comes to this bound. */
export function mayReadOn(memory: Memory): boolean {
  const { journal, settings } = memory;
  return journal.count * ENTRY_BYTES + journal.textBytes <= settings.memoryBytesMax;
}

/** Entries that the journal can carry. */
export function entriesMax({ storedCountMax, memoryBytesMax }: BrokerSettings): number {
  return Math.min(storedCountMax, Math.floor((memoryBytesMax * JOURNAL_SHARE) / ENTRY_BYTES));
}

/** For people: what is used of what. */
function usedOf(memory: Memory): string {
  const mib = (bytes: number): number => Math.round(bytes / MIB);
  return `${mib(usedBytes(memory))} MiB of ${mib(memory.settings.memoryBytesMax)} are in use (memoryBytesMax)`;
}

/** The refusal of a call at the bound (X2). */
export function memoryFull(memory: Memory): Refusal {
  const message = `the broker has no memory for more: ${usedOf(memory)}`;
  return { code: 'BUSY', message, retryAfterMs: memory.settings.busyRetryMs };
}
