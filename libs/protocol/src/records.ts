// The words of the native protocol: one interface per record, as the machines see them (docs/protocol.md, section 5).
//
// R1. A record is plain data. Bodies and headers are opaque bytes that point into the message they came in.
// R2. `ref` names a request on a link: the request number on a client's link, the lease on a worker's.

import type { ErrorCode, Ran, Stage } from './errors.js';

/** Kinds of record: the number is the byte on the wire. 3 and 4 are kept for the proof of identity. */
export const Kind = {
  hello: 1,
  welcome: 2,
  heartbeat: 5,
  goodbye: 6,
  drain: 7,
  name: 16,
  request: 17,
  cancel: 18,
  window: 19,
  settled: 20,
  submit: 21,
  accepted: 24,
  partial: 25,
  progress: 26,
  final: 27,
  error: 28,
  offer: 32,
  credit: 33,
  holds: 34,
  release: 35,
  dispatch: 40,
  attach: 41,
  taken: 42,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The word for a kind, for transcripts and faults: `REQUEST`. */
export const KIND_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Kind).map(([name, number]) => [number, name.toUpperCase()]),
);

/** Opaque bytes. Small ones are inline in a batch, large ones a frame of their own. */
export type Bytes = Uint8Array;
export const NO_BYTES: Bytes = new Uint8Array(0);

/** What a session does; bits, a session may do several. `readsFrameLists`: it understands the flag of a PARTIAL (protocol.md W79). */
export const Role = { client: 1, worker: 2, agent: 4, readsFrameLists: 8 } as const;

/** Why a lease or request was ended from the asking side; the reason of `ctx.signal`. */
export const CANCEL_REASONS = [
  'cancelled',
  'deadline',
  'lease-lost',
  'drain',
  'execution-timeout',
  'client-lost',
] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];

/** What the broker did with a request. */
export const STORED = ['memory', 'disk', 'replicated'] as const;
export type Stored = (typeof STORED)[number];

/** A peer opens a session on a link. Times in ms, sizes in bytes, `instance` 53 random bits per process start. */
export interface Hello {
  readonly kind: typeof Kind.hello;
  readonly versionMin: number;
  readonly versionMax: number;
  /** Bits of Role. */
  readonly roles: number;
  readonly instance: number;
  readonly heartbeatMs: number;
  readonly silenceMaxMs: number;
  readonly messageBytesMax: number;
  readonly identity: string;
  readonly software: string;
}

/** The broker's answer: what holds on this link from now on. */
export interface Welcome {
  readonly kind: typeof Kind.welcome;
  readonly version: number;
  readonly instance: number;
  readonly heartbeatMs: number;
  readonly silenceMaxMs: number;
  readonly messageBytesMax: number;
  readonly namesMax: number;
  readonly requestsMax: number;
  readonly dedupeWindowMs: number;
  /** The journal in which this broker stores what is submitted: the same after a restart. 0: it stores nothing. */
  readonly journal: number;
  readonly software: string;
}

export interface Heartbeat {
  readonly kind: typeof Kind.heartbeat;
}

/** The sender leaves this link and takes nothing more from it. */
export interface Goodbye {
  readonly kind: typeof Kind.goodbye;
  /** undefined: an ordinary leave. */
  readonly code: ErrorCode | undefined;
  readonly reason: string;
}

/** The sender finishes what it has and takes nothing new. */
export interface Drain {
  readonly kind: typeof Kind.drain;
}

/** A client numbers an address; the number holds for this link until it is given again. */
export interface Name {
  readonly kind: typeof Kind.name;
  readonly number: number;
  readonly service: string;
  readonly method: string;
}

/** What a client says of its other brokers: it has none, has not asked them all, or has asked each, and no worker offers the service there. */
export type OtherBrokers = 'none' | 'unasked' | 'asked';

export interface Request {
  readonly kind: typeof Kind.request;
  /** The request number: unique within the instance, counting up from 1. */
  readonly ref: number;
  readonly name: number;
  readonly timeLeftMs: number;
  /** Time since it was first asked, 0 for the first time: an age marks a resend. */
  readonly ageMs: number;
  /** Values of a stream that may be under way; 0 asks for one value. */
  readonly window: number;
  /** Values of the stream that have already arrived (resends only). */
  readonly received: number;
  readonly waitForService: boolean;
  /** How long it waits here for a service that no worker offers now depends on it (protocol.md W63). */
  readonly otherBrokers: OtherBrokers;
  /** ACCEPTED is wanted. */
  readonly confirm: boolean;
  /** Idempotency key, '' for none. */
  readonly key: string;
  readonly headers: Bytes;
  readonly body: Bytes;
}

/** A request that is handed over for good: ACCEPTED says that it is stored, and under which ticket. */
export interface Submit {
  readonly kind: typeof Kind.submit;
  /** As in REQUEST: one row of numbers for both. */
  readonly ref: number;
  readonly name: number;
  readonly ageMs: number;
  /** How long it may take to be done, and its result be of use; 0: the broker's default. */
  readonly expiresMs: number;
  /** It is not handed out before. */
  readonly delayMs: number;
  /** 0 to 9; the higher goes first among those that wait for one method. */
  readonly priority: number;
  /** Requests of one service under one key are done in their order, one at a time; '' for none. */
  readonly orderingKey: string;
  /** Idempotency key, '' for none. */
  readonly key: string;
  readonly headers: Bytes;
  readonly body: Bytes;
}

