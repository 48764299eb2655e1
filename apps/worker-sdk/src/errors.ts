// What a handler throws, and what becomes of it on the wire.
//
// X1. A handler's error travels as HANDLER_FAILED with name, message, code and data; never its stack.
// X2. Errors are known by their name and shape, not by instanceof: two copies of this package may be loaded.
// X3. Whatever a handler throws can be answered: what cannot be encoded, or is too large, is left out and that is said.

import {
  encodeErrorBody,
  isMajordomoError,
  type Bytes,
  type ErrorCode,
  type InputIssue,
  type Ran,
} from '@majordomo/protocol';
import type { Failure } from './core/state.js';

/** The most that the body of an ERROR takes; beyond it data, then the end of the message are left out. */
const ERROR_BYTES_MAX = 64 * 1024;
const MESSAGE_LENGTH_MAX = 4 * 1024;

/**
 * Throw this when the same request may well succeed a little later: the broker hands it out again, at most `maxAttempts` times in all.
 * Not for methods that run at most once: their caller gets the error.
 */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError';
  /** Wait this long before the next attempt, in ms; undefined: as long as the method's policy says (retry-policy.ts). */
  readonly afterMs: number | undefined;

  constructor(message: string, options: { readonly afterMs?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}

/**
 * Throw this when callers shall tell your errors apart: they get MajordomoError HANDLER_FAILED with `details.code` and `details.data`.
 * The code is yours, any text; the data is plain data.
 */
export class HandlerError extends Error {
  override readonly name: string = 'HandlerError';

  constructor(
    readonly code: string,
    message: string,
    readonly data?: unknown,
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** A failure as the core takes it. */
export interface FailedWith {
  readonly failure: Failure;
  readonly body: Bytes;
}

/**
 * What a handler threw (X1).
 *
 * @param ran `no` when it threw before the handler itself was called.
 * @param retryAfterMs when it is to be tried again; undefined when it is not.
 */
export function failureOf(thrown: unknown, ran: Ran = 'yes', retryAfterMs?: number): FailedWith {
  const retry = retryAfterMs !== undefined;
  const failure: Failure = { code: 'HANDLER_FAILED', ran, retry, retryAfterMs: retryAfterMs ?? 0 };
  return { failure, body: bodyOf(thrown) };
}

/** A failure that is not the handler's own error. */
export function failureWith(code: ErrorCode, ran: Ran, message: string, details?: Record<string, unknown>): FailedWith {
  const body = encodeErrorBody(details === undefined ? { message } : { message, details });
  return { failure: { code, ran, retry: false, retryAfterMs: 0 }, body };
}

/** The input does not satisfy the schema: the handler was not called. */
export function invalidArgument(address: string, issues: readonly InputIssue[]): FailedWith {
  const first = issues[0];
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const message = `the input of ${address} is not valid: ${where}${first?.message ?? 'no reason given'}${more}`;
  return failureWith('INVALID_ARGUMENT', 'no', message.slice(0, MESSAGE_LENGTH_MAX), { issues: issues.slice(0, 100) });
}

function bodyOf(thrown: unknown): Bytes {
  const { name, message, code, data } = partsOf(thrown);
  const known = { name, message, ...(code === undefined ? {} : { code }) };
  if (data === undefined) return encodeErrorBody({ message, details: known });
  try {
    const body = encodeErrorBody({ message, details: { ...known, data } });
    if (body.length <= ERROR_BYTES_MAX) return body;
  } catch {
    // X3: a function, a symbol or a circle in the data.
  }
  return encodeErrorBody({ message, details: { ...known, dataOmitted: true } });
}

interface Parts {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  readonly data: unknown;
}

function partsOf(thrown: unknown): Parts {
  if (!(thrown instanceof Error))
    return { name: 'NonError', message: textOf(thrown), code: undefined, data: undefined };
  const { code, data } = thrown as { code?: unknown; data?: unknown };
  return {
    name: textOf(thrown.name),
    message: textOf(thrown.message),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    // A call made by the handler failed: its details are what there is to know.
    data: isMajordomoError(thrown) ? thrown.details : data,
  };
}

function textOf(value: unknown): string {
  let text: string;
  try {
    text = String(value);
  } catch {
    text = 'a value that has no text';
  }
  return text.length <= MESSAGE_LENGTH_MAX ? text : `${text.slice(0, MESSAGE_LENGTH_MAX)}…`;
}
