// The asking side on real links: promises and iterators outside, the pure machine inside.
//
// B1. Nothing hangs: when the session closes, or breaks by a bug of ours, everybody who waits is told.

import { MajordomoError, readThrown, stackText, type Milliseconds } from '@majordomo/protocol';
import { callOut, Driver, type Clock, type Logger, type Port } from '@majordomo/runtime';
import type { Ask, AskDesk } from './ask.js';
import type { CallOptions, StreamOptions, SubmitOptions } from './call-options.js';
import { BrokerLog } from './broker-log.js';
import { AddressBook } from './core/addresses.js';
import type { BrokerStatus, Caller } from './core/caller.js';
import type { BrokerEvent, CallerEvent, CallerInput } from './core/words.js';
import type { ReplyStream } from './reply-stream.js';
import type { Scope } from './scope.js';
import { Signals } from './signals.js';
import type { Ticket } from './ticket.js';
import type { Asker, Submitter } from './typed.js';
import { View } from './view.js';

/** How long a closing session tries to get its GOODBYE out, in ms: brokers notice without it too. */
const LINGER_MS = 250;

/** What `status()` tells. */
export interface CallerStatus {
  /** Requests that are not settled, those that wait for a broker included. */
  readonly inFlight: number;
  /** Words of brokers that came for requests that had ended, or twice: dropped and counted. */
  readonly lateWords: number;
  readonly brokers: readonly BrokerStatus[];
}

export interface SessionParts {
  readonly caller: Caller<Ask>;
  readonly port: Port;
  readonly clock: Clock;
  /** The most that all frames of one message may hold. */
  readonly bytesMax: number;
  /** Deadline of calls that name none and have no scope, in ms. */
  readonly deadlineMs: number;
  readonly onEvent: ((event: BrokerEvent) => void) | undefined;
  readonly logger: Logger | undefined;
}

export class CallerSession implements Asker, Submitter, AskDesk {
  readonly #parts: SessionParts;
  readonly #driver: Driver<CallerInput<Ask>, CallerEvent<Ask>>;
  readonly #view: View;
  readonly #log: BrokerLog;
  #opening: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #bug: MajordomoError | undefined;

  constructor(parts: SessionParts) {
    const { clock, deadlineMs } = parts;
    this.#parts = parts;
    this.#log = new BrokerLog(parts.logger);
    this.#view = new View({ desk: this, clock, deadlineMs, book: new AddressBook(), signals: new Signals() });
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

  /** How it stands now: plain data. */
  status(): CallerStatus {
    const { caller } = this.#parts;
    return { inFlight: caller.inFlight, lateWords: caller.late, brokers: caller.brokers };
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

  call<Output = unknown>(address: string, input?: unknown, options?: CallOptions): Promise<Output> {
    return this.#view.call(address, input, options);
  }

  stream<Output = unknown>(address: string, input?: unknown, options?: StreamOptions): ReplyStream<Output> {
    return this.#view.stream(address, input, options);
  }

  submit(address: string, input?: unknown, options?: SubmitOptions): Promise<Ticket> {
    return this.#view.submit(address, input, options);
  }

  ticket<Output = unknown>(id: string): Ticket<Output> {
    return this.#view.ticket(id);
  }

  /** A view of this session for calls that are made on behalf of another request; see Scope. It needs no closing. */
  scoped(scope: Scope): Asker & Submitter {
    return this.#view.scoped(scope);
  }

  /** Settles everything as CLOSED, leaves the brokers and closes the sockets. A second call gets the same promise; it never rejects. */
  close(): Promise<void> {
    // Where nobody listens there is nobody to say goodbye to.
    const lingerMs = this.#parts.caller.isConnected ? LINGER_MS : 0;
    this.#driver.input({ kind: 'close' });
    return this.#driver.stop(lingerMs);
  }

  /** AskDesk. */
  begin(ask: Ask): void {
    const aborted = ask.listen();
    if (aborted !== undefined) ask.fail(cancelledBefore(aborted));
    else if (!this.#driver.input({ kind: 'call', request: ask })) ask.fail(this.#bug ?? closed());
  }

  /** AskDesk. */
  cancel(request: Ask, cause: unknown): void {
    this.#driver.input({ kind: 'cancel', request, reason: 'cancelled', cause });
  }

  /** AskDesk. */
  consumed(request: Ask, count: number): void {
    this.#driver.input({ kind: 'consumed', request, count });
  }

  /** AskDesk. */
  callbackFailed(name: string, error: unknown): void {
    this.#parts.logger?.error(`${name} threw: ${readThrown(error).message}`, { stack: stackText(error) });
  }

  #tell(event: CallerEvent<Ask>): void {
    switch (event.kind) {
      case 'value':
        return event.request.succeed(event.headers, event.body);
      case 'accepted':
        return event.request.accepted(event.journal, event.ticket);
      case 'partial':
        return event.request.partial(event.isFrameList, event.body);
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
    this.#log.broker(event);
    if (onEvent === undefined) return;
    callOut(
      () => onEvent(event),
      (error) => this.callbackFailed('onEvent', error),
    );
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

function cancelledBefore(signal: AbortSignal): MajordomoError {
  const init = { ran: 'no', cause: signal.reason as unknown } as const;
  return new MajordomoError('CANCELLED', 'the caller cancelled before anything was asked', init);
}

function closed(): MajordomoError {
  return new MajordomoError('CLOSED', 'the client is closed', { ran: 'no' });
}
