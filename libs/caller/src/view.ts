// Calls as the application makes them, each turned into a request that is complete: checked, encoded, with its deadline.
//
// V1. A call never throws: whatever is wrong with it, its promise says so.
// V2. What is asked in a scope ends with the scope and carries its trace.

import {
  addressProblem,
  boundedText,
  isMajordomoError,
  MajordomoError,
  NO_BYTES,
  requestIdText,
  RESERVED_PREFIX,
  WIRE_LIMITS,
  type Address,
  type Bytes,
} from '@majordomo/protocol';
import { boundHere, type Clock } from '@majordomo/runtime';
import { restacked } from './call-site.js';
import { Call, Handover, type AskDesk, type AskLinks } from './ask.js';
import {
  checkCallOptions,
  checkStreamOptions,
  DEFAULT_WINDOW,
  encodeHeaders,
  submitTerms,
  type CallOptions,
  type Headers,
  type StreamOptions,
  type SubmitOptions,
} from './call-options.js';
import { DEFAULT_CODEC, writeBody } from './codec.js';
import type { AddressBook } from './core/addresses.js';
import type { Asked } from './core/pending-request.js';
import { StreamAsk, type ReplyStream } from './reply-stream.js';
import { traceOf, type Scope } from './scope.js';
import type { Signals } from './signals.js';
import { journalOf, Ticket } from './ticket.js';
import type { Asker, Submitter } from './typed.js';

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

export class View implements Asker, Submitter {
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
    this.#plainLinks = {
      desk,
      signals,
      signal: undefined,
      scopeSignal: scope.signal,
      onProgress: undefined,
      codec: DEFAULT_CODEC,
    };
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
      return Promise.reject(located(error, address));
    }
  }

  /** V1 */
  async submit(address: string, input?: unknown, options: SubmitOptions = NO_OPTIONS): Promise<Ticket> {
    try {
      const { journal, ticket } = await this.#handOver(address, input, options);
      return this.#ticketOf(requestIdText(journal, ticket), journal);
    } catch (error) {
      throw restacked(located(error, address));
    }
  }

  #handOver(address: string, input: unknown, options: SubmitOptions): Handover['ticket'] {
    const submit = submitTerms(options, this.#parts.clock.date());
    const asked = this.#asked(this.#find(address), input, options, { submit });
    const handover = new Handover(asked, this.#linksOf({ signal: options.signal }));
    this.#parts.desk.begin(handover);
    return handover.ticket;
  }

  /** @throws MajordomoError INVALID_OPTION for a text that is no ticket. */
  ticket<Output>(id: string): Ticket<Output> {
    return this.#ticketOf(id, journalOf(id));
  }

  #ticketOf<Output>(id: string, journal: number): Ticket<Output> {
    return new Ticket<Output>(id, (method, options) => {
      const { deadlineMs } = options;
      // From the book: a new object would have a new number at the broker each time.
      const address = this.#find(`${RESERVED_PREFIX}.${method}`);
      const asked = this.#asked(address, id, { deadlineMs }, { journal, ticket: id });
      const call = new Call(asked, this.#linksOf(options));
      this.#parts.desk.begin(call);
      return call.answer;
    });
  }

  stream<Output>(address: string, input?: unknown, options: StreamOptions = NO_OPTIONS): ReplyStream<Output> {
    if (options !== NO_OPTIONS) checkStreamOptions(options);
    const windowed = { ...options, window: options.window ?? DEFAULT_WINDOW };
    const stream = new StreamAsk(this.#asked(this.#find(address), input, windowed), this.#linksOf(options));
    return stream as ReplyStream<Output>;
  }

  #find(address: string): Address {
    const found = typeof address === 'string' ? this.#parts.book.find(address) : undefined;
    if (found !== undefined) return found;
    throw new MajordomoError('INVALID_OPTION', addressProblem(address));
  }

  #asked(
    address: Address,
    input: unknown,
    options: CallOptions & StreamOptions,
    { submit, journal, ticket }: Partial<Pick<Asked, 'submit' | 'journal' | 'ticket'>> = {},
  ): Asked {
    const { codec = DEFAULT_CODEC } = options;
    const { frames, body } = writeBody(codec, input);
    return {
      address,
      headers: this.#headersOf(options.headers, frames),
      body,
      deadlineMs: this.#deadlineOf(options.deadlineMs),
      idempotencyKey: options.idempotencyKey ?? '',
      waitForService: options.waitForService ?? false,
      window: options.window ?? 0,
      submit,
      journal,
      ticket,
    };
  }

  #headersOf(headers: Headers | undefined, frames: number): Bytes {
    if (headers === undefined && frames === 1) return this.#traceBytes;
    return encodeHeaders({ ...this.#trace, ...headers, ...(frames === 1 ? {} : { frames }) });
  }

  /** The earlier of what the call asks for and what is left to the scope (V2). */
  #deadlineOf(given: number | undefined): number {
    const { deadline = Infinity } = this.#scope;
    if (deadline === Infinity) return given ?? this.#parts.deadlineMs;
    return Math.min(given ?? Infinity, Math.max(0, deadline - this.#parts.clock.now()));
  }

  #linksOf({ signal, onProgress, codec = DEFAULT_CODEC }: CallOptions): AskLinks {
    if (signal === undefined && onProgress === undefined && codec === DEFAULT_CODEC) return this.#plainLinks;
    // Called in the asynchronous context of the call, not in that of whatever brings the note.
    return { ...this.#plainLinks, signal, onProgress: onProgress && boundHere(onProgress), codec };
  }
}

/** An error of what never became a request: it says at least for which address. */
function located(error: unknown, address: unknown): unknown {
  if (isMajordomoError(error) && error.request === undefined && typeof address === 'string')
    error.request = { address: boundedText(address, WIRE_LIMITS.nameBytesMax * 2) };
  return error;
}
