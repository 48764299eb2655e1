// What the broker asks of whatever keeps its journal: read it all once, put writes on disk in order, read single entries, let go.
//
// S1. `commit` resolves when the writes are on disk, and then they survive the process, the machine and the power. All of a commit is
//     there afterwards, or nothing of it.
// S2. Commits are made in the order in which they are asked for. The broker asks for one at a time.
// S3. Where there is no room `commit` rejects with the code STORE_FULL and nothing of it is there; the same writes may be tried again.
//     Any other rejection means that the store can no longer be trusted.
// S4. What a damaged entry held is set aside, not thrown away; it is not loaded again.
// S5. `read` finds what was committed before it was asked for. An entry that cannot be read is one that says so; it never rejects because
//     of one.

import type { Write } from '@majordomo/protocol';
import type { Unread } from '../core/journal.js';
import type { StoredEntry } from '../core/reading.js';

/** What a store holds at the start. */
export interface Loaded {
  /** The number of this journal: 53 random bits, drawn when it was made, the same ever after. Never 0. */
  readonly id: number;
  /** How many times it has been loaded, this time included. On disk before `load` resolves, so that no number is used twice. */
  readonly starts: number;
  /** 32 random bytes, drawn when the journal was made, the same ever after: what is derived from it for clients cannot be guessed. */
  readonly secret: Uint8Array;
  /** How many entries are to come, and what they take on disk, about. */
  readonly unread: Unread;
  /** The highest keys that were set aside as damaged (S4), in their order; `SET_ASIDE_MAX` at most. */
  readonly setAside: readonly number[];
  /** Everything that was committed, in the order of the keys, in lots that one turn can take. To be read once. */
  readonly entries: AsyncIterable<readonly StoredEntry[]>;
}

export interface Store {
  /** Once. */
  load(): Promise<Loaded>;
  /** S1 to S4. `writes` is not touched afterwards. */
  commit(writes: readonly Write[]): Promise<void>;
  /** S5. One for each key, in their order. */
  read(keys: readonly number[]): Promise<readonly StoredEntry[]>;
  /** Lets go of the files. Commits that are under way are finished first. May be called twice; nothing else is called afterwards. */
  close(): Promise<void>;
}
