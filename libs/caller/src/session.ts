// The asking side on real links: promises and iterators outside, the pure machine inside.
//
// B1. Nothing hangs: when the session closes, or breaks by a bug of ours, everybody who waits is told.
// B2. A call never throws: whatever is wrong with it, its promise says so.

import { encodeBody, MajordomoError, NO_BYTES, type Bytes, type Milliseconds } from '@majordomo/protocol';
import { Driver, type Clock, type Port } from '@majordomo/runtime';
import { Call, tellObserver, type Ask, type AskLinks } from './ask.js';
import {
  checkCallOptions,
  checkStreamOptions,
  DEFAULT_WINDOW,
  encodeHeaders,
  type CallOptions,
  type Headers,
  type StreamOptions,
} from './call-options.js';
import { AddressBook } from './core/addresses.js';
import type { Caller } from './core/caller.js';
import type { Asked } from './core/pending-request.js';
import type { BrokerEvent, CallerEvent, CallerInput } from './core/words.js';
import { StreamAsk, type ReplyStream, type StreamDesk } from './reply-stream.js';
import { traceOf, type Scope } from './scope.js';
import type { Asker } from './typed.js';

/** How long a closing session tries to get its GOODBYE out, in ms: brokers notice without it too. */
const LINGER_MS = 250;
const NO_OPTIONS = Object.freeze({});

export interface SessionParts {
  readonly caller: Caller<Ask>;
  readonly port: Port;
  readonly clock: Clock;
  /** The most that all frames of one message may hold. */
  readonly bytesMax: number;
  /** Deadline of calls that name none and have no scope, in ms. */
  readonly deadlineMs: number;
  readonly onEvent: ((event: BrokerEvent) => void) | undefined;
}

/** What one request is made of before it is encoded. */
interface Wanted {
  readonly address: string;
  readonly input: unknown;
  readonly options: CallOptions & StreamOptions;
  readonly window: number;
  readonly scope: Scope | undefined;
}

