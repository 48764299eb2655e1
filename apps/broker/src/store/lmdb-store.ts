// The journal in LMDB: one environment in a folder of its own, with a table for entries, one for what is damaged, one for what the journal is.
//
// L1. `overlappingSync` is off. LMDB then writes the pages of a transaction, waits for fdatasync, and writes the page that makes them valid
//     through a descriptor that syncs by itself; only after that does it say that the transaction is committed. So `batch` settling means
//     on disk. Measured here, one commit of 1,000 entries at a time: no slower than with it on, and recovery has one rule less to trust.
// L2. `eventTurnBatching` is off: with it on, lmdb makes a second promise for the same transaction which nobody can hold, and when the
//     transaction fails that one ends the process as an unhandled rejection.
// L3. After a failure that is not a full disk nothing is written any more, not even at the end (store.ts S3).
// L4. The journal is read in one walk over one snapshot: a key that is damaged is out of its order, and a search would lose its way by it.
// L5. Where the walk ends before all entries were found the tree is damaged; what is missing is told like an entry, under the number 0.

import type { Write } from '@majordomo/protocol';
import { open, type RootDatabase } from 'lmdb';
import type { StoredEntry } from '../core/reading.js';
import { SET_ASIDE_MAX } from '../core/set-aside.js';
import { freeWithin, NUMBER_KEYS, readFrom, unreadIn, Walk, type Stats, type Table } from './tables.js';
import { checkDataFile } from './data-file.js';
import { Holding } from './holding.js';
import { Identity } from './identity.js';
import { commitCause, explainOpening, isFull, StoreFull } from './lmdb-failures.js';
import { freeBytesOf, hasRoomFor, makeFolder, moveIn } from './journal-folder.js';
import type { Loaded, Store } from './store.js';

/** Entries of the first lot: what waits longest is served first, and at once. */
const FIRST_LOT = 200;
/** Entries that are read at one time after that: a turn of some 10 ms with what the machine does with them. */
const LOT = 2_000;
/** And no more of them once they have so many bytes: bodies are read with them, and dropped at once. */
const LOT_BYTES = 8 * 1024 * 1024;
/** What a commit takes beside its bytes, at most: the pages on the way to each entry are written anew. */
const COMMIT_OVERHEAD_BYTES = 1024 * 1024;

export interface LmdbStoreOptions {
  /** Made when it is not there. */
  readonly folder: string;
  /** The date now, in ms since 1970: others are told since when this one holds the folder. */
  readonly date: number;
}

type Root = RootDatabase<Buffer, string>;

export class LmdbStore implements Store {
  readonly #folder: string;
  readonly #root: Root;
  readonly #entries: Table;
  readonly #damaged: Table;
  readonly #identity: Identity;
  readonly #holding: Holding;
  /** The walk over the entries, while it is under way. */
  #walk: Walk | undefined;
  /** Pages that are being fetched by another thread: it must not outlive its file either. */
  readonly #fetches = new Set<Promise<unknown>>();
  /** The last commit found no room: the disk is asked before LMDB is, which complains loudly each time. */
  #wasFull = false;
  #isBroken = false;
  #closed: Promise<void> | undefined;

  private constructor(folder: string, root: Root, holding: Holding) {
    this.#folder = folder;
    this.#root = root;
    this.#holding = holding;
    this.#entries = tableOf(root, 'entries');
    this.#damaged = tableOf(root, 'damaged');
    this.#identity = new Identity(root);
  }

  /**
   * Opens the journal of a folder, and makes it when there is none.
   *
   * @throws MajordomoError INVALID_OPTION when another broker has this folder, when it cannot be used, or when what is in it is no journal;
   *   STORE_FULL when there is no room to begin with.
   */
  static async open({ folder, date }: LmdbStoreOptions): Promise<LmdbStore> {
    try {
      const { path, isNew } = await makeFolder(folder);
      if (isNew) await moveIn(path, (made) => make(made));
      await checkDataFile(path);
      const root = openRoot(path);
      try {
        const holding = new Holding(date);
        holding.enter(root);
        return new LmdbStore(path, root, holding);
      } catch (error) {
        await root.close();
        throw error;
      }
    } catch (error) {
      throw explainOpening(folder, error);
    }
  }

