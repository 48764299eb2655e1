// Every way a request can end badly, in one catalogue: may I retry, did it run, what do I do.
//
// E1. A row is the whole truth about its code; a reply may only narrow `ran` (an error that says "unknown" in general may know better once).
// E2. Numbers travel on the wire and are never used again for something else.
// E3. Nobody decides by message text.

import { ERROR_LIMITS } from './limits.js';
import { plainCopy } from './plain-copy.js';
import { isError, isNamed, member, readThrown } from './thrown.js';

/** Did the handler run? `unknown` means: it may have. */
export type Ran = 'no' | 'yes' | 'unknown';

/** How far the request had come when it ended. */
export type Stage = 'client' | 'queued' | 'dispatched' | 'running' | 'reply-lost';

/** One row of the catalogue. `number` is the code on the wire (16 bits). */
export interface ErrorRow {
  readonly number: number;
  readonly retryable: boolean;
  readonly ran: Ran;
  readonly help: string;
}

/** The catalogue. docs/errors.md is tested against it. */
export const ERRORS = {
  HANDLER_FAILED: {
    number: 1,
    retryable: false,
    ran: 'yes',
    help: 'The handler threw. Its error is in `details`. Not retried unless it is a RetryableError, or the method says so.',
  },
  INVALID_ARGUMENT: {
    number: 2,
    retryable: false,
    ran: 'no',
    help: 'The input does not satisfy the schema of the method. The issues are in `details.issues`. Correct the call.',
  },
  NO_SUCH_SERVICE: {
    number: 3,
    retryable: false,
    ran: 'no',
    help: 'No worker offers this service at this broker. Check the name, start a worker, or pass waitForService.',
  },
  NO_SUCH_METHOD: {
    number: 4,
    retryable: false,
    ran: 'no',
    help: 'The service is there, the method is not. Check the name; `details.methods` lists what is offered.',
  },
  BUSY: {
    number: 5,
    retryable: true,
    ran: 'no',
    help: 'A queue is full. Wait `retryAfterMs` and ask again; add workers or raise the bound if it stays.',
  },
  DEADLINE_EXCEEDED: {
    number: 6,
    retryable: false,
    ran: 'unknown',
    help: 'No final reply came in time. Ask again with the same idempotency key, or allow more time.',
  },
  CANCELLED: {
    number: 7,
    retryable: false,
    ran: 'unknown',
    help: 'The caller cancelled. If `ran` is not "no" the handler may have done its work.',
  },
  WORKER_LOST: {
    number: 8,
    retryable: false,
    ran: 'unknown',
    help: 'The worker was lost and the request may not be handed out again (atMostOnce, or a stream that had begun). Find out whether it ran before asking again.',
  },
  ATTEMPTS_EXHAUSTED: {
    number: 9,
    retryable: false,
    ran: 'unknown',
    help: 'Every worker that took the request was lost. It is a dead letter; its history names the workers. Look for a crash in the handler.',
  },
  EXECUTION_TIMEOUT: {
    number: 10,
    retryable: false,
    ran: 'unknown',
    help: 'The handler took longer than the executionTimeoutMs of its method. Make it faster or raise the limit.',
  },
  REQUEST_CONFLICT: {
    number: 11,
    retryable: false,
    ran: 'no',
    help: 'The same request id or idempotency key was used with another method or body. Use a new key for new work.',
  },
  REQUEST_FORGOTTEN: {
    number: 12,
    retryable: false,
    ran: 'unknown',
    help: 'The request was asked again after its outcome was forgotten. It is not run a second time; find out whether it ran.',
  },
  MESSAGE_TOO_LARGE: {
    number: 13,
    retryable: false,
    ran: 'no',
    help: 'The body is larger than one side takes (messageBytesMax); the message says which. Send less, or a reference to it, or raise the limit there.',
  },
  REPLY_UNSENDABLE: {
    number: 14,
    retryable: false,
    ran: 'yes',
    help: 'The handler finished but its value cannot be sent: too large, or `details.path` names a member that may not travel. Return less.',
  },
  STREAM_BROKEN: {
    number: 15,
    retryable: false,
    ran: 'unknown',
    help: 'Values of the stream were lost together with what held them. `details.received` tells how many arrived. Start it again from there.',
  },
  STREAM_EXPECTED: {
    number: 16,
    retryable: false,
    ran: 'no',
    help: 'The method is streamed. Use client.stream() instead of client.call().',
  },
  DRAINING: {
    number: 17,
    retryable: true,
    ran: 'no',
    help: 'The broker is shutting down. Ask another one, or the same one when it is back; clients do so by themselves.',
  },
  UNSUPPORTED: {
    number: 18,
    retryable: false,
    ran: 'no',
    help: 'This broker does not offer what was asked (for example storage on disk). Nothing was done.',
  },
  NO_BROKER: {
    number: 19,
    retryable: true,
    ran: 'no',
    help: 'No broker of the list answers. Check the addresses and that a broker is running.',
  },
  CLOSED: { number: 20, retryable: false, ran: 'unknown', help: 'The client was closed before the answer came.' },
  PROTOCOL_ERROR: {
    number: 21,
    retryable: false,
    ran: 'unknown',
    help: 'A peer broke the protocol. The link is closed; update the older side.',
  },
  VERSION_MISMATCH: {
    number: 22,
    retryable: false,
    ran: 'no',
    help: 'The two ends share no protocol version. Update the older side.',
  },
  SESSION_LOST: {
    number: 23,
    retryable: true,
    ran: 'unknown',
    help: 'The broker had given this session up. SDKs say HELLO again by themselves.',
  },
  INVALID_OPTION: {
    number: 24,
    retryable: false,
    ran: 'no',
    help: 'An option is unknown, out of range, or contradicts another one. The message names it.',
  },
  INVALID_SERVICE: {
    number: 25,
    retryable: false,
    ran: 'no',
    help: 'A service class is wrong: no methods, two with one name, a bad option. The message names class and method.',
  },
  UNENCODABLE: {
    number: 26,
    retryable: false,
    ran: 'no',
    help: 'The argument cannot be sent as it is; `details.path` names the member. docs/values.md lists what may travel.',
  },
  UNDECODABLE: {
    number: 27,
    retryable: false,
    ran: 'unknown',
    help: 'The bytes are not one value of docs/values.md. Check what the other side sent.',
  },
  SUPERSEDED: {
    number: 28,
    retryable: false,
    ran: 'no',
    help: 'A newer instance of this identity has connected; the older one stops.',
  },
  UNAUTHORIZED: {
    number: 29,
    retryable: false,
    ran: 'no',
    help: 'The peer did not prove who it is, or may not do this.',
  },
  STORE_FULL: {
    number: 31,
    retryable: true,
    ran: 'no',
    help: 'The disk of the broker, or its journal, has no room. Wait `retryAfterMs` and submit again; free space or raise the bound if it stays.',
  },
  TICKET_UNKNOWN: {
    number: 32,
    retryable: false,
    ran: 'no',
    help: 'The broker has never given out this ticket. Check the text, and that it is the broker with the right data folder.',
  },
  RESOURCE_EXHAUSTED: {
    number: 36,
    retryable: true,
    ran: 'no',
    help: 'This process has no file descriptors or sockets left. Close what is not needed, or raise the limit that the message names.',
  },
  TICKET_EXPIRED: {
    number: 33,
    retryable: false,
    ran: 'unknown',
    help: 'The request was not done before it expired, or its result was not collected in time and is not kept any more.',
  },
  TICKET_DAMAGED: {
    number: 35,
    retryable: false,
    ran: 'unknown',
    help: "The entry of this ticket in the broker's journal is damaged on disk. It was set aside; find out whether it ran before submitting it again.",
  },
  SERVICE_UNAVAILABLE: {
    number: 34,
    retryable: true,
    ran: 'no',
    help: 'The service was offered lately and has no worker now. Start its workers again; ask again later, or pass waitForService.',
  },
  INTERNAL: {
    number: 30,
    retryable: false,
    ran: 'unknown',
    help: 'A bug in Majordomo. Please report it with the details.',
  },
} as const satisfies Readonly<Record<string, ErrorRow>>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERRORS;