export interface Cancel {
  readonly kind: typeof Kind.cancel;
  readonly ref: number;
  readonly reason: CancelReason;
}

/** Flow control of a stream, cumulative: values below `received` have arrived, values below `allowed` may be sent. */
export interface Window {
  readonly kind: typeof Kind.window;
  readonly ref: number;
  readonly received: number;
  readonly allowed: number;
  /** Values from `received` on were lost with a link: send them again. */
  readonly rewind: boolean;
}

/** The client has the outcome of every request of its instance below this number: stored replies may go. */
export interface Settled {
  readonly kind: typeof Kind.settled;
  readonly below: number;
}

export interface Accepted {
  readonly kind: typeof Kind.accepted;
  readonly ref: number;
  readonly stored: Stored;
  /** The journal and the number in it: together the ticket. Both 0 when it is stored in memory only. */
  readonly journal: number;
  readonly ticket: number;
}

export interface Partial {
  readonly kind: typeof Kind.partial;
  readonly ref: number;
  readonly index: number;
  /** The body is a MessagePack list of byte strings, the frames of a plain Majordomo worker's value. */
  readonly isFrameList: boolean;
  readonly body: Bytes;
}

/** A note on how far the handler is. Not stored, not counted, may be lost. */
export interface Progress {
  readonly kind: typeof Kind.progress;
  readonly ref: number;
  readonly body: Bytes;
}

/** The reply: a value, or with `end` the end of a stream of `count` values. */
export interface Final {
  readonly kind: typeof Kind.final;
  readonly ref: number;
  readonly end: boolean;
  readonly count: number;
  readonly headers: Bytes;
  readonly body: Bytes;
}

/** The reply that is an error. The body is a MessagePack map with `message` and perhaps `details`. */
export interface ErrorReply {
  readonly kind: typeof Kind.error;
  readonly ref: number;
  readonly code: ErrorCode;
  readonly ran: Ran;
  readonly stage: Stage;
  /** With `retry`: the broker hands the request out again after this long. Otherwise: when the caller may ask again. ms. */
  readonly retryAfterMs: number;
  /** From a worker: this failure may be tried again (RetryableError). */
  readonly retry: boolean;
  readonly body: Bytes;
}

/** One method of an offered service. */
export interface OfferedMethod {
  readonly name: string;
  readonly atMostOnce: boolean;
  readonly streams: boolean;
  /** 0: no limit but the deadline. */
  readonly executionTimeoutMs: number;
  /** 0: the broker's default. */
  readonly maxAttempts: number;
}

/** A worker serves this. Methods are numbered by their place. */
export interface Offer {
  readonly kind: typeof Kind.offer;
  /** The worker's own number for the service. */
  readonly service: number;
  /** How many requests of it the worker will hold at once. */
  readonly credit: number;
  readonly name: string;
  readonly methods: readonly OfferedMethod[];
}

/** From now on the worker holds at most this many requests of the service. */
export interface Credit {
  readonly kind: typeof Kind.credit;
  readonly service: number;
  readonly limit: number;
}

/** After a link was lost: the worker runs, or has just finished, this attempt. */
export interface Holds {
  readonly kind: typeof Kind.holds;
  readonly instance: number;
  readonly ref: number;
  readonly attempt: number;
  readonly service: number;
  readonly finished: boolean;
}

/** The worker gives a lease back. `ran: no` promises that the handler was not started. */
export interface Release {
  readonly kind: typeof Kind.release;
  readonly ref: number;
  readonly ran: Ran;
}

export interface Dispatch {
  readonly kind: typeof Kind.dispatch;
  /** The lease. */
  readonly ref: number;
  readonly service: number;
  readonly method: number;
  /** Who asked, and the number that they gave it: together the request id. */
  readonly instance: number;
  readonly request: number;
  readonly attempt: number;
  readonly timeLeftMs: number;
  readonly window: number;
  readonly received: number;
  readonly headers: Bytes;
  readonly body: Bytes;
}

/** A new lease on an attempt that the worker said it holds. */
export interface Attach {
  readonly kind: typeof Kind.attach;
  readonly ref: number;
  readonly instance: number;
  readonly request: number;
  readonly attempt: number;
  readonly timeLeftMs: number;
  readonly window: number;
  readonly received: number;
}

/** The broker has taken this many replies (FINAL, ERROR, RELEASE) of this link since WELCOME. */
export interface Taken {
  readonly kind: typeof Kind.taken;
  readonly count: number;
}

/** Not a record of this protocol: one whole message for a peer of another one that shares the port. It goes out as it is. */
export const FOREIGN = 0;
export interface Foreign {
  readonly kind: typeof FOREIGN;
  readonly frames: readonly Bytes[];
}

export type WireRecord =
  | Hello
  | Welcome
  | Heartbeat
  | Goodbye
  | Drain
  | Name
  | Request
  | Submit
  | Cancel
  | Window
  | Settled
  | Accepted
  | Partial
  | Progress
  | Final
  | ErrorReply
  | Offer
  | Credit
  | Holds
  | Release
  | Dispatch
  | Attach
  | Taken
  | Foreign;

/** The one HEARTBEAT there is. */
export const HEARTBEAT: Heartbeat = Object.freeze({ kind: Kind.heartbeat });
/** The one DRAIN there is. */
export const DRAIN: Drain = Object.freeze({ kind: Kind.drain });
