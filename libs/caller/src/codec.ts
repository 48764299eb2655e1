// How the bytes of plain Majordomo peers are read and written: their bodies are frames, and nothing in them says what they mean (docs/mdp.md M8, M9).
//
// K1. One frame is the body as it is. Several travel as a MessagePack list of bytes, and the header `frames` says how many there are; a PARTIAL, which has no headers, has a flag for it.
// K2. Several frames that are not to be left raw are read as a list: what each of them says.
// K3. An empty frame says nothing: it is `undefined`, as a body of no bytes is everywhere. Raw it is an empty Buffer.
// K4. What can be written is read as the same, but for two things: `raw` makes Buffers of texts, and one frame of a list of one.

import {
  decodeBody,
  encodeBody,
  bytesOfView,
  isBytes,
  isWellFormed,
  keptBytes,
  MajordomoError,
  NO_BYTES,
  parseJson,
  writeJsonText,
  type Bytes,
  type OptionRule,
} from '@majordomo/protocol';

/** `msgpack`: MessagePack, one value. `json`: JSON in UTF-8. `raw`: the bytes themselves. */
export type Codec = 'msgpack' | 'json' | 'raw';

/** What native peers speak, and what is meant where nothing is said. */
export const DEFAULT_CODEC: Codec = 'msgpack';

/** A body ready to travel. */
export interface Written {
  /** K1; at least 1. More than 1 is to be said in the header `frames`. */
  readonly frames: number;
  readonly body: Bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

const READ: Readonly<Record<Codec, (frame: Bytes) => unknown>> = {
  msgpack: decodeBody,
  json: readJson,
  raw: keptBytes,
};

/** What may be given as an option `codec`. */
export const codecRule: OptionRule = (value) =>
  typeof value === 'string' && Object.hasOwn(READ, value) ? undefined : 'must be msgpack, json or raw';

/** @returns how many frames these headers say the body has; 1 where they say nothing that can be. */
export function framesSaid(headers: Readonly<Record<string, unknown>>): number {
  const { frames } = headers;
  return typeof frames === 'number' && Number.isInteger(frames) && frames > 1 ? frames : 1;
}

/** As `framesSaid`, for headers as they travel. */
export function framesIn(headers: Bytes): number {
  if (headers.length === 0) return 1;
  try {
    const map = decodeBody(headers);
    return typeof map === 'object' && map !== null ? framesSaid(map as Record<string, unknown>) : 1;
  } catch {
    // What is no map was made by somebody else and says nothing.
    return 1;
  }
}

/**
 * Reads a body.
 *
 * @param frames how many its headers say it has.
 * @throws MajordomoError UNDECODABLE when it is not what the codec says.
 */
export function readBody(codec: Codec, frames: number, body: Bytes): unknown {
  return frames > 1 ? readFrameList(codec, body) : READ[codec](body);
}

/**
 * Reads a body of several frames (K1).
 *
 * @throws MajordomoError UNDECODABLE when it is no list of bytes, or one of them is not what the codec says.
 */
export function readFrameList(codec: Codec, body: Bytes): unknown[] {
  return listOf(body).map(READ[codec]);
}

function listOf(body: Bytes): Bytes[] {
  const frames = decodeBody(body);
  if (Array.isArray(frames) && frames.every((frame) => frame instanceof Uint8Array)) return frames as Bytes[];
  throw new MajordomoError('UNDECODABLE', 'this body is said to have several frames, and is no list of bytes');
}

function readJson(frame: Bytes): unknown {
  if (frame.length === 0) return undefined;
  try {
    return parseJson(utf8.decode(frame));
  } catch (cause) {
    throw new MajordomoError('UNDECODABLE', 'this body is not JSON in UTF-8', { cause });
  }
}

/**
 * Writes a value.
 *
 * @throws MajordomoError UNENCODABLE, with `details.path`, for what the codec has no bytes for (docs/values.md).
 */
export function writeBody(codec: Codec, value: unknown): Written {
  if (codec === 'raw') return writeRaw(value);
  return { frames: 1, body: codec === 'json' ? writeJson(value) : encodeBody(value) };
}

/**
 * Writes a value that has to be one frame: a value of a stream.
 *
 * @throws MajordomoError UNENCODABLE, as `writeBody`, and for a list of several frames.
 */
export function writeFrame(codec: Codec, value: unknown): Bytes {
  const { frames, body } = writeBody(codec, value);
  if (frames === 1) return body;
  throw new MajordomoError('UNENCODABLE', `a value of a stream is one frame, this one has ${frames}`);
}

function writeJson(value: unknown): Bytes {
  return value === undefined ? NO_BYTES : Buffer.from(writeJsonText(value));
}

function writeRaw(value: unknown): Written {
  if (!Array.isArray(value)) return { frames: 1, body: frameOf(value) };
  const frames = value.map((frame, place) => frameOf(frame, place));
  if (frames.length < 2) return { frames: 1, body: frames[0] ?? NO_BYTES };
  return { frames: frames.length, body: encodeBody(frames) };
}

/** @param place in the list that it is of. */
function frameOf(value: unknown, place?: number): Bytes {
  if (value === undefined || value === null) return NO_BYTES;
  if (typeof value === 'string' && isWellFormed(value)) return Buffer.from(value);
  // A copy: whoever gave it may go on writing into it.
  if (isBytes(value)) return Buffer.from(bytesOfView(value));
  const at = place === undefined ? '' : `[${place}]`;
  const text = `this value cannot be sent${at === '' ? '' : ` at ${at}`}: a raw body is bytes or a well-formed string, or a list of them`;
  throw new MajordomoError('UNENCODABLE', text, { details: { path: at } });
}
