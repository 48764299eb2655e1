// A request with somebody who waits for it: what the session makes of the machine's words.
//
// W1. Whoever waits is told once how it ended, and nothing after that.
// W2. Signals are listened to only while somebody waits: a long-lived signal does not collect listeners.

import { decodeBody, MajordomoError, NO_BYTES, type Bytes } from '@majordomo/protocol';
import { callOut } from '@majordomo/runtime';
import { failureAtCaller } from './call-site.js';
import { framesIn, readBody, type Codec } from './codec.js';
import { PendingRequest, type Asked } from './core/pending-request.js';
import type { Abortable, Signals } from './signals.js';

/** Where a request is handed in, and given back when nobody waits for it any more. */
export interface AskDesk {
  /** Hands the request in, or fails it when that cannot be. */
  begin(ask: Ask): void;
  /** Nobody waits for it any more, for this cause. */
  cancel(ask: Ask, cause: unknown): void;
  /** The application has taken so many more values of a stream. */
  consumed(ask: Ask, count: number): void;
  /** A function of the application failed that was called for one of its requests. */
  callbackFailed(name: string, error: unknown): void;
}

/** What a request has to do with the rest of the application. */
export interface AskLinks {
  readonly desk: AskDesk;
  readonly signals: Signals;
  readonly signal: AbortSignal | undefined;
  /** The signal of the scope it is asked in. */
  readonly scopeSignal: AbortSignal | undefined;
  readonly onProgress: ((value: unknown) => unknown) | undefined;
  /** How the reply is to be read. */
  readonly codec: Codec;
}

export abstract class Ask extends PendingRequest implements Abortable {
  protected readonly links: AskLinks;

  constructor(asked: Asked, links: AskLinks) {
    super(asked);
    this.links = links;
  }

  /** A value, whole and undecoded, and the headers that say how many frames it was. */
  abstract succeed(headers: Bytes, body: Bytes): void;
  /** A value of a stream. @param isFrameList its body is a list of frames. */
  abstract partial(isFrameList: boolean, body: Bytes): void;
  abstract complete(): void;
  /** It was handed over, and is kept under this ticket. */
  abstract accepted(journal: number, ticket: number): void;
  abstract fail(error: MajordomoError): void;

  progress(body: Bytes): void {
    const { onProgress } = this.links;
    if (onProgress === undefined) return;
    let value: unknown;
    try {
      value = decodeBody(body);
    } catch {
      // A note may be lost; one that nobody can read is.
      return;
    }
    callOut(
      () => onProgress(value),
      (error) => this.links.desk.callbackFailed('onProgress', error),
    );
  }

  /** Begins to listen to its signals. @returns one that was aborted before; then nobody is to be asked. */
  listen(): AbortSignal | undefined {
    const { signals, signal, scopeSignal } = this.links;
    if (signal?.aborted === true) return signal;
    if (scopeSignal?.aborted === true) return scopeSignal;
    if (signal !== undefined) signals.watch(signal, this);
    if (scopeSignal !== undefined) signals.watch(scopeSignal, this);
    return undefined;
  }

  /** One of its signals was aborted. */
  abort(cause: unknown): void {
    this.links.desk.cancel(this, cause);
  }

  /** W2 */
  protected unlisten(): void {
    const { signals, signal, scopeSignal } = this.links;
    if (signal !== undefined) signals.unwatch(signal, this);
    if (scopeSignal !== undefined) signals.unwatch(scopeSignal, this);
  }
}

/** A request for one value. */
export class Call extends Ask {
  readonly answer: Promise<unknown>;
  #resolve!: (value: unknown) => void;

  constructor(asked: Asked, links: AskLinks) {
    super(asked, links);
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  succeed(headers: Bytes, body: Bytes): void {
    this.unlisten();
    try {
      this.#resolve(readBody(this.links.codec, framesIn(headers), body));
    } catch (error) {
      this.#resolve(failureAtCaller(error));
    }
  }

  /** The machine tells partials to streams only, and tickets to those who hand over. */
  partial(): void {}
  accepted(): void {}

  complete(): void {
    this.succeed(NO_BYTES, NO_BYTES);
  }

  fail(error: MajordomoError): void {
    this.unlisten();
    this.#resolve(failureAtCaller(error));
  }
}

/** A request that is handed over: its promise is for the ticket. */
export class Handover extends Ask {
  readonly ticket: Promise<{ readonly journal: number; readonly ticket: number }>;
  #resolve!: (ticket: { readonly journal: number; readonly ticket: number }) => void;
  #reject!: (error: unknown) => void;

  constructor(asked: Asked, links: AskLinks) {
    super(asked, links);
    this.ticket = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  accepted(journal: number, ticket: number): void {
    this.unlisten();
    this.#resolve({ journal, ticket });
  }

  /** A broker that answers a submission with a value has not understood it. */
  succeed(): void {
    this.fail(
      new MajordomoError('PROTOCOL_ERROR', 'the broker answered a submission with a value', { ran: 'unknown' }),
    );
  }
  partial(): void {}
  complete(): void {
    this.succeed();
  }

  fail(error: MajordomoError): void {
    this.unlisten();
    this.#reject(error);
  }
}
