// What a handler throws, and what becomes of it on the wire.
//
// X1. A handler's error travels as HANDLER_FAILED with name, message, code, data and the errors beneath it; never its stack.
// X2. Errors are known by their name and shape, not by instanceof: two copies of this package may be loaded.
// X3. Whatever a handler throws can be answered, odd objects included: what cannot be read, cannot be encoded, or is too large is left out.

import {
  boundedText,
  encodeErrorBody,
  ERROR_LIMITS,
  isMajordomoError,
  readThrown,
  thrownDetails,
  type Bytes,
  type ErrorCode,
  type InputIssue,
  type Ran,
} from '@majordomo/protocol';
import type { Failure } from './core/state.js';

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

/** Issues of a schema that are told; the message says how many there are. */
const ISSUES_MAX = 100;

/** Which worker failed at which attempt: it travels beside the details, and clients show it as `error.request`. */
export interface HandledBy {
  readonly worker: string;
  readonly attempt: number;
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
export function failureOf(
  thrown: unknown,
  {
    ran = 'yes',
    retryAfterMs,
    handledBy,
  }: { ran?: Ran; retryAfterMs?: number | undefined; handledBy?: HandledBy } = {},
): FailedWith {
  const retry = retryAfterMs !== undefined;
  const failure: Failure = { code: 'HANDLER_FAILED', ran, retry, retryAfterMs: retryAfterMs ?? 0 };
  return { failure, body: bodyOf(thrown, handledBy) };
}

/** The value of a handler cannot be sent; `details.path` says which member of it, where it is one. */
export function unsendable(error: unknown, handledBy?: HandledBy): FailedWith {
  const why = readThrown(error).message;
  const path = isMajordomoError(error, 'UNENCODABLE') ? error.details['path'] : undefined;
  const message = boundedText(`the reply of the handler cannot be sent: ${why}`);
  const details = { ...(typeof path === 'string' && { path }), ...(handledBy && { handledBy }) };
  return failureWith('REPLY_UNSENDABLE', 'yes', message, Object.keys(details).length === 0 ? undefined : details);
}

/** A failure that is not the handler's own error. */
export function failureWith(code: ErrorCode, ran: Ran, message: string, details?: Record<string, unknown>): FailedWith {
  const body = encodeErrorBody(details === undefined ? { message } : { message, details });
  return { failure: { code, ran, retry: false, retryAfterMs: 0 }, body };
}

/** The input does not satisfy the schema: the handler was not called. */
export function invalidArgument(address: string, issues: readonly InputIssue[], handledBy?: HandledBy): FailedWith {
  const first = issues[0];
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  const message = `the input of ${address} is not valid: ${where}${first?.message ?? 'no reason given'}${more}`;
  return failureWith('INVALID_ARGUMENT', 'no', boundedText(message), {
    issues: issues.slice(0, ISSUES_MAX),
    ...(handledBy && { handledBy }),
  });
}

/** The handler's value does not satisfy the output schema: its caller gets where, and nothing of the value. */
export function invalidResult(address: string, issues: readonly InputIssue[], handledBy?: HandledBy): FailedWith {
  const paths = issues.slice(0, ISSUES_MAX).map(({ path }) => ({ path }));
  const first = paths[0]?.path.join('.') ?? '';
  const message = `the result of ${address} does not satisfy its output schema${first === '' ? '' : ` at ${first}`}`;
  return failureWith('REPLY_UNSENDABLE', 'yes', boundedText(message), {
    issues: paths,
    ...(handledBy && { handledBy }),
  });
}

/** X3: less and less of it, until it can be sent. */
function bodyOf(thrown: unknown, handledBy: HandledBy | undefined): Bytes {
  const by = handledBy === undefined ? {} : { handledBy };
  const all = { ...thrownDetails(thrown), ...by };
  const { name, message, code, data } = all;
  const known = { name, message, ...(code === undefined ? {} : { code }), ...by };
  return (
    encoded(message, all) ??
    encoded(message, { ...known, ...(data === undefined ? {} : { data }), causeOmitted: true }) ??
    encodeErrorBody({ message, details: { ...known, dataOmitted: true } })
  );
}

function encoded(message: string, details: object): Bytes | undefined {
  try {
    const body = encodeErrorBody({ message, details: { ...details } });
    return body.length <= ERROR_LIMITS.bodyBytesMax ? body : undefined;
  } catch {
    // Something in the data that answers differently when it is read again.
    return undefined;
  }
}
