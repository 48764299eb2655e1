// The tables of a journal in LMDB: their keys, a walk over one of them, and what they leave free of the file.

import type { Database } from 'lmdb';
import { NO_BYTES } from '@majordomo/protocol';
import type { Unread } from '../core/journal.js';
import type { StoredEntry } from '../core/reading.js';

export type Table = Database<Buffer, number>;

/** Keys are numbers, eight bytes each, the highest first: their order is the order of their bytes, and any eight bytes are a number. */
export const NUMBER_KEYS = {
  writeKey(key: number, target: Buffer, start: number): number {
    target.writeUInt32BE(Math.floor(key / 2 ** 32), start);
    target.writeUInt32BE(key % 2 ** 32, start + 4);
    return start + 8;
  },
  readKey(source: Buffer, start: number): number {
    return source.readUInt32BE(start) * 2 ** 32 + source.readUInt32BE(start + 4);
  },
};

/** Through all entries of a table, in order, as they are when it begins. */
export class Walk {
  readonly #entries: Iterator<StoredEntry>;
  #left: number;
  #isOver = false;
  #trouble = 'the tree has lost them';

  constructor(table: Table) {
    this.#left = (table.getStats() as Stats).entryCount;
    this.#entries = table.getRange({ start: 0 })[Symbol.iterator]() as Iterator<StoredEntry>;
  }

  /** There are no more, or none that can be reached. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** @returns the next ones, so many at most, and no more once they have so many bytes. */
  take(count: number, bytes: number): StoredEntry[] {
    const lot: StoredEntry[] = [];
    let taken = 0;
    try {
      while (lot.length < count && taken < bytes) {
        const next = this.#entries.next();
        if (next.done === true) {
          this.#isOver = true;
          break;
        }
        lot.push(next.value);
        taken += next.value.value.length;
      }
    } catch (error) {
      this.#trouble = (error as Error).message;
      this.#isOver = true;
    }
    this.#left -= lot.length;
    return lot;
  }

  /** When all were taken that could be: what there is to say of the others, as an entry. */
  get missing(): StoredEntry | undefined {
    if (this.#left <= 0) return undefined;
    const damage = `it stands for ${this.#left} entries that cannot be reached: ${this.#trouble}`;
    return { key: 0, value: Buffer.from(damage), damage, unreachable: this.#left };
  }

  /** Lets go of the file. May be called twice. */
  end(): void {
    this.#entries.return?.();
  }
}

/** One entry; where it cannot be read, an entry that says so. */
export function readFrom(table: Table, key: number): StoredEntry {
  try {
    const value = table.get(key);
    return value === undefined ? { key, value: NO_BYTES, damage: 'it is not there' } : { key, value };
  } catch (error) {
    return { key, value: NO_BYTES, damage: `it cannot be reached: ${(error as Error).message}` };
  }
}

/** What LMDB says of a table; of the root also what it says of the file. */
export interface Stats {
  readonly entryCount: number;
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  readonly lastPageNumber: number;
}

/** Bytes of the file that no table uses, about. */
export function freeWithin(tables: readonly Stats[]): number {
  const [{ pageSize, lastPageNumber }] = tables as readonly [Stats];
  const used = tables.reduce((sum, { treeBranchPageCount, treeLeafPageCount, overflowPages }) => {
    return sum + treeBranchPageCount + treeLeafPageCount + overflowPages;
  }, 0);
  return Math.max(0, lastPageNumber - used) * pageSize;
}

/** How many entries a table has, and what their pages take. */
export function unreadIn({ entryCount, pageSize, treeLeafPageCount, overflowPages }: Stats): Unread {
  return { count: entryCount, bytes: (treeLeafPageCount + overflowPages) * pageSize };
}
