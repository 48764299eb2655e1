// Values to bytes and back: bodies are MessagePack (docs/values.md).
//
// B1. `undefined` is no bytes at all, so that a method without argument or value costs none.
// B2. A value arrives equal in kind and content, or is refused here with a code, before anything is sent.
// B3. A body that is nothing but bytes is written and read here: the way through the codec takes twice as long.

import { MajordomoError } from './errors.js';
import { NO_BYTES, type Bytes } from './records.js';
import { wellFormed } from './text.js';
import { Decoder } from './values/decode.js';
import { Encoder } from './values/encode.js';
import { keptFrom } from './values/binary.js';
import { isPlainBytes, lengthOfBytes } from './values/kinds.js';
import { Token } from './values/format.js';

/** Each is used by one call at a time: what is in them ends with it. */
const encoder = new Encoder();
const decoder = new Decoder();

/**
 * Encodes a value.
 *
 * @returns MessagePack bytes, none for undefined. They may share memory with other bodies; do not write to them.
 * @throws MajordomoError UNENCODABLE for what does not travel, with its path in `details.path`; MESSAGE_TOO_LARGE beyond 256 MiB.
 */
export function encodeBody(value: unknown): Bytes {
  if (value === undefined) return NO_BYTES;
  if (isPlainBytes(value)) {
    const length = lengthOfBytes(value);
    // Those without bytes may be detached.
    if (length > 0 && length <= PLAIN_BYTES_MAX) return encodeBytes(value, length);
  }
  // A getter or a toJSON of the value that is being encoded may be what calls.
  return encoder.isBusy ? new Encoder().encode(value) : encoder.encode(value);
}

/**
 * Decodes what `encodeBody` wrote, or any other MessagePack value.
 *
 * @returns a value; its binary parts are Buffers: views of `bytes` when they are at least half of its memory, copies otherwise.
 * @throws MajordomoError UNDECODABLE.
 */
export function decodeBody(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  const start = contentStart(bytes);
  if (start > 0) return keptFrom(bytes, start);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MajordomoError('UNDECODABLE', `this body is not a MessagePack value: ${reason}`, { cause });
  }
}

/** Longer ones are checked against the bound of a message by the codec. */
const PLAIN_BYTES_MAX = 0xffff;

/** B3. Every byte of the result is written: the head, then the content. @param length that of `value` itself: a member of its own may differ. */
function encodeBytes(value: Uint8Array, length: number): Bytes {
  const headBytes = length < 0x100 ? 2 : 3;
  const body = Buffer.allocUnsafe(headBytes + length);
  if (headBytes === 2) {
    body[0] = Token.bin8;
    body[1] = length;
  } else {
    body[0] = Token.bin16;
    body[1] = length >> 8;
    body[2] = length;
  }
  body.set(value, headBytes);
  return body;
}

/** Where the content of a body that is nothing but bytes begins (B3); 0 for any other body. */
function contentStart(body: Bytes): number {
  const token = body[0];
  if (token === Token.bin8) return body[1] === body.length - 2 ? 2 : 0;
  if (token !== Token.bin16) return 0;
  return (((body[1] as number) << 8) | (body[2] as number)) === body.length - 3 ? 3 : 0;
}

/** What the body of an ERROR record says. */
export interface ErrorBody {
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The message is for people: what is not well-formed in it is mended.
 *
 * @throws MajordomoError UNENCODABLE for details that do not travel.
 */
export function encodeErrorBody({ message, details }: ErrorBody): Bytes {
  return encodeBody({ message: wellFormed(message), details });
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
