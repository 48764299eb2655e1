// One request, from the moment it is asked until it is settled.
//
// Q1. It is in exactly one state and moves only along NEXT.
// Q2. It is known not to have run only while every broker it was sent to has said so.

import { Timer, type Address, type Bytes, type Milliseconds, type Ran } from '@majordomo/protocol';
import type { Absence } from './absence.js';
import type { Outlet } from './outlets.js';
import { StreamFlow } from './stream-flow.js';

const NEXT = {
  // No broker has it; one is asked as soon as one can be.
  waiting: ['asked', 'pausing', 'settled'],
  // A broker has it.
  asked: ['waiting', 'settled'],
  // The broker was busy; it is not asked before its time.
  pausing: ['waiting', 'settled'],
  settled: [],
} as const;
export type PendingState = keyof typeof NEXT;

/** What was asked. */
export interface Asked {
  readonly address: Address;
  readonly headers: Bytes;
  readonly body: Bytes;
  /** How long the answer is worth having, in ms. */
  readonly deadlineMs: number;
  /** '' for none. */
  readonly idempotencyKey: string;
  readonly waitForService: boolean;
  /** Values of a stream that may be under way or unread; 0 asks for one value. */
  readonly window: number;
  /** It is handed over for good; undefined for a call. */
  readonly submit?: SubmitTerms | undefined;
  /** Only the broker with this journal can answer; undefined: any. */
  readonly journal?: number | undefined;
  /** For errors: the ticket that is asked about. */
  readonly ticket?: string | undefined;
}

/** What a request that is handed over says beside the others. */
export interface SubmitTerms {
  /** 0: the broker's default. */
  readonly expiresMs: number;
  readonly delayMs: number;
  /** 0 to 9. */
  readonly priority: number;
  /** '' for none. */
  readonly orderingKey: string;
}

/** Not sent to anybody, or taken back by everybody who had it. */
const NEVER = -1;
/** Several brokers had it when their links were lost. */
const SEVERAL = -1;

/** Whoever asks extends this with a way to hand over the answer. The fields are the machine's; `ref` may be read. */
export class PendingRequest extends Timer<undefined> {
  /** The request number, given when the machine takes it; 0 before. */
  ref = 0;
  deadline: Milliseconds = 0;
  /** The broker that refused it last: another one is asked first. */
  refusedBy: Outlet | undefined = undefined;
  /** Pauses that it has made because a broker was reading its journal. */
  waits = 0;
  /** What brokers without a worker for it have said. */
  absence: Absence | undefined = undefined;
  readonly flow: StreamFlow | undefined;
  #state: PendingState = 'waiting';
  #outlet: Outlet | undefined = undefined;
  #firstAskedAt: Milliseconds = NEVER;
  #forgottenAt: Milliseconds = Infinity;
  /** The instance of the broker whose link was lost while it had the request; 0 for none. */
  #lostWith = 0;

  constructor(readonly asked: Asked) {
    super(undefined, 'request');
    this.flow = asked.window === 0 ? undefined : new StreamFlow(asked.window);
  }

  get state(): PendingState {
    return this.#state;
  }

  /** The broker that has it, while it is asked. */
  get outlet(): Outlet | undefined {
    return this.#outlet;
  }

  become(state: PendingState): void {
    if (!(NEXT[this.#state] as readonly PendingState[]).includes(state)) {
      throw new Error(`a request does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  /** May the handler have run, as far as is known here (Q2)? */
  get ran(): Ran {
    return this.#firstAskedAt === NEVER ? 'no' : 'unknown';
  }

  /** Has the broker forgotten by now what became of it? Then it must not be asked again: it could run twice. */
  isForgotten(now: Milliseconds): boolean {
    return now >= this.#forgottenAt;
  }

  /** It goes to this broker. @returns its age in ms: 0 for the first time, else at least 1. */
  sentTo(outlet: Outlet, now: Milliseconds): number {
    const first = this.#firstAskedAt === NEVER;
    if (first) this.#firstAskedAt = now;
    this.#forgottenAt = Math.min(this.#forgottenAt, this.#firstAskedAt + outlet.dedupeWindowMs);
    this.become('asked');
    this.#outlet = outlet;
    outlet.unsettled += 1;
    return first ? 0 : Math.max(1, Math.round(now - this.#firstAskedAt));
  }

  /** The link was lost to the broker that had it. */
  lost(): void {
    const instance = this.#outlet?.instance ?? 0;
    this.#lostWith = this.#lostWith === 0 || this.#lostWith === instance ? instance : SEVERAL;
    this.become('waiting');
    this.#leave();
  }

  /** The broker that had it says that it did not run there and will not. If nobody else can have it, it is as if it had never been sent. */
  refused(): void {
    if (this.isKnownTo(this.#outlet)) {
      this.#firstAskedAt = NEVER;
      this.#forgottenAt = Infinity;
      this.#lostWith = 0;
    }
    this.refusedBy = this.#outlet;
    this.become('waiting');
    this.#leave();
  }

  /** The broker cannot tell whether it has the request: to be asked again, with its age. */
  undecided(): void {
    this.become('waiting');
    this.#leave();
  }

  /** It has ended. */
  settled(): void {
    this.become('settled');
    this.#leave();
  }

  /** Does this broker know everything that became of the request, or can another one have it too? */
  isKnownTo(outlet: Outlet | undefined): boolean {
    return this.#lostWith === 0 || this.#lostWith === outlet?.instance;
  }

  #leave(): void {
    if (this.#outlet !== undefined) this.#outlet.unsettled -= 1;
    this.#outlet = undefined;
  }
}
