// Has the journal room? Two can tell: the store, when a commit fails for want of it, and the disk, before it comes to that.
//
// N1. There is room when neither says that there is none; what they say is told when it changes.
// N2. The disk is looked at once a second, for as long as anybody can tell what is free on it.

import type { Cancel, Clock } from '@majordomo/runtime';

/** How often the disk is looked at, in ms. */
const LOOK_MS = 1_000;

export interface RoomOptions {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Below this many free bytes there is no room. */
  readonly reserveBytes: number;
  /** How much can still be written; rejects where nobody can tell. */
  readonly freeBytes: () => Promise<number>;
  readonly onRoom: (hasRoom: boolean) => void;
}

export class Room {
  readonly #options: RoomOptions;
  #storeHasRoom = true;
  #diskHasRoom = true;
  #told = true;
  #isOver = false;
  #cancel: Cancel | undefined;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** Begins to look. Once. */
  start(): void {
    void this.#look();
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  /** What the store says. */
  setStore(hasRoom: boolean): void {
    this.#storeHasRoom = hasRoom;
    this.#tell();
  }

  async #look(): Promise<void> {
    const { clock, freeBytes, reserveBytes } = this.#options;
    try {
      this.#diskHasRoom = (await freeBytes()) >= reserveBytes;
    } catch {
      // N2.
      this.#diskHasRoom = true;
      this.#tell();
      return;
    }
    if (this.#isOver) return;
    this.#tell();
    this.#cancel = clock.setTimer(LOOK_MS, () => void this.#look());
  }

  #tell(): void {
    const hasRoom = this.#storeHasRoom && this.#diskHasRoom;
    if (this.#isOver || hasRoom === this.#told) return;
    this.#told = hasRoom;
    this.#options.onRoom(hasRoom);
  }
}
