// Values to bytes and back: bodies are MessagePack, written by msgpackr.
//
// B1. `undefined` is no bytes at all, so that a method without argument or value costs none.
// B2. What cannot be sent is refused here with a code, before anything is on its way.
// B3. A body that is nothing but bytes is written and read here: msgpackr looks through its extensions for the class of a value that is
//     not plain, which took a tenth of a client's time.
// B4. A member called `__proto__` is read as `__proto_`, so that no peer can give an object a prototype: msgpackr's rule.

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
  if (value instanceof Uint8Array) return encodeBytes(value);
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
 * @returns a value; its binary parts are Buffers: views of `bytes` when that is over 512 bytes long, copies otherwise.
 * @throws MajordomoError UNDECODABLE.
 */
export function decodeBody(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  const start = bytesStart(bytes);
  if (start > 0) return bytesFrom(bytes, start);
  try {
    if (bytes.length > SMALL_BYTES) return packr.unpack(bufferOf(bytes, 0));
    small.set(bytes);
    return smallPackr.unpack(small, bytes.length);
  } catch (cause) {
    throw new MajordomoError('UNDECODABLE', `this body is not MessagePack: ${reasonOf(cause)}`, { cause });
  }
}

/** The three ways in which MessagePack writes bytes, by how many bytes their length takes. */
const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;

/** B3. */
function encodeBytes(value: Uint8Array): Bytes {
  const { length } = value;
  const lengthBytes = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 4;
  const body = Buffer.allocUnsafe(1 + lengthBytes + length);
  body[0] = lengthBytes === 1 ? BIN_8 : lengthBytes === 2 ? BIN_16 : BIN_32;
  for (let i = lengthBytes, rest = length; i > 0; i--, rest >>>= 8) body[i] = rest;
  body.set(value, 1 + lengthBytes);
  return body;
}

/** B3. A copy where the rest is small: it would keep a whole message alive. */
function bytesFrom(body: Bytes, start: number): Buffer {
  if (body.length > SMALL_BYTES) return bufferOf(body, start);
  const copy = Buffer.allocUnsafe(body.length - start);
  copy.set(new Uint8Array(body.buffer, body.byteOffset + start, copy.length));
  return copy;
}

function bufferOf(bytes: Bytes, start: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
}

/** Where the content of a body that is nothing but bytes begins (B3); 0 when it is anything else, damaged ones included. */
function bytesStart(body: Bytes): number {
  const lengthBytes = body[0] === BIN_8 ? 1 : body[0] === BIN_16 ? 2 : body[0] === BIN_32 ? 4 : 0;
  if (lengthBytes === 0) return 0;
  let length = 0;
  for (let i = 1; i <= lengthBytes; i++) length = length * 0x100 + (body[i] ?? 0);
  return length === body.length - 1 - lengthBytes ? 1 + lengthBytes : 0;
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
