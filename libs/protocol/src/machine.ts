// What a pure machine looks like from outside: inputs in, outputs collected, time asked for and never taken.
//
// M1. `handle` takes one input and the time, and puts what is to be done into `output`; it never waits and never throws for a peer's fault.
// M2. `wakeAt` is the only way a machine asks for time.
// M3. Whoever drives the machine performs the outputs in their order and clears them before the next turn.
// M4. What goes with `sendStored` leaves when the writes of this turn, and of every turn before, are on disk; the rest does not wait.
// M5. The driver reads the entries of `reads` when the writes of this turn, and of every turn before, are on disk, and gives the machine
//     what it found as an input.

import type { ErrorCode } from './errors.js';
import { Kind, type Bytes, type WireRecord } from './records.js';

/** One connection, numbered by whoever opened it: the ROUTER port for brokers, the machine itself for peers. Never used twice. */
export type LinkId = number;

/** Monotonic milliseconds; fractions allowed. Its zero means nothing. */
export type Milliseconds = number;

/** Why a link could not be opened, where the port knows: it goes into the error of who waits for a broker. */
export interface LinkProblem {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What arrives for any machine that has links. */
export type LinkInput =
  | { readonly kind: 'records'; readonly link: LinkId; readonly records: readonly WireRecord[] }
  /** The peer sent what cannot be decoded: it loses its link. */
  /** `detail`: the same for a person who looks for the sender. */
  | { readonly kind: 'fault'; readonly link: LinkId; readonly fault: string; readonly detail?: string }
  /** The connection is gone. `blocked`: the peer took nothing for so long that the port gave it up. */
  | {
      readonly kind: 'link-lost';
      readonly link: LinkId;
      readonly reason: 'disconnected' | 'unreachable' | 'blocked';
      readonly problem?: LinkProblem | undefined;
    }
  /** Nothing happened, but `wakeAt` has come. */
  | { readonly kind: 'wake' };

/** One entry of a journal to be put, taken out (no value), or set aside because it is damaged: kept for people to look at, loaded no more. */
export interface Write {
  /** A whole number up to 2^53 - 1. */
  readonly key: number;
  readonly value: Bytes | undefined;
  readonly isDamaged: boolean;
}

/** What a write, or a record that waits for the disk, takes in memory beside its bytes; measured at 150 to 250. */
const WAITING_BYTES = 250;

export interface Machine<Input, Event> {
  handle(input: Input | LinkInput, now: Milliseconds): void;
  /** When to call with `wake` if nothing else happens; Infinity for never. */
  wakeAt(): Milliseconds;
  readonly output: Output<Event>;
}

/** What a machine wants done, collected over one turn. */
export class Output<Event> {
  /** `records[i]` goes to `links[i]`; two lists and no pairs, because this is the way of every request. */
  readonly links: LinkId[] = [];
  readonly records: WireRecord[] = [];
  /** What is to be on disk, in this order, all of a turn or nothing of it. */
  readonly writes: Write[] = [];
  /** Keys of entries to be read (M5). */
  readonly reads: number[] = [];
  /** As `links` and `records`, for what waits for the writes (M4). */
  readonly storedLinks: LinkId[] = [];
  readonly storedRecords: WireRecord[] = [];
  /** Links to open (peers only), before anything is sent on them. */
  readonly connects: { readonly link: LinkId; readonly endpoint: string }[] = [];
  /** Links to close once what was sent on them has left. */
  readonly closes: LinkId[] = [];
  /** What to tell observers, after everything has left. */
  readonly events: Event[] = [];
  /** Bytes of `writes` and `storedRecords` of this turn. */
  storedBytes = 0;
  /** The driver's account of the same for earlier turns, as far as they are not on disk yet. */
  waitingBytes = 0;

  send(link: LinkId, record: WireRecord): void {
    this.links.push(link);
    this.records.push(record);
  }

  /** M4. */
  sendStored(link: LinkId, record: WireRecord): void {
    this.storedLinks.push(link);
    this.storedRecords.push(record);
    this.storedBytes += WAITING_BYTES;
    if (record.kind === Kind.final || record.kind === Kind.error) this.storedBytes += record.body.length;
  }

  write(write: Write): void {
    this.writes.push(write);
    this.storedBytes += WAITING_BYTES;
    if (write.value !== undefined) this.storedBytes += write.value.length;
  }

  /** M5. */
  read(key: number): void {
    this.reads.push(key);
  }

  connect(link: LinkId, endpoint: string): void {
    this.connects.push({ link, endpoint });
  }

  close(link: LinkId): void {
    this.closes.push(link);
  }

  tell(event: Event): void {
    this.events.push(event);
  }

  /** Everything has been performed. */
  clear(): void {
    this.links.length = 0;
    this.records.length = 0;
    this.writes.length = 0;
    this.reads.length = 0;
    this.storedBytes = 0;
    this.storedLinks.length = 0;
    this.storedRecords.length = 0;
    this.connects.length = 0;
    this.closes.length = 0;
    this.events.length = 0;
  }
}
