// Turns that wait for the disk: their writes go down together, in order, and what they had to say leaves after them.
//
// J1. One commit is under way at a time; the writes of all turns taken meanwhile are the next one (group commit).
// J2. A turn's words leave when its writes and those of every turn before it are on disk, and in that order.
// J3. A full store is tried again with the same writes: nothing is lost, nothing overtakes, and the machine is told.
// J4. Any other failure ends it: nothing leaves any more, and whoever runs this process is told.
// J5. A turn's reads begin when its writes and those of every turn before are on disk; nothing waits for them.

import type { Bytes, LinkId, WireRecord, Write } from '@majordomo/protocol';
import type { Cancel, Clock } from './clock.js';

/** Where writes go. `commit` settles when they are on disk; it rejects with an error of code STORE_FULL when there is no room. */
export interface CommitStore {
  commit(writes: readonly Write[]): Promise<void>;
  /** The entries under these keys as they are now; what cannot be read is an entry that says so. */
  read(keys: readonly number[]): Promise<readonly ReadEntry[]>;
}

/** An entry as the store has it. */
export interface ReadEntry {
  readonly key: number;
  readonly value: Bytes;
  /** What the store itself has found to be wrong with it. */
  readonly damage?: string | undefined;
}

/** What the machine wants in one turn, as far as the disk is concerned. */
export interface StoredTurn {
  readonly writes: readonly Write[];
  readonly links: readonly LinkId[];
  readonly records: readonly WireRecord[];
  readonly reads: readonly number[];
  /** What the writes and records of this turn take in memory. */
  readonly bytes: number;
}

export interface CommitsOptions {
  readonly store: CommitStore;
  readonly clock: Clock;
  /** Sends what has waited. */
  readonly release: (links: readonly LinkId[], records: readonly WireRecord[]) => void;
  /** What the turns that wait take in memory, whenever it changes. */
  readonly onWaiting: (bytes: number) => void;
  /** What was read (J5). */
  readonly onRead: (entries: readonly ReadEntry[]) => void;
  /** The store has no room, or has room again (J3). */
  readonly onRoom: (hasRoom: boolean) => void;
  /** J4. Called once. */
  readonly onFailure: (error: unknown) => void;
}

/** A full store is tried again after this long, in ms: short enough that nobody notices when room returns. */
const FULL_RETRY_MS = 200;

export class Commits {
  readonly #options: CommitsOptions;
  #waiting: StoredTurn[] = [];
  #underWay: readonly StoredTurn[] | undefined;
  #isFull = false;
  #isOver = false;
  #cancelRetry: Cancel | undefined;
  #idle: (() => void)[] = [];
  /** Commits that have been made. */
  made = 0;
  #waitingBytes = 0;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Is there nothing that waits for the disk? Then words without writes need not come here. */
  get isIdle(): boolean {
    return this.#underWay === undefined && this.#waiting.length === 0;
  }

  /** Takes a turn in. */
  add(turn: StoredTurn): void {
    if (this.#isOver) return;
    this.#waiting.push(turn);
    this.#waitingBytes += turn.bytes;
    this.#options.onWaiting(this.#waitingBytes);
    this.#next();
  }

  /** @returns settles when everything is on disk and has left, or nothing will any more; `withinMs` at the latest. */
  settle(withinMs: number): Promise<void> {
    if (this.isIdle || this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(withinMs, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Nothing is committed or sent any more. */
  stop(): void {
    this.#isOver = true;
    this.#cancelRetry?.();
    this.#waiting = [];
    this.#tellIdle();
  }

  #next(): void {
    if (this.#underWay !== undefined || this.#isOver) return;
    const turns = this.#waiting;
    if (turns.length === 0) {
      this.#tellIdle();
      return;
    }
    this.#waiting = [];
    this.#underWay = turns;
    this.#commit(turns.length === 1 ? (turns[0] as StoredTurn).writes : writesOf(turns));
  }

  #commit(writes: readonly Write[]): void {
    if (writes.length === 0) {
      this.#done();
      return;
    }
    this.#options.store.commit(writes).then(
      () => {
        this.made += 1;
        if (this.#isFull) this.#turnFull(false);
        this.#done();
      },
      (error: unknown) => this.#failed(error, writes),
    );
  }

  /** J2. */
  #done(): void {
    const turns = this.#underWay ?? [];
    this.#underWay = undefined;
    if (this.#isOver) return;
    let reads: number[] | undefined;
    for (const turn of turns) {
      this.#waitingBytes -= turn.bytes;
      if (turn.records.length > 0) this.#options.release(turn.links, turn.records);
      if (turn.reads.length > 0) (reads ??= []).push(...turn.reads);
    }
    this.#options.onWaiting(this.#waitingBytes);
    if (reads !== undefined) this.#read(reads);
    this.#next();
  }

  /** J5. */
  #read(keys: readonly number[]): void {
    this.#options.store.read(keys).then(
      (entries) => {
        if (!this.#isOver) this.#options.onRead(entries);
      },
      (error: unknown) => {
        if (this.#isOver) return;
        this.stop();
        this.#options.onFailure(error);
      },
    );
  }

  #failed(error: unknown, writes: readonly Write[]): void {
    if (this.#isOver) return;
    if (typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'STORE_FULL') {
      if (!this.#isFull) this.#turnFull(true);
      this.#cancelRetry = this.#options.clock.setTimer(FULL_RETRY_MS, () => this.#commit(writes));
      return;
    }
    this.stop();
    this.#options.onFailure(error);
  }

  #turnFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#options.onRoom(!isFull);
  }

  #tellIdle(): void {
    for (const tell of this.#idle.splice(0)) tell();
  }
}

/** By hand: flatMap looks every element up as if the list had holes, at a fifth of the cost of a commit. */
function writesOf(turns: readonly StoredTurn[]): Write[] {
  const all: Write[] = [];
  for (const { writes } of turns) for (let i = 0; i < writes.length; i++) all.push(writes[i] as Write);
  return all;
}