export class CallerSession implements Asker, StreamDesk {
  readonly #parts: SessionParts;
  readonly #driver: Driver<CallerInput<Ask>, CallerEvent<Ask>>;
  readonly #book = new AddressBook();
  /** Of most requests: nothing that could cancel them, nobody who wants to hear of progress. */
  readonly #plainLinks: AskLinks = { desk: this, signal: undefined, scopeSignal: undefined, onProgress: undefined };
  #opening: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #bug: MajordomoError | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#driver = new Driver({
      machine: parts.caller,
      port: parts.port,
      clock: parts.clock,
      bytesMax: parts.bytesMax,
      onEvent: (event) => this.#tell(event),
      onBug: (error) => this.#broken(error),
    });
  }

  /** The session's own time, for the deadline of a scope. */
  now(): Milliseconds {
    return this.#parts.clock.now();
  }

  /** Requests in flight, those that wait included. */
  get inFlight(): number {
    return this.#parts.caller.inFlight;
  }

  /**
   * Begins to connect to every broker. Once.
   *
   * @param timeoutMs how long to wait for the first; with 0 it settles at once, and calls wait for a broker up to their deadline.
   * @returns rejects with NO_BROKER when none has answered in time, with CLOSED when the session was closed before. Connecting goes on.
   */
  open(timeoutMs: number): Promise<void> {
    this.#driver.start();
    const opened = new Promise<void>((resolve, reject) => (this.#opening = { resolve, reject }));
    this.#driver.input({ kind: 'open', timeoutMs });
    if (timeoutMs === 0) this.#opening?.resolve();
    return opened;
  }

  call<Output = unknown>(address: string, input?: unknown, options: CallOptions = NO_OPTIONS): Promise<Output> {
    return this.#call({ address, input, options, window: 0, scope: undefined }) as Promise<Output>;
  }

  stream<Output = unknown>(address: string, input?: unknown, options: StreamOptions = NO_OPTIONS): ReplyStream<Output> {
    const { window = DEFAULT_WINDOW } = options;
    return this.#stream({ address, input, options, window, scope: undefined }) as ReplyStream<Output>;
  }

  /** A view of this session for calls that are made on behalf of another request; see Scope. It needs no closing. */
  scoped(scope: Scope): Asker {
    const trace = traceOf(scope.headers);
    return {
      call: <Output>(address: string, input?: unknown, options: CallOptions = NO_OPTIONS) =>
        this.#call({ address, input, options, window: 0, scope }, trace) as Promise<Output>,
      stream: <Output>(address: string, input?: unknown, options: StreamOptions = NO_OPTIONS) => {
        const { window = DEFAULT_WINDOW } = options;
        return this.#stream({ address, input, options, window, scope }, trace) as ReplyStream<Output>;
      },
    };
  }

  /** Settles everything as CLOSED, leaves the brokers and closes the sockets. A second call gets the same promise; it never rejects. */
  close(): Promise<void> {
    // Where nobody listens there is nobody to say goodbye to.
    const lingerMs = this.#parts.caller.isConnected ? LINGER_MS : 0;
    this.#driver.input({ kind: 'close' });
    return this.#driver.stop(lingerMs);
  }

  /** StreamDesk. */
  begin(ask: Ask): void {
    const aborted = ask.listen();
    if (aborted !== undefined) ask.fail(cancelledBefore(aborted));
    else if (!this.#driver.input({ kind: 'call', request: ask })) ask.fail(this.#bug ?? closed());
  }

  /** StreamDesk. */
  consumed(request: StreamAsk, count: number): void {
    this.#driver.input({ kind: 'consumed', request, count });
  }

  /** CancelDesk. */
  cancel(request: Ask, cause: unknown): void {
    this.#driver.input({ kind: 'cancel', request, reason: 'cancelled', cause });
  }

  /** B2 */
  #call(wanted: Wanted, trace?: Headers): Promise<unknown> {
    try {
      if (wanted.options !== NO_OPTIONS) checkCallOptions(wanted.options);
      const call = new Call(this.#asked(wanted, trace), this.#linksOf(wanted));
      this.begin(call);
      return call.answer;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #stream(wanted: Wanted, trace?: Headers): ReplyStream<unknown> {
    if (wanted.options !== NO_OPTIONS) checkStreamOptions(wanted.options);
    return new StreamAsk(this.#asked(wanted, trace), this.#linksOf(wanted), this);
  }

  #asked({ address, input, options, window, scope }: Wanted, trace: Headers | undefined): Asked {
    const found = this.#book.find(address);
    if (found === undefined) throw notAnAddress(address);
    return {
      address: found,
      headers: headersOf(options.headers, trace),
      body: encodeBody(input),
      deadlineMs: this.#deadlineOf(options.deadlineMs, scope?.deadline),
      idempotencyKey: options.idempotencyKey ?? '',
      waitForService: options.waitForService ?? false,
      window,
    };
  }

  /** The earlier of what the call asks for and what is left to the scope. */
  #deadlineOf(given: number | undefined, scope: Milliseconds | undefined): number {
    if (scope === undefined || scope === Infinity) return given ?? this.#parts.deadlineMs;
    return Math.min(given ?? Infinity, Math.max(0, scope - this.now()));
  }

  #linksOf({ options, scope }: Wanted): AskLinks {
    if (options === NO_OPTIONS && scope === undefined) return this.#plainLinks;
    return { desk: this, signal: options.signal, scopeSignal: scope?.signal, onProgress: options.onProgress };
  }

  #tell(event: CallerEvent<Ask>): void {
    switch (event.kind) {
      case 'value':
        return event.request.succeed(event.body);
      case 'partial':
        return event.request.partial(event.body);
      case 'progress':
        return event.request.progress(event.body);
      case 'end':
        return event.request.complete();
      case 'error':
        return event.request.fail(event.error);
      case 'reached':
        return this.#opening?.resolve();
      case 'unreached':
        return this.#opening?.reject(event.error);
      default:
        return this.#observe(event);
    }
  }

  #observe(event: BrokerEvent): void {
    const { onEvent } = this.#parts;
    if (onEvent !== undefined) tellObserver(() => onEvent(event));
  }

  /** B1: the machine can no longer be trusted, but those who wait are known. */
  #broken(cause: unknown): void {
    const text = 'the client has stopped because of a bug in Majordomo';
    const bug = new MajordomoError('INTERNAL', text, { cause });
    this.#bug = bug;
    this.#opening?.reject(bug);
    const { caller } = this.#parts;
    for (const event of caller.output.events) if ('request' in event) event.request.fail(bug);
    for (const request of caller.unsettled()) request.fail(bug);
  }
}

function headersOf(own: Headers | undefined, trace: Headers | undefined): Bytes {
  if (own === undefined) return trace === undefined ? NO_BYTES : encodeHeaders(trace);
  return encodeHeaders(trace === undefined ? own : { ...trace, ...own });
}

function notAnAddress(address: unknown): MajordomoError {
  return new MajordomoError('INVALID_OPTION', `"${String(address)}" is not an address: write service.method`);
}

function cancelledBefore(signal: AbortSignal): MajordomoError {
  const init = { ran: 'no', cause: signal.reason as unknown } as const;
  return new MajordomoError('CANCELLED', 'the caller cancelled before anything was asked', init);
}

function closed(): MajordomoError {
  return new MajordomoError('CLOSED', 'the client is closed', { ran: 'no' });
}
