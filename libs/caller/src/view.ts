// Calls as the application makes them, each turned into a request that is complete: checked, encoded, with its deadline.
//
// V1. A call never throws: whatever is wrong with it, its promise says so.
// V2. What is asked in a scope ends with the scope and carries its trace.

import { encodeBody, MajordomoError, NO_BYTES, type Address, type Bytes } from '@majordomo/protocol';
import type { Clock } from '@majordomo/runtime';
import { Call, type AskDesk, type AskLinks } from './ask.js';
import {
  checkCallOptions,
  checkStreamOptions,
  DEFAULT_WINDOW,
  encodeHeaders,
  type CallOptions,
  type Headers,
  type StreamOptions,
} from './call-options.js';
import type { AddressBook } from './core/addresses.js';
import type { Asked } from './core/pending-request.js';
import { StreamAsk, type ReplyStream } from './reply-stream.js';
import { traceOf, type Scope } from './scope.js';
import type { Signals } from './signals.js';
import type { Asker } from './typed.js';

export interface ViewParts {
  readonly desk: AskDesk;
  readonly clock: Clock;
  readonly book: AddressBook;
  readonly signals: Signals;
  /** Deadline of calls that name none and have no scope with one, in ms. */
  readonly deadlineMs: number;
}

const NO_OPTIONS: CallOptions & StreamOptions = Object.freeze({});
const NO_SCOPE: Scope = Object.freeze({});

export class View implements Asker {
  readonly #parts: ViewParts;
  readonly #scope: Scope;
  readonly #trace: Headers | undefined;
  readonly #traceBytes: Bytes;
  /** Of most requests: no signal of their own, nobody who wants to hear of progress. */
  readonly #plainLinks: AskLinks;

  constructor(parts: ViewParts, scope: Scope = NO_SCOPE) {
    const { desk, signals } = parts;
    this.#parts = parts;
    this.#scope = scope;
    this.#trace = traceOf(scope.headers);
    this.#traceBytes = this.#trace === undefined ? NO_BYTES : encodeHeaders(this.#trace);
    this.#plainLinks = { desk, signals, signal: undefined, scopeSignal: scope.signal, onProgress: undefined };
  }

  scoped(scope: Scope): View {
    return new View(this.#parts, scope);
  }

  /** V1 */
  call<Output>(address: string, input?: unknown, options: CallOptions = NO_OPTIONS): Promise<Output> {
    try {
      if (options !== NO_OPTIONS) checkCallOptions(options);
      const call = new Call(this.#asked(this.#find(address), input, options), this.#linksOf(options));
      this.#parts.desk.begin(call);
      return call.answer as Promise<Output>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  stream<Output>(address: string, input?: unknown, options: StreamOptions = NO_OPTIONS): ReplyStream<Output> {
    if (options !== NO_OPTIONS) checkStreamOptions(options);
    const windowed = { ...options, window: options.window ?? DEFAULT_WINDOW };
    const stream = new StreamAsk(this.#asked(this.#find(address), input, windowed), this.#linksOf(options));
    return stream as ReplyStream<Output>;
  }

  #find(address: string): Address {
    const found = this.#parts.book.find(address);
    if (found !== undefined) return found;
    throw new MajordomoError('INVALID_OPTION', `"${String(address)}" is not an address: write service.method`);
  }

  #asked(address: Address, input: unknown, options: CallOptions & StreamOptions): Asked {
    return {
      address,
      headers: options.headers === undefined ? this.#traceBytes : encodeHeaders({ ...this.#trace, ...options.headers }),
      body: encodeBody(input),
      deadlineMs: this.#deadlineOf(options.deadlineMs),
      idempotencyKey: options.idempotencyKey ?? '',
      waitForService: options.waitForService ?? false,
      window: options.window ?? 0,
    };
  }

  /** The earlier of what the call asks for and what is left to the scope (V2). */
  #deadlineOf(given: number | undefined): number {
    const { deadline = Infinity } = this.#scope;
    if (deadline === Infinity) return given ?? this.#parts.deadlineMs;
    return Math.min(given ?? Infinity, Math.max(0, deadline - this.#parts.clock.now()));
  }

  #linksOf({ signal, onProgress }: CallOptions): AskLinks {
    if (signal === undefined && onProgress === undefined) return this.#plainLinks;
    return { ...this.#plainLinks, signal, onProgress };
  }
}