const BY_NUMBER: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(ERRORS).map(([code, row]) => [row.number, code as ErrorCode]),
);

/** The code with this number, `INTERNAL` for a number that this version does not know. */
export function errorCodeOf(number: number): ErrorCode {
  return BY_NUMBER.get(number) ?? 'INTERNAL';
}

/** Which call failed, as far as it got. */
export interface FailedRequest {
  /** `service.method`. */
  readonly address: string;
  /** As handlers and brokers know it: `ctx.requestId`. */
  readonly id?: string;
  /** For a question about a ticket. */
  readonly ticket?: string;
  /** The broker that had it last. */
  readonly broker?: string;
  /** The worker that had it last, and which attempt that was. */
  readonly worker?: string;
  readonly attempt?: number;
}

/** A MajordomoError as plain JSON. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly help: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number;
  readonly ran: Ran;
  readonly stage: Stage;
  readonly request?: FailedRequest;
  readonly details: unknown;
  readonly cause?: unknown;
}

/** What a MajordomoError can be told beyond its code and message. */
export interface ErrorInit {
  /** Overrides the row when more is known. */
  readonly ran?: Ran;
  /** How far the request had come. */
  readonly stage?: Stage;
  /** How long to wait before asking again, in ms; only where the code is retryable. */
  readonly retryAfterMs?: number;
  /** Plain data: issues of a schema, the handler's own error, the attempts. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class of the house. Compare `code`, never `instanceof` (two copies of a package may be loaded) and never the text.
 */
export class MajordomoError extends Error {
  override readonly name = 'MajordomoError';
  readonly code: ErrorCode;
  /** May the same request be asked again without harm and with hope? */
  readonly retryable: boolean;
  readonly ran: Ran;
  readonly stage: Stage;
  /** 0 when there is nothing to wait for. */
  readonly retryAfterMs: number;
  readonly details: Readonly<Record<string, unknown>>;
  /** Which call failed; not there where there was none. Set by the client, once. */
  declare request?: FailedRequest;

