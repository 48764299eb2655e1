// What a handler knows about the request it works on, and what it can do beside answering.
//
// H1. What few handlers look at is made when somebody looks: signal, headers, client.
// H2. The signal is aborted once, with a reason that says why; a handler that never looks at it pays nothing.
// H3. Listeners of the signal are called in the asynchronous context in which the handler looked at it first.

import {
  decodeBody,
  encodeBody,
  isMajordomoError,
  MajordomoError,
  member,
  requestIdText,
  type Bytes,
  type CancelReason,
  type ErrorCode,
  type Milliseconds,
} from '@majordomo/protocol';
import type { Asker, Submitter } from '@majordomo/caller';
import { AsyncScope } from '@majordomo/runtime';
import type { Run } from './core/state.js';

/** What a handler is given beside its input. */
export interface RequestContext {
  /** The same through every resend and redelivery. */
  readonly requestId: string;
  readonly service: string;
  readonly method: string;
  /** How often the request has been handed to a worker; 1 for the first time. More than 1: it may have run, in part or whole. */
  readonly attempt: number;
  /** When the answer stops being worth having, in ms since 1970 by the clock of this machine. To be shown; to reckon use `remainingMs`. */
  readonly deadline: number;
  /** Time left until then, in ms; 0 when it is over. */
  remainingMs(): number;
  /**
   * Aborted when nobody waits for the answer any more. Its reason is a StopError: `reason` says why. Pass it on to whatever takes a
   * signal. What the handler throws after that is taken as its stopping.
   */
  readonly signal: AbortSignal;
  /**
   * What the caller sent beside the input: trace context and its own. Empty when it sent none. A plain Majordomo client has `mdp`, which
   * is its protocol: `0.1` or `0.2`; nobody else has.
   */
  readonly headers: Readonly<Record<string, unknown>>;
  /**
   * Calls made with it take over deadline and trace of this request, and are cancelled with its signal. So is the wait for a ticket or a
   * result; what has been handed over stays.
   */
  readonly client: Asker & Submitter;
  /** Tells the caller how far the work is. Notes may be lost and are not stored. @throws MajordomoError UNENCODABLE. */
  progress(value: unknown): void;
}

const CODES: Readonly<Record<CancelReason, ErrorCode>> = {
  cancelled: 'CANCELLED',
  deadline: 'DEADLINE_EXCEEDED',
  'lease-lost': 'CANCELLED',
  drain: 'CANCELLED',
  'execution-timeout': 'EXECUTION_TIMEOUT',
  'client-lost': 'CANCELLED',
};

/** Why a handler is to stop: the reason of `ctx.signal`. */
export class StopError extends MajordomoError {
  constructor(readonly reason: CancelReason) {
    super(CODES[reason], `the request was stopped: ${reason}`, { stage: 'running', ran: 'yes' });
  }
}

/** Is this the reason of a context's signal, perhaps from another copy of the package? */
export function isStopError(error: unknown): error is StopError {
  if (!isMajordomoError(error)) return false;
  const reason = member(error, 'reason');
  return typeof reason === 'string' && Object.hasOwn(CODES, reason);
}

/** What contexts need of the worker. */
export interface ContextDesk {
  now(): Milliseconds;
  progress(run: Run, body: Bytes): void;
  /** The scope of calls made on behalf of this request. */
  scope(context: RequestContext, deadlineAt: Milliseconds): Asker & Submitter;
}

const NO_HEADERS: Readonly<Record<string, unknown>> = Object.freeze({});

export class LiveContext implements RequestContext {
  readonly #run: Run;
  readonly #desk: ContextDesk;
  readonly #encodedHeaders: Bytes;
  #headers: Readonly<Record<string, unknown>> | undefined = undefined;
  #stopped: CancelReason | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #scope: AsyncScope | undefined = undefined;
  #client: (Asker & Submitter) | undefined = undefined;

  constructor(run: Run, desk: ContextDesk) {
    this.#run = run;
    this.#desk = desk;
    this.#encodedHeaders = run.headers;
  }

  /** Aborts the signal, now or when somebody looks at it (H2). No member, so that handlers do not have it. */
  static stop(context: LiveContext, reason: CancelReason): void {
    if (context.#stopped !== undefined) return;
    context.#stopped = reason;
    const controller = context.#controller;
    // H3.
    if (controller !== undefined) context.#scope?.run((error) => controller.abort(error), new StopError(reason));
  }

  get requestId(): string {
    return requestIdText(this.#run.instance, this.#run.request);
  }
  get service(): string {
    return this.#run.service.offer.name;
  }
  get method(): string {
    return this.#run.method.name;
  }
  get attempt(): number {
    return this.#run.attempt;
  }
  get deadline(): number {
    return Math.round(Date.now() + this.#run.deadlineAt - this.#desk.now());
  }

  remainingMs(): number {
    return Math.max(0, this.#run.deadlineAt - this.#desk.now());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#scope = new AsyncScope();
      if (this.#stopped !== undefined) this.#controller.abort(new StopError(this.#stopped));
    }
    return this.#controller.signal;
  }

  get headers(): Readonly<Record<string, unknown>> {
    this.#headers ??= headersOf(this.#encodedHeaders);
    return this.#headers;
  }

  get client(): Asker & Submitter {
    this.#client ??= this.#desk.scope(this, this.#run.deadlineAt);
    return this.#client;
  }

  progress(value: unknown): void {
    this.#desk.progress(this.#run, encodeBody(value));
  }
}

/** Headers are one map; what is none has been made by somebody else's client and is not for us to judge. */
function headersOf(bytes: Bytes): Readonly<Record<string, unknown>> {
  if (bytes.length === 0) return NO_HEADERS;
  try {
    const value = decodeBody(bytes);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : NO_HEADERS;
  } catch {
    return NO_HEADERS;
  }
}
