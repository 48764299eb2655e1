// What the broker keeps on disk, as the machine sees it: which requests are there, and how much they take. What is written is in keeping.ts.
//
// J1. A durable request belongs to the journal, not to the client that handed it over: it is a request of the journal's own session, and
//     its ticket is its number there. Numbers are never used twice, over all starts (D2).
// J2. Entries hold dates, the machine holds its own time: the two are tied together once, at the start.
// J3. No span that an entry has becomes longer by a start, however far the calendar was set back: at most it begins anew.

import {
  List,
  NumberMap,
  Timer,
  WIRE_LIMITS,
  requestIdText,
  type ErrorReply,
  type Milliseconds,
} from '@majordomo/protocol';
import { Deferrals } from './deferrals.js';
import { SetAside } from './set-aside.js';
import { Session, type Asker, type Durable, type Lane, type Request } from './state.js';

const NEXT = { none: ['loading'], loading: ['open'], open: [] } as const;
/** `none`: this broker stores nothing. `loading`: entries are still coming in. */
export type JournalState = keyof typeof NEXT;

/** Numbers of one start begin with it: 2^21 starts of 2^32 requests. */
export const NUMBERS_PER_START = 2 ** 32;

/** Beyond so many different names each entry has its own again. */
const NAMES_MAX = 20_000;

/** What an entry takes on disk beside its headers and body, about. */
const ENTRY_BYTES = 400;

/** What a store has not handed over yet. */
export interface Unread {
  readonly count: number;
  readonly bytes: number;
}

const NOTHING_UNREAD: Unread = Object.freeze({ count: 0, bytes: 0 });

/** What the machine learns of a journal before its first entry. */
export interface FoundJournal {
  /** The same at every start. */
  readonly id: number;
  /** How many starts this journal has seen, this one included. */
  readonly starts: number;
  /** The date now, in ms since 1970. */
  readonly date: number;
  /** What is in it. Bytes as they are on disk, about. */
  readonly unread: Unread;
  /** Tickets whose entries were damaged at earlier starts, in their order. */
  readonly setAside: readonly number[];
}

/** Somebody who asks for what is on disk: the outcome as it is, or what its ticket says, which has the error in it. */
export interface Reader extends Asker {
  readonly wants: 'outcome' | 'status' | 'letter';
  /** Of who wants a dead letter, what is to be done with it. */
  readonly method?: string;
  /** Of who withdrew it, whether that ended it. */
  readonly cancelled?: boolean;
}

export class Journal {
  #state: JournalState = 'none';
  /** The journal's own number, the same at every start; 0 while there is none. */
  id = 0;
  /** J1. */
  session: Session = new Session(0, 'journal', 0, '', 0);
  /** Who handed over what, for resends: by instance, then by number. */
  readonly submits = new Map<number, NumberMap<Request>>();
  readonly lanes = new Map<string, Lane>();
  /** The store has no room at the moment. */
  isFull = false;
  /** A write has found no room: what waits for the disk stays in memory until there is some, and nothing is added without need. */
  isStalled = false;
  bytes = 0;
  /** Entries that could not be read at this start. */
  damaged = 0;
  /** Bytes of bodies and headers that are in memory. */
  loadedBytes = 0;
  /** Settled requests whose outcome somebody has, the longest ago first: they go early when there is no room. Not those with an idempotency key. */
  readonly collected = new List<Request>();
  /** More is in it than memory can carry: the rest is read when there is room. */
  isPaused = false;
  /** What keys take in memory. */
  textBytes = 0;
  /** Who waits for the outcome of a settled request to be read, by ticket. */
  readonly readers = new Map<number, Reader[]>();
  /** Errors with which requests are given up as soon as their bodies have been read, by ticket: a dead letter has its body. */
  readonly verdicts = new Map<number, ErrorReply>();
  readonly setAside = new SetAside();
  /** Those whose turn under their ordering key has come, and who have not gone on yet. */
  readonly turns: Request[] = [];
  /** Requests that wait for their workers to say what they hold, after a start: a list for each priority, the highest first. */
  readonly held: readonly Request[][] = Array.from({ length: WIRE_LIMITS.priorityMax + 1 }, () => []);
  readonly holdTimer = new Timer(this, 'hold');
  /** Outcomes that were collected and of which that is not written yet (collecting.ts). */
  readonly justCollected: number[] = [];
  readonly collectedTimer = new Timer(this, 'collected');
  /** Entries that are not read yet, and about how much they take. */
  unread: Unread = NOTHING_UNREAD;
  /** No entry that was there at the start has a higher number. */
  lastUnread = 0;
  /** Requests that may be among the unread entries. */
  readonly deferrals = new Deferrals();
  /** Accepted while entries are unread, with an ordering key: they enter their lanes behind everything that is read. */
  readonly behindUnread: Request[] = [];
  /** Names of services and methods of the entries that were read. */
  readonly #names = new Map<string, string>();
  #lastTicket = 0;
  #notes = 0;
  /** J2: what is added to the machine's time to make a date. */
  #dateOffset = 0;

