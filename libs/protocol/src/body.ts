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
 * Small bodies are read from one place. msgpackr makes a view of whatever it reads from and hangs it onto that as a property: for a
 * small body that costs more than reading it does, and leaves garbage twice its size.
 */
const SMALL_BYTES = 512;
const small = Buffer.alloc(SMALL_BYTES);
/** Binary parts are copied out: the next body goes over them. */
const smallPackr = new Packr({ ...OPTIONS, copyBuffers: true });

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
 * @returns a value; its binary parts are views of `bytes` when that is over 512 bytes long, copies otherwise.
 * @throws MajordomoError UNDECODABLE.
 */
export function decodeBody(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  try {
    if (bytes.length > SMALL_BYTES) return packr.unpack(bytes);
    small.set(bytes);
    return smallPackr.unpack(small, bytes.length);
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
