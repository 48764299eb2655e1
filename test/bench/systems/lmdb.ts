// The floor of the journal: records as long as its own, into the same store with the same settings, and nothing else. Everybody who waits puts a record,
// and its promise is kept when that is on disk.
//
// LMDB makes one transaction of all that is put in one event-loop turn, which is the fastest that it does for many who wait one by one; with
// `overlappingSync` and `flushed` it was a fifth slower here.

import { open } from 'lmdb';
import type { Ask, PartInit, System } from '../cell.js';

/** What an entry of the journal takes beside the body, in bytes; floor-entry.test.ts compares it with one. */
export const ENTRY_BYTES = 88;

// oxlint-disable-next-line typescript/require-await -- the interface leaves room for systems that connect slowly
async function submitter({ folder, cell }: PartInit): Promise<Ask> {
  const root = open<Buffer, number>({ path: folder, noSubdir: false, encoding: 'binary', overlappingSync: false });
  const entries = root.openDB<Buffer, number>({ name: 'entries', encoding: 'binary' });
  const record = Buffer.alloc(cell.bodyBytes + ENTRY_BYTES, 0x2a);
  let key = 2 ** 32;
  return (_body, done) => {
    // Each has memory of its own, as where each is another.
    entries.put(++key, Buffer.from(record)).then(done, () => done(false)); // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
  };
}

export const lmdb: System = { name: 'lmdb', submitter };
