// The simplest store there is: a journal in memory. What the contract says can be read here.

import type { Write } from '@majordomo/protocol';
import type { Loaded, Store, StoredEntry } from '@majordomo/broker';

/** What outlives one store and is found by the next. */
export class MemoryJournal {
  starts = 0;
  hasRoom = true;
  readonly secret = Buffer.alloc(32, 7);
  readonly entries = new Map<number, Uint8Array>();
  readonly damaged = new Map<number, Uint8Array>();

  constructor(readonly id: number) {}
}

const LOT = 1_000;

export class MemoryStore implements Store {
  readonly #journal: MemoryJournal;
  #isClosed = false;
  /** Power was cut: what is under way is not there any more. */
  isDead = false;
  #last: Promise<void> = Promise.resolve();

  constructor(journal: MemoryJournal) {
    this.#journal = journal;
  }

  load(): Promise<Loaded> {
    const journal = this.#journal;
    journal.starts += 1;
    const entries = [...journal.entries].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
    const bytes = entries.reduce((sum, { value }) => sum + value.length, 0);
    const unread = { count: entries.length, bytes };
    const { id, starts, secret } = journal;
    const setAside = [...journal.damaged.keys()].sort((a, b) => a - b);
    return Promise.resolve({ id, starts, secret, unread, setAside, entries: this.#lots(entries) });
  }

  async *#lots(entries: readonly StoredEntry[]): AsyncGenerator<readonly StoredEntry[]> {
    for (let at = 0; at < entries.length && !this.#isClosed; at += LOT) {
      yield entries.slice(at, at + LOT);
      await Promise.resolve();
    }
  }

  commit(writes: readonly Write[]): Promise<void> {
    const commit = this.#last.then(() => this.#commit(writes));
    this.#last = commit.catch(() => undefined);
    return commit;
  }

  #commit(writes: readonly Write[]): void {
    const { entries, damaged, hasRoom } = this.#journal;
    if (this.isDead) throw new Error('nobody is there any more');
    if (!hasRoom) throw Object.assign(new Error('there is no room'), { code: 'STORE_FULL' });
    for (const { key, value, isDamaged } of writes) {
      if (value === undefined || isDamaged) entries.delete(key);
      if (value !== undefined) (isDamaged ? damaged : entries).set(key, value);
    }
  }

  read(keys: readonly number[]): Promise<readonly StoredEntry[]> {
    const { entries } = this.#journal;
    return this.#last.then(() =>
      keys.map((key) => {
        const value = entries.get(key);
        return value === undefined ? { key, value: new Uint8Array(0), damage: 'it is not there' } : { key, value };
      }),
    );
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#last;
  }
}
