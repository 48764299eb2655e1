// What a single call or stream may be told beside its address and its input.

import {
  type Bytes,
  CALL_DEFAULTS,
  callback,
  encodeBody,
  flag,
  hasMember,
  isRecord,
  MajordomoError,
  NO_BYTES,
  numberFrom,
  optionProblems,
  type OptionRule,
  type OptionRules,
  refuseProblems,
  refuseWrongOptions,
  textUpTo,
  wholeNumberFrom,
  WIRE_LIMITS,
} from '@majordomo/protocol';

import { codecRule, type Codec } from './codec.js';
import type { SubmitTerms } from './core/pending-request.js';

/** What may stand in a header: JSON. */
export type HeaderValue =
  string | number | boolean | null | readonly HeaderValue[] | { readonly [key: string]: HeaderValue };
/** Headers travel beside the input and reach the handler as `ctx.headers`. At most 16 KiB in all. */
export type Headers = Readonly<Record<string, HeaderValue>>;

interface SharedOptions {
  /** How long the answer is worth having, in ms, at most 24 days. Default: that of the client (30 s). */
  readonly deadlineMs?: number | undefined;
  /** Aborting it cancels the request, down to the handler. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Wait until the deadline for a worker that offers the service: also for a service that no worker has offered yet (else NO_SUCH_SERVICE at
   * once), and for one whose last worker left longer ago than the broker waits for by itself, 30 s (else SERVICE_UNAVAILABLE). Default: false.
   */
  readonly waitForService?: boolean | undefined;
  readonly headers?: Headers | undefined;
  /** How a plain Majordomo worker is spoken to (docs/mdp.md): what its bytes say. Default: `msgpack`, as native workers are. */
  readonly codec?: Codec | undefined;
  /** Is given what the handler tells with `ctx.progress()`. Notes may be lost; the reply is not. */
  readonly onProgress?: ((value: unknown) => void) | undefined;
}

export interface CallOptions extends SharedOptions {
  /** The same key from any client is the same request: it runs once, and everybody gets that one answer. 1 to 255 bytes. */
  readonly idempotencyKey?: string | undefined;
}

export interface StreamOptions extends SharedOptions {
  /** Values that may be under way or unread, 1 to 4,096. Default: 64. */
  readonly window?: number | undefined;
}

/** What is handed over may be told beside its address and input. Times in ms. */
export interface SubmitOptions {
  /**
   * The same key from any client, now or after restarts, is the same request: it runs once, under one ticket. With several brokers a
   * key picks its broker: this holds as long as the same ones are there. 1 to 255 bytes.
   */
  readonly idempotencyKey?: string | undefined;
  /** How long it may take to be done: after that it ends as TICKET_EXPIRED. At most 10 years. Default: the broker's, 24 h after `runAtMs`. */
  readonly expiresMs?: number | undefined;
  /**
   * Requests of one service with the same key are done one at a time, in the order in which they were accepted. With several brokers a
   * key picks its broker: this holds as long as the same ones are there. 1 to 255 bytes.
   */
  readonly orderingKey?: string | undefined;
  /** 0 to 9; the higher goes first among those that wait. Default: 4. */
  readonly priority?: number | undefined;
  /** Not handed to a worker before this date, in ms since 1970 (`date.getTime()`). At most 10 years ahead. Default: at once. */
  readonly runAtMs?: number | undefined;
  /** How long to wait for the ticket. Default: the deadline of the client's calls (30 s). */
  readonly deadlineMs?: number | undefined;
  /** Aborting it ends the wait for the ticket; what the broker has taken already stays. */
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Headers | undefined;
  /** As for a call; to be said to `result()` too. */
  readonly codec?: Codec | undefined;
}

export function abortSignal(value: unknown): string | undefined {
  const isSignal =
    typeof value === 'object' && value !== null && hasMember(value, 'aborted') && hasMember(value, 'addEventListener');
  return isSignal ? undefined : 'must be an AbortSignal';
}

/** What the broker says of plain Majordomo peers; nobody else is to be taken for one (docs/mdp.md M8). */
const RESERVED_HEADERS = ['mdp', 'frames'];

