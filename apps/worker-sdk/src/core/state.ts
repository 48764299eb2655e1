// What a worker remembers: services, brokers, requests in hand and the leases under which they were given, and how they hang together.
//
// R1. A run is one request in the hands of this worker. It is in exactly one state; NEXT says which way it may go.
// R2. It has at most one lease per link, and one word goes to each: when it is said the lease is over.
// R3. Its own timer is its deadline. It stays set until a broker has taken the reply, and bounds how long a reply waits for that.
// R4. Words are taken by a broker in the order in which they were said, on one link; with the link both lists are void.

import { List, NO_BYTES, NumberMap, Timer, WIRE_LIMITS } from '@majordomo/protocol';
import type {
  BrokerLink,
  Bytes,
  CancelReason,
  ErrorCode,
  Listed,
  Milliseconds,
  OfferedMethod,
  Ran,
} from '@majordomo/protocol';
import type { Flow } from './flow.js';

const NEXT = {
  /** Not started: for want of room, or because the run before it has not ended. */
  waiting: ['running', 'gone'],
  /** The handler is at work and owes its word. */
  running: ['overrun', 'flushing', 'done', 'gone'],
  /** The handler is at work, but its time was up and the word has been given. */
  overrun: ['done', 'gone'],
  /** The handler has ended; values of its stream still wait for the window. */
  flushing: ['done', 'gone'],
  /** The outcome is remembered. A stream that is asked for again goes back to sending its last values. */
  done: ['flushing', 'gone'],
  gone: [],
} as const;
export type RunState = keyof typeof NEXT;

/** What a handler's failure is called on the wire. */
export interface Failure {
  readonly code: ErrorCode;
  readonly ran: Ran;
  /** May be handed out again (RetryableError), after `retryAfterMs`. */
  readonly retry: boolean;
  readonly retryAfterMs: number;
}

/** How a run ended: one shape for value, end of stream and error, because every request has one. */
export interface Outcome {
  readonly failure: Failure | undefined;
  /** A stream ended after `count` values. */
  readonly end: boolean;
  readonly count: number;
  /** Beside a value: how many frames it is, where that is asked. */
  readonly headers: Bytes;
  /** The value, or the body of the error. */
  readonly body: Bytes;
}

/** The right to work on a run, given by one broker. For streams also: how far its values have come on this way. */
export class Lease {
  /** The next lease on the same run. */
  next: Lease | undefined = undefined;
  /** Values below have been sent, are confirmed, may be sent. */
  sent = 0;
  received = 0;
  allowed = 0;

  constructor(
    readonly number: number,
    readonly side: Side,
    readonly run: Run,
  ) {}
}

/** What a run is made of when it comes in. */
export interface RunInit {
  readonly service: ServiceState;
  readonly methodNumber: number;
  readonly method: OfferedMethod;
  readonly instance: number;
  readonly request: number;
  readonly attempt: number;
  readonly deadlineAt: Milliseconds;
  readonly flow: Flow | undefined;
  readonly headers: Bytes;
  readonly body: Bytes;
}

export class Run extends Timer<Run | undefined> implements Listed {
  list: List<never> | undefined = undefined;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;

  readonly service: ServiceState;
  readonly methodNumber: number;
  readonly method: OfferedMethod;
  readonly instance: number;
  readonly request: number;
  attempt: number;
  deadlineAt: Milliseconds;
  /** Undefined when one value is wanted. */
  readonly flow: Flow | undefined;
  /** Emptied when the handler has ended: they keep a whole message alive. */
  headers: Bytes;
  body: Bytes;
  /** The first of its leases. */
  leases: Lease | undefined = undefined;
  /** Where its latest lease came from. */
  via: Side | undefined = undefined;
  /** The handler was told to stop, and why. */
  aborted: CancelReason | undefined = undefined;
  /** The shell's own: the handler has been told to stop. That is some moments after `aborted` was set. */
  knowsStop = false;
  outcome: Outcome | undefined = undefined;
  finishedAt: Milliseconds = 0;
  /** The limit on the execution, where the method has one. */
  execution: Timer<Run | undefined> | undefined = undefined;
  /** When its handler was called. */
  startedAt: Milliseconds = 0;
  /** Runs from the moment in which the handler was told to stop (stuck.ts). */
  stopping: Timer<Run | undefined> | undefined = undefined;
  /** The same request, handed out again after this run was told to stop: it starts when this one has ended. */
  successor: Run | undefined = undefined;
  /** The shell's own: whatever it needs to find the handler again. */
  invocation: unknown = undefined;
  #state: RunState = 'waiting';

