// What is left in the hands of whoever handed a request over: its ticket, good in any process, now or after restarts.

import {
  callback,
  isMajordomoError,
  MajordomoError,
  numberFrom,
  optionProblems,
  refuseProblems,
  refuseWrongOptions,
  shown,
  WIRE_LIMITS,
  type OptionRules,
} from '@majordomo/protocol';
import { abortSignal } from './call-options.js';
import { restacked } from './call-site.js';
import { codecRule, type Codec } from './codec.js';

/** How a durable request stands. Dates in ms since 1970. */
export interface TicketStatus {
  readonly ticket: string;
  readonly address: string;
  /** `delayed`: its date has not come. From `done` on it has an outcome; `dead` is a dead letter. */
  readonly state: 'delayed' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired' | 'dead';
  /** How many times it has been handed to a worker since the broker was started. */
  readonly attempt: number;
  readonly acceptedAt: number;
  /** Until then it may take; while it is not settled. */
  readonly expiresAt?: number;
  /** When it is settled: since when, until when its outcome is kept, and whether somebody has collected it. */
  readonly settledAt?: number;
  readonly keptUntil?: number;
  readonly collected?: boolean;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface ResultOptions {
  /** How long to wait for the outcome, in ms. Default: the deadline of the client's calls (30 s). */
  readonly timeoutMs?: number | undefined;
  /** Aborting it ends the wait. The request goes on. */
  readonly signal?: AbortSignal | undefined;
  /** How the value is to be read that a plain Majordomo worker gave; as it was said to `submit()`. Default: `msgpack`. */
  readonly codec?: Codec | undefined;
  /** Is given what the handler tells with `ctx.progress()` from now on. Notes are not kept and may be lost; the outcome is not. */
  readonly onProgress?: ((value: unknown) => void) | undefined;
}

/** Asks the broker that has the ticket. */
export type TicketAsk = (
  method: 'ticketStatus' | 'ticketResult' | 'ticketCancel',
  options: Omit<ResultOptions, 'timeoutMs'> & { readonly deadlineMs?: number | undefined },
) => Promise<unknown>;

const RULES: OptionRules<ResultOptions> = {
  timeoutMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  signal: abortSignal,
  codec: codecRule,
  onProgress: callback,
};

/** The journal that a ticket names, and the number in it. */
const TICKET = /^([0-9a-f]{14})-([1-9][0-9]{0,15})$/;

/**
 * A request that was handed over. Everything may be asked any number of times, from any process.
 * Errors besides those named: NO_BROKER when the broker with its journal stays away, TICKET_UNKNOWN, TICKET_EXPIRED, TICKET_DAMAGED.
 */
export class Ticket<Output = unknown> {
  readonly #ask: TicketAsk;

  constructor(
    /** Text to be kept: it is all that `client.ticket()` needs. */
    readonly id: string,
    ask: TicketAsk,
  ) {
    this.#ask = ask;
  }

  status(): Promise<TicketStatus> {
    return this.#ask('ticketStatus', {}) as Promise<TicketStatus>;
  }

  /**
   * Waits for the outcome.
   *
   * @returns the value; rejects with the error that the request ended with, or with DEADLINE_EXCEEDED when there is no outcome in
   *   `timeoutMs`: then it may be asked again.
   */
  async result(options: ResultOptions = {}): Promise<Output> {
    refuseWrongOptions('result', options, 'result({ timeoutMs: 60_000 })');
    refuseProblems('result', optionProblems(options, RULES));
    const { timeoutMs, ...rest } = options;
    try {
      return (await this.#ask('ticketResult', { ...rest, deadlineMs: timeoutMs })) as Output;
    } catch (error) {
      if (!isMajordomoError(error) || error.code !== 'DEADLINE_EXCEEDED' || error.stage !== 'client')
        throw restacked(error);
      const { details, request } = error;
      const text = `${this.id} has no outcome yet; ask again`;
      const overdue = new MajordomoError('DEADLINE_EXCEEDED', text, { ran: 'unknown', details });
      if (request !== undefined) overdue.request = request;
      throw overdue;
    }
  }

  /** @returns whether this ended it: false when it had ended before. A handler at work is told to stop. */
  async cancel(): Promise<boolean> {
    const { cancelled } = (await this.#ask('ticketCancel', {})) as { cancelled: boolean };
    return cancelled;
  }

  toString(): string {
    return this.id;
  }

  toJSON(): string {
    return this.id;
  }
}

/**
 * @returns the number of the journal that a ticket names.
 * @throws MajordomoError INVALID_OPTION for a text that is no ticket.
 */
export function journalOf(id: string): number {
  const [, journal] = (typeof id === 'string' && TICKET.exec(id)) || [];
  if (journal !== undefined) return Number.parseInt(journal, 16);
  throw new MajordomoError(
    'INVALID_OPTION',
    `${shown(id)} is not a ticket: it is 14 hexadecimal digits, a dash and a number`,
  );
}