  async load(): Promise<Loaded> {
    const last = this.#entries.getKeys({ reverse: true, limit: 1, start: Number.MAX_SAFE_INTEGER });
    const { id, starts, secret, damaged } = await this.#identity.next([...last][0]);
    const unread = unreadIn(this.#entries.getStats() as Stats);
    const setAside = [
      ...this.#damaged.getKeys({ reverse: true, limit: SET_ASIDE_MAX, start: Number.MAX_SAFE_INTEGER }),
    ];
    return { id, starts, secret, unread, setAside: setAside.reverse(), entries: this.#read(damaged) };
  }

  /** L4, L5. */
  async *#read(damaged: readonly StoredEntry[]): AsyncGenerator<readonly StoredEntry[]> {
    if (damaged.length > 0) yield damaged;
    const walk = new Walk(this.#entries);
    this.#walk = walk;
    try {
      for (let size = FIRST_LOT; ; size = LOT) {
        const lot = walk.take(size, LOT_BYTES);
        if (lot.length > 0) yield lot;
        if (walk.isOver) break;
        await new Promise(setImmediate);
      }
      const { missing } = walk;
      if (missing !== undefined && this.#closed === undefined) yield [missing];
    } finally {
      this.#endWalk();
    }
  }

  /** Also when the store is closed in the middle of it: a walk must not outlive its file. */
  #endWalk(): void {
    this.#walk?.end();
    this.#walk = undefined;
  }

  async commit(writes: readonly Write[]): Promise<void> {
    if (this.#wasFull && !(await hasRoomFor(this.#folder, bytesOf(writes)))) throw new StoreFull(this.#folder);
    try {
      // A transaction that cannot even begin would leave lmdb waiting for ever; this one says so.
      if (this.#wasFull) this.#root.transactionSync(() => undefined);
      await this.#root.batch(() => {
        for (let i = 0; i < writes.length; i++) this.#write(writes[i] as Write);
      });
    } catch (error) {
      throw await this.#failed(error, writes);
    }
    this.#wasFull = false;
  }

  /** Pages that are not in memory are fetched by another thread first. */
  async read(keys: readonly number[]): Promise<readonly StoredEntry[]> {
    const fetched = this.#entries.prefetch([...keys]);
    this.#fetches.add(fetched);
    await fetched;
    this.#fetches.delete(fetched);
    return keys.map((key) => readFrom(this.#entries, key));
  }

  /** What these return settles with the whole batch. */
  #write({ key, value, isDamaged }: Write): void {
    if (value === undefined) void this.#entries.remove(key);
    else if (isDamaged) {
      void this.#damaged.put(key, value as Buffer);
      void this.#entries.remove(key);
    } else void this.#entries.put(key, value as Buffer);
  }

  /** What is to be told of a commit that failed (S3). */
  async #failed(error: unknown, writes: readonly Write[]): Promise<Error> {
    const cause = await commitCause(error);
    if (await isFull(cause, () => hasRoomFor(this.#folder, bytesOf(writes)))) {
      this.#wasFull = true;
      return new StoreFull(this.#folder, cause);
    }
    this.#isBroken = true;
    const message = `the journal in ${this.#folder} cannot be written any more: ${cause.message}`;
    return new Error(message, { cause });
  }

  /** How much can still be written: what the disk has free, and what is free within the file, which never shrinks. Rejects where nobody can tell. */
  async freeBytes(): Promise<number> {
    const tables = [this.#root, this.#entries, this.#damaged];
    return (await freeBytesOf(this.#folder)) + freeWithin(tables.map((table) => table.getStats() as Stats));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#endWalk();
    await Promise.all(this.#fetches);
    // L3.
    if (!this.#isBroken) await this.#holding.leave(this.#root);
    await this.#root.close();
  }
}

/** L1, L2. Without `noSubdir` a folder whose name has a dot would be taken for a file. */
function openRoot(path: string): Root {
  return open<Buffer, string>({
    path,
    noSubdir: false,
    encoding: 'binary',
    overlappingSync: false,
    eventTurnBatching: false,
  });
}

function tableOf(root: Root, name: string): Table {
  return root.openDB<Buffer, number>({ name, encoding: 'binary', keyEncoder: NUMBER_KEYS } as { name: string });
}

/** Makes an empty journal, complete and on disk. */
async function make(path: string): Promise<void> {
  const root = openRoot(path);
  tableOf(root, 'entries');
  tableOf(root, 'damaged');
  await root.close();
}

function bytesOf(writes: readonly Write[]): number {
  return writes.reduce((sum, { value }) => sum + (value?.length ?? 0), COMMIT_OVERHEAD_BYTES);
}