  constructor(init: RunInit) {
    super(undefined, 'deadline');
    this.service = init.service;
    this.methodNumber = init.methodNumber;
    this.method = init.method;
    this.instance = init.instance;
    this.request = init.request;
    this.attempt = init.attempt;
    this.deadlineAt = init.deadlineAt;
    this.flow = init.flow;
    this.headers = init.headers;
    this.body = init.body;
  }

  get state(): RunState {
    return this.#state;
  }
  /** A handler is at work for it. */
  get isAtWork(): boolean {
    return this.#state === 'running' || this.#state === 'overrun';
  }
  /** It was stopped for a reason that is not its client's wish: whoever asks again gets a new run, not this one's outcome. */
  get isDoomed(): boolean {
    return this.aborted === 'client-lost' || this.aborted === 'lease-lost' || this.aborted === 'drain';
  }
  /** Bytes that its outcome keeps in memory. */
  get outcomeBytes(): number {
    const { outcome, flow } = this;
    const said = outcome === undefined ? 0 : outcome.headers.length + outcome.body.length;
    return said + (flow === undefined ? 0 : flow.bytes);
  }

  /** R1. */
  become(state: RunState): void {
    if (!(NEXT[this.#state] as readonly RunState[]).includes(state)) {
      throw new Error(`a run does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  /** Its lease from this broker. */
  leaseOn(side: Side): Lease | undefined {
    let lease = this.leases;
    while (lease !== undefined && lease.side !== side) lease = lease.next;
    return lease;
  }

  /** The handler has ended: what it was given may go. */
  letGo(): void {
    this.headers = NO_BYTES;
    this.body = NO_BYTES;
    this.invocation = undefined;
  }
}

/** What the worker offers. Methods are numbered by their place. */
export interface ServiceOffer {
  readonly name: string;
  readonly methods: readonly OfferedMethod[];
  /** Handlers at work at once, 1 to 65,535. */
  readonly concurrency: number;
}

export class ServiceState {
  /** Handlers at work. */
  running = 0;
  /** Of those, how many have no lease: no broker counts them, so the credit does. */
  unleased = 0;
  /** Beyond `concurrency`: several brokers may each have been given the whole credit. */
  readonly waiting = new List<Run>();

  constructor(
    /** The worker's number for it: its place in the list. */
    readonly number: number,
    readonly offer: ServiceOffer,
  ) {}
}

/** The counter of TAKEN has 32 bits and goes round. */
const COUNTER_SPAN = 0x1_0000_0000;
/** Words taken at the front of the list before it is moved up: seldom enough to cost nothing. */
const SLACK = 1_024;

export class Side {
  readonly leases = new NumberMap<Lease>();
  /** The credit that the broker was told, by service number. */
  readonly credit: number[] = [];
  /** The broker has confirmed that it knows what we serve. */
  isServing = false;
  /** When the link was last lost; Infinity: never. */
  lostAt: Milliseconds = Infinity;
  /** When HOLDS was last sent here. */
  announcedAt: Milliseconds = -Infinity;
  #words: (Run | undefined)[] = [];
  #head = 0;
  #taken = 0;

  constructor(readonly link: BrokerLink) {}

  /** The largest body that may be sent here. */
  get bodyBytesMax(): number {
    return this.link.welcome?.messageBytesMax ?? WIRE_LIMITS.messageBytesMax;
  }

  /** Words said and not taken yet. */
  get untaken(): number {
    return this.#words.length - this.#head;
  }

  /** A last word was said; for a run, when it has an outcome that is remembered. */
  said(run: Run | undefined): void {
    this.#words.push(run);
  }

  /** How many words a TAKEN takes: 0 for a count that cannot be. */
  takes(count: number): number {
    const more = (count - this.#taken + COUNTER_SPAN) % COUNTER_SPAN;
    return more <= this.untaken ? more : 0;
  }

  /** The oldest word is taken. */
  take(): Run | undefined {
    const run = this.#words[this.#head];
    this.#words[this.#head] = undefined;
    this.#head += 1;
    this.#taken = (this.#taken + 1) % COUNTER_SPAN;
    if (this.#head === this.#words.length) {
      this.#words.length = 0;
      this.#head = 0;
    } else if (this.#head >= SLACK && this.#head * 2 >= this.#words.length) {
      this.#words = this.#words.slice(this.#head);
      this.#head = 0;
    }
    return run;
  }

  /** The link is gone, and all that was on it (R4). */
  reset(): void {
    this.isServing = false;
    this.leases.clear();
    this.credit.length = 0;
    this.#words = [];
    this.#head = 0;
    this.#taken = 0;
  }
}