  constructor(code: ErrorCode, message: string, init: ErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.retryable = ERRORS[code].retryable;
    this.ran = init.ran ?? ERRORS[code].ran;
    this.stage = init.stage ?? 'client';
    this.retryAfterMs = init.retryAfterMs ?? 0;
    this.details = init.details ?? {};
  }

  /** What to do about it: the help of the catalogue. */
  get help(): string {
    return ERRORS[this.code].help;
  }

  /** For JSON.stringify and loggers: everything but the stack, with the errors beneath it. What JSON has no form for is text or left out. */
  toJSON(): ErrorJson {
    const { name, code, message, help, retryable, retryAfterMs, ran, stage, request } = this;
    return {
      name,
      code,
      message,
      help,
      retryable,
      retryAfterMs,
      ran,
      stage,
      ...(request === undefined ? {} : { request }),
      details: jsonCopy(this.details),
      ...(this.cause === undefined ? {} : { cause: causeJson(this.cause, ERROR_LIMITS.causeDepthMax) }),
    };
  }
}

/** What an error beneath says, and those beneath it. */
function causeJson(cause: unknown, depthLeft: number): Record<string, unknown> {
  const { name, message, code, data, cause: next } = readThrown(cause);
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(data === undefined ? {} : { data: jsonCopy(data) }),
    ...(next === undefined || depthLeft <= 1 ? {} : { cause: causeJson(next, depthLeft - 1) }),
  };
}

function jsonCopy(value: unknown): unknown {
  const { dataBytesMax: bytesMax, dataMembersMax: membersMax, dataDepthMax: depthMax } = ERROR_LIMITS;
  return plainCopy(value, { bytesMax, membersMax, depthMax }, jsonLeaf).copy;
}

/** Bigints in digits, dates in ISO 8601, bytes in base64. */
function jsonLeaf(value: unknown): { readonly copy: string; readonly bytes: number } | undefined {
  if (typeof value === 'bigint') return leaf(value.toString());
  if (isCalendar(value)) return leaf(String(value.toJSON()));
  if (!ArrayBuffer.isView(value)) return undefined;
  return leaf(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
}

/** Something with a moment of the calendar, by its shape: of any realm. */
function isCalendar(value: unknown): value is { toJSON(): unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return typeof member(value, 'getTime') === 'function' && typeof member(value, 'toJSON') === 'function';
}

const leaf = (copy: string): { readonly copy: string; readonly bytes: number } => ({ copy, bytes: copy.length });

/** Is this a MajordomoError, perhaps from another copy of the package? With `code`, is it that one? */
export function isMajordomoError(error: unknown, code?: ErrorCode): error is MajordomoError {
  if (!isError(error) || !isNamed(error, 'MajordomoError')) return false;
  const found = member(error, 'code');
  return code === undefined ? typeof found === 'string' && Object.hasOwn(ERRORS, found) : found === code;
}