  get state(): JournalState {
    return this.#state;
  }
  get count(): number {
    return this.session.requests.size;
  }
  /** Requests that it holds, read or not. */
  get countWithUnread(): number {
    return this.count + this.unread.count;
  }
  get bytesWithUnread(): number {
    return this.bytes + this.unread.bytes;
  }
  get lastTicket(): number {
    return this.#lastTicket;
  }

  become(state: JournalState): void {
    if (!(NEXT[this.#state] as readonly JournalState[]).includes(state)) {
      throw new Error(`a journal does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  open({ id, starts, date, unread, setAside }: FoundJournal, now: Milliseconds): void {
    this.become('loading');
    this.unread = { count: unread.count, bytes: unread.bytes + unread.count * ENTRY_BYTES };
    this.id = id;
    for (const ticket of setAside) this.setAside.add(ticket);
    this.session = new Session(id, 'journal', 0, '', now);
    this.#lastTicket = starts * NUMBERS_PER_START;
    this.lastUnread = this.#lastTicket;
    this.#dateOffset = date - now;
  }

  /** So many entries have been read. */
  wereRead(count: number): void {
    const left = Math.max(0, this.unread.count - count);
    // In proportion: how much a single one takes is known when it is decoded, and this is an estimate.
    this.unread = left === 0 ? NOTHING_UNREAD : { count: left, bytes: (this.unread.bytes * left) / this.unread.count };
  }

  /** All entries have been read. @returns those that waited behind them, in the order in which they were accepted. */
  finishReading(): Request[] {
    this.become('open');
    this.unread = NOTHING_UNREAD;
    return this.behindUnread.splice(0);
  }

  /** The name as it was read before: a million entries share a few names. */
  nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size < NAMES_MAX) this.#names.set(text, text);
    return text;
  }

  /** A number for an entry that is no request: from the other end of the numbers of this start. */
  nextNote(): number {
    this.#notes += 1;
    return this.lastUnread + NUMBERS_PER_START - this.#notes;
  }

  nextTicket(): number {
    this.#lastTicket += 1;
    return this.#lastTicket;
  }

  dateOf(time: Milliseconds): number {
    return Math.round(time + this.#dateOffset);
  }
  timeOf(date: number): Milliseconds {
    return date - this.#dateOffset;
  }

  /** J3: when a span is over that ends at a date and began at another one. */
  endOf(date: number, begunAt: number, now: Milliseconds): Milliseconds {
    return Math.min(this.timeOf(date), now + date - begunAt);
  }

  /** The text by which people and programs know a durable request. */
  ticketText(ticket: number): string {
    return requestIdText(this.id, ticket);
  }

  submitted(instance: number, ref: number): Request | undefined {
    return this.submits.get(instance)?.get(ref);
  }

  /** Takes a durable request in. */
  enter(request: Request, durable: Durable): void {
    this.session.requests.set(request.ref, request);
    const bytes = request.body.length + request.headers.length;
    durable.bytes = ENTRY_BYTES + bytes;
    this.bytes += durable.bytes;
    if (durable.place === 'memory') this.loadedBytes += bytes;
    this.textBytes += textBytesOf(request, durable);
    if (durable.submitter === 0) return;
    let submits = this.submits.get(durable.submitter);
    if (submits === undefined) {
      submits = new NumberMap();
      this.submits.set(durable.submitter, submits);
    }
    submits.set(durable.ref, request);
  }

  /** A settled one counts for its reply, not for what it was asked with. */
  recount(durable: Durable, bytes: number): void {
    this.bytes += ENTRY_BYTES + bytes - durable.bytes;
    durable.bytes = ENTRY_BYTES + bytes;
  }

  /** Nothing is remembered of it any more. */
  leave(request: Request, durable: Durable): void {
    this.session.requests.delete(request.ref);
    this.bytes -= durable.bytes;
    this.textBytes -= textBytesOf(request, durable);
    if ((request.list as unknown) === this.collected) this.collected.remove(request);
    const submits = this.submits.get(durable.submitter);
    submits?.delete(durable.ref);
    if (submits?.size === 0) this.submits.delete(durable.submitter);
  }
}

/** A table entry and its key, two strings for an idempotency key; about, as measured with keys of 40 characters. */
const KEY_BYTES = 200;

function textBytesOf({ key }: Request, { orderingKey }: Durable): number {
  const keyBytes = key === '' ? 0 : KEY_BYTES + 2 * key.length;
  return orderingKey === '' ? keyBytes : keyBytes + KEY_BYTES + 2 * orderingKey.length;
}
