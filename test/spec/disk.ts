// The disk of a transcript: what is committed, what waits for it, and what a restart finds.

import type { Broker, StoredEntry } from '@majordomo/broker';
import { NO_BYTES, type LinkId, type WireRecord, type Write } from '@majordomo/protocol';

/** The journal's own number in every transcript. */
export const JOURNAL = 0xd15c;
const NUMBERS_PER_START = 2 ** 32;
/** The date at time 0, in ms since 1970. */
const EPOCH = 1_700_000_000_000;

interface Turn {
  readonly writes: readonly Write[];
  readonly links: readonly LinkId[];
  readonly records: readonly WireRecord[];
  readonly reads: readonly number[];
  /** What the turn takes in memory while it waits. */
  readonly bytes: number;
}

export class Disk {
  /** How far the calendar was set forward, in ms. */
  calendarMs = 0;
  /** A stalled disk commits nothing until it is told to go on. */
  isStalled = false;
  isOpen = false;
  #starts = 0;
  readonly #entries = new Map<number, Uint8Array>();
  readonly #damaged = new Set<number>();
  /** What was there when it was found, and the broker has not been given yet. */
  #unread: { readonly key: number; readonly value: Uint8Array }[] = [];
  #waiting: Turn[] = [];

  /** `1.2` is the second request of the first start. */
  static name(ticket: number): string {
    return `${Math.floor(ticket / NUMBERS_PER_START)}.${ticket % NUMBERS_PER_START}`;
  }
  static ticket(name: string): number {
    const [starts = 0, number = 0] = name.split('.').map(Number);
    return starts * NUMBERS_PER_START + number;
  }

  /** The broker is given what is here. */
  load(broker: Broker, now: number): void {
    this.find(broker, now);
    this.read(broker, now);
  }

  /** It is told that there is a journal. */
  find(broker: Broker, now: number): void {
    this.isOpen = true;
    this.#starts += 1;
    this.#unread = [...this.#entries].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
    const bytes = this.#unread.reduce((sum, { value }) => sum + value.length, 0);
    const unread = { count: this.#unread.length, bytes };
    const date = EPOCH + this.calendarMs + now;
    const setAside = [...this.#damaged];
    broker.handle({ kind: 'journal-found', id: JOURNAL, starts: this.#starts, unread, setAside, date }, now);
  }

  /** And given so many of its entries. @param count with the last of them when it is Infinity. */
  read(broker: Broker, now: number, count = Infinity): void {
    const entries = this.#unread.splice(0, count);
    if (entries.length > 0) broker.handle({ kind: 'journal-entries', entries }, now);
    if (count === Infinity) broker.handle({ kind: 'journal-read' }, now);
  }

  /** Takes what a turn wants written and said. @returns what may be said now. */
  take(turn: Turn): Turn[] {
    this.#waiting.push(turn);
    return this.isStalled ? [] : this.sync();
  }

  /** Commits everything that waits. */
  sync(): Turn[] {
    const turns = this.#waiting;
    this.#waiting = [];
    for (const { writes } of turns) {
      for (const { key, value, isDamaged } of writes) {
        if (isDamaged) this.#damaged.add(key);
        if (value === undefined || isDamaged) this.#entries.delete(key);
        else this.#entries.set(key, Uint8Array.from(value));
      }
    }
    return turns;
  }

  /** What waits takes so much memory. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Entries as they are now. */
  entriesOf(keys: readonly number[]): StoredEntry[] {
    return keys.map((key) => {
      const value = this.#entries.get(key);
      return value === undefined ? { key, value: NO_BYTES, damage: 'it is not there' } : { key, value };
    });
  }

  /** What was not committed is gone. */
  crash(): void {
    this.#waiting = [];
    this.isStalled = false;
  }

  damage(name: string): void {
    const value = this.#entries.get(Disk.ticket(name));
    if (value === undefined) throw new Error(`transcript: ${name} is not on the disk`);
    value[value.length - 1] = (value[value.length - 1] as number) ^ 0xff;
  }

  /** The tickets that are on the disk. */
  get names(): string[] {
    return [...this.#entries.keys()].sort((a, b) => a - b).map((ticket) => Disk.name(ticket));
  }
}