function headerRecord(value: unknown): string | undefined {
  if (!isRecord(value)) return 'must be a plain object';
  const reserved = RESERVED_HEADERS.find((name) => Object.hasOwn(value, name));
  return reserved && `must not have "${reserved}": that name is the broker's own`;
}

const SHARED_RULES: OptionRules<SharedOptions> = {
  deadlineMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  signal: abortSignal,
  waitForService: flag,
  headers: headerRecord,
  codec: codecRule,
  onProgress: callback,
};
const streamHasNoKey: OptionRule = () => 'is for call(): a stream that was handed over cannot be handed over again';
const CALL_RULES: OptionRules<CallOptions> = { ...SHARED_RULES, idempotencyKey: textUpTo(WIRE_LIMITS.keyBytesMax) };
const STREAM_RULES: OptionRules<StreamOptions & CallOptions> = {
  ...SHARED_RULES,
  window: wholeNumberFrom(1, WIRE_LIMITS.streamWindowMax),
  idempotencyKey: streamHasNoKey,
};
const SUBMIT_RULES: OptionRules<SubmitOptions> = {
  idempotencyKey: textUpTo(WIRE_LIMITS.keyBytesMax),
  expiresMs: wholeNumberFrom(1, WIRE_LIMITS.storedTimeMaxMs),
  orderingKey: textUpTo(WIRE_LIMITS.orderingKeyBytesMax),
  priority: wholeNumberFrom(0, WIRE_LIMITS.priorityMax),
  runAtMs: numberFrom(0, Number.MAX_SAFE_INTEGER),
  deadlineMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  signal: abortSignal,
  headers: headerRecord,
  codec: codecRule,
};

/**
 * @param date now, in ms since 1970.
 * @returns what the request says about being kept.
 * @throws MajordomoError INVALID_OPTION naming everything that is wrong.
 */
export function submitTerms(options: SubmitOptions, date: number): SubmitTerms {
  refuseWrongOptions('submit', options, "submit('orders.create', order, { orderingKey: 'a' })");
  refuseProblems('submit', optionProblems(options, SUBMIT_RULES));
  const delayMs = Math.max(0, Math.ceil((options.runAtMs ?? 0) - date));
  if (delayMs > WIRE_LIMITS.storedTimeMaxMs) refuseProblems('submit', ['runAtMs must be at most 10 years ahead']);
  const { expiresMs = 0, priority = CALL_DEFAULTS.priority, orderingKey = '' } = options;
  if (expiresMs > 0 && delayMs >= expiresMs) refuseProblems('submit', ['expiresMs ends before runAtMs']);
  return { expiresMs, delayMs, priority, orderingKey };
}

/** Values of a stream that may be under way when nobody says otherwise. */
export const DEFAULT_WINDOW = CALL_DEFAULTS.streamWindow;

/** @throws MajordomoError INVALID_OPTION naming everything that is wrong. */
export function checkCallOptions(options: CallOptions): void {
  refuseWrongOptions('call', options, "call('orders.create', order, { deadlineMs: 5_000 })");
  refuseProblems('call', optionProblems(options, CALL_RULES));
}

/** @throws MajordomoError INVALID_OPTION naming everything that is wrong. */
export function checkStreamOptions(options: StreamOptions): void {
  refuseWrongOptions('stream', options, "stream('orders.watch', filter, { deadlineMs: 5_000 })");
  refuseProblems('stream', optionProblems(options, STREAM_RULES));
}

/**
 * @returns headers as they travel: one MessagePack map, no bytes for none.
 * @throws MajordomoError INVALID_OPTION when they are too large, UNENCODABLE when they are no plain data.
 */
export function encodeHeaders(headers: Headers): Bytes {
  const bytes = encodeBody(headers);
  // An empty map.
  if (bytes.length === 1) return NO_BYTES;
  if (bytes.length <= WIRE_LIMITS.headersBytesMax) return bytes;
  const text = `headers take ${bytes.length} bytes, ${WIRE_LIMITS.headersBytesMax} are allowed`;
  throw new MajordomoError('INVALID_OPTION', text, { details: { bytes: bytes.length } });
}
