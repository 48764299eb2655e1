// Values to bytes and back: bodies are MessagePack, written by msgpackr.
//
// B1. `undefined` is no bytes at all, so that a method without argument or value costs none.
// B2. What cannot be sent is refused here with a code, before anything is on its way.

import { Packr } from 'msgpackr';
import { MajordomoError } from './errors.js';
import { NO_BYTES, type Bytes } from './records.js';

const OPTIONS = {
  // Plain maps: any MessagePack library reads them, and no state is kept from one body to the next.
  useRecords: false,
  // { a: undefined } is { }, as in JSON: other languages have no undefined. (Missing from the library's own types.)
  skipValues: [undefined],
};
const packr = new Packr(OPTIONS);

/**
 * Encodes a value.
 *
 * @returns MessagePack bytes, none for undefined. They may share a pool with other bodies; do not write to them.
 * @throws MajordomoError UNENCODABLE for symbols and circles, and for a function; functions inside a value are left out.
 */
export function encodeBody(value: unknown): Bytes {
  if (value === undefined) return NO_BYTES;
  if (typeof value === 'function')
    throw new MajordomoError('UNENCODABLE', 'this value cannot be sent: it is a function');
  try {
    return packr.pack(value);
  } catch (cause) {
    throw new MajordomoError('UNENCODABLE', `this value cannot be sent: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Decodes what `encodeBody` wrote, or any other MessagePack value.
 *
 * @returns a value that shares no memory with `bytes`, but for binary parts, which are views of it.
 * @throws MajordomoError UNDECODABLE.
 */
export function decodeBody(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new MajordomoError('UNDECODABLE', `this body is not MessagePack: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError) return 'it is circular or nested too deeply';
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the body of an ERROR record says. */
export interface ErrorBody {
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function encodeErrorBody(body: ErrorBody): Bytes {
  return encodeBody(body);
}

/** Reads the body of an ERROR record; whatever is wrong with it, there is a message. */
export function decodeErrorBody(bytes: Bytes): ErrorBody {
  let value: unknown;
  try {
    value = decodeBody(bytes);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null) return { message: 'no message' };
  const { message, details } = value as { message?: unknown; details?: unknown };
  return {
    message: typeof message === 'string' ? message : 'no message',
    ...(typeof details === 'object' && details !== null ? { details: details as Record<string, unknown> } : {}),
  };
}
