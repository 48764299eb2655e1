// What a single call or stream may be told beside its address and its input.

import {
  type Bytes,
  CALL_DEFAULTS,
  callback,
  encodeBody,
  flag,
  MajordomoError,
  NO_BYTES,
  numberFrom,
  optionProblems,
  type OptionRule,
  type OptionRules,
  plainRecord,
  refuseProblems,
  textUpTo,
  wholeNumberFrom,
  WIRE_LIMITS,
} from '@majordomo/protocol';

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
  /** Wait for a worker that offers the service until the deadline, instead of NO_SUCH_SERVICE at once. Default: false. */
  readonly waitForService?: boolean | undefined;
  readonly headers?: Headers | undefined;
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

function abortSignal(value: unknown): string | undefined {
  const isSignal = typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
  return isSignal ? undefined : 'must be an AbortSignal';
}

const SHARED_RULES: OptionRules<SharedOptions> = {
  deadlineMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  signal: abortSignal,
  waitForService: flag,
  headers: plainRecord,
  onProgress: callback,
};
const streamHasNoKey: OptionRule = () => 'is for call(): a stream that was handed over cannot be handed over again';
const CALL_RULES: OptionRules<CallOptions> = { ...SHARED_RULES, idempotencyKey: textUpTo(WIRE_LIMITS.keyBytesMax) };
const STREAM_RULES: OptionRules<StreamOptions & CallOptions> = {
  ...SHARED_RULES,
  window: wholeNumberFrom(1, WIRE_LIMITS.streamWindowMax),
  idempotencyKey: streamHasNoKey,
};
/** Values of a stream that may be under way when nobody says otherwise. */
export const DEFAULT_WINDOW = CALL_DEFAULTS.streamWindow;

/** @throws MajordomoError INVALID_OPTION naming everything that is wrong. */
export function checkCallOptions(options: CallOptions): void {
  refuseProblems('call', optionProblems(options, CALL_RULES));
}

/** @throws MajordomoError INVALID_OPTION naming everything that is wrong. */
export function checkStreamOptions(options: StreamOptions): void {
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
