// Where the reader stands in a message, and the numbers, texts and bytes that it reads there.
//
// The state is the module's: decoding is synchronous and never nested, and locals of one module are what makes it fast. The first
// problem is remembered and ends the message; what is read after it counts for nothing.

import { WIRE_LIMITS } from '../limits.js';
import { NO_BYTES, type Bytes } from '../records.js';
import { BODY_IS_FRAME } from './layout.js';

/** What can be wrong with a message (docs/protocol.md, section 8). */
export type FaultName =
  | 'NOT_NATIVE'
  | 'WRONG_VERSION'
  | 'EMPTY_BATCH'
  | 'TRUNCATED_RECORD'
  | 'BAD_LENGTH'
  | 'UNKNOWN_KIND'
  | 'UNKNOWN_FLAG'
  | 'NUMBER_OUT_OF_RANGE'
  | 'BAD_TEXT'
  | 'TOO_LARGE'
  | 'TOO_MANY_RECORDS'
  | 'TOO_MANY_FRAMES'
  | 'BODY_FRAME_MISSING'
  | 'BODY_FRAME_SPARE';

let bytes: Buffer;
/** The memory of `bytes`, and where it begins there: a view of it costs half of what a subarray of a Buffer does. */
let memory: ArrayBufferLike;
let base = 0;
let at = 0;
let end = 0;
let problem: FaultName | undefined;
let messageFrames: readonly Uint8Array[];
let nextFrame = 1;

export function fail(fault: FaultName): undefined {
  problem ??= fault;
  return undefined;
}

export function u8(): number {
  return bytes[at++] as number;
}
export function u16(): number {
  const value = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  at += 2;
  return value;
}
export function u32(): number {
  const value =
    (bytes[at] as number) * 0x100_0000 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  at += 4;
  return value;
}
export function u53(): number {
  const high = u32();
  const low = u32();
  if (high > 0x1f_ffff) fail('NUMBER_OUT_OF_RANGE');
  return high * 0x1_0000_0000 + low;
}
/** A time in ms, within what a timer holds. */
export function timeMs(): number {
  const value = u32();
  if (value > WIRE_LIMITS.timeMaxMs) fail('NUMBER_OUT_OF_RANGE');
  return value;
}
/** A time in ms of something that is stored. */
export function storedTimeMs(): number {
  const value = u53();
  if (value > WIRE_LIMITS.storedTimeMaxMs) fail('NUMBER_OUT_OF_RANGE');
  return value;
}
export function pick<T>(list: readonly T[]): T {
  const value = list[u8()];
  if (value === undefined) fail('NUMBER_OUT_OF_RANGE');
  return value as T;
}

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(start: number, stop: number): string {
  let ascii = true;
  for (let i = start; i < stop; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) ascii = false;
    else if (byte < 0x20 || byte === 0x7f) {
      fail('BAD_TEXT');
      return '';
    }
  }
  if (ascii) return bytes.toString('latin1', start, stop);
  try {
    return TEXT.decode(bytes.subarray(start, stop));
  } catch {
    fail('BAD_TEXT');
    return '';
  }
}
export function text(): string {
  if (at >= end) {
    fail('BAD_LENGTH');
    return '';
  }
  const length = u8();
  if (length === 0) return '';
  if (at + length > end) {
    fail('BAD_LENGTH');
    return '';
  }
  const value = textOf(at, at + length);
  at += length;
  return value;
}
export function headers(): Bytes {
  const length = u32();
  if (length === 0) return NO_BYTES;
  if (length > WIRE_LIMITS.headersBytesMax) {
    fail('TOO_LARGE');
    return NO_BYTES;
  }
  if (at + length > end) {
    fail('BAD_LENGTH');
    return NO_BYTES;
  }
  const value = new Uint8Array(memory, base + at, length);
  at += length;
  return value;
}
export function body(flags: number): Bytes {
  if ((flags & BODY_IS_FRAME) !== 0) {
    const frame = messageFrames[nextFrame++];
    if (frame === undefined) fail('BODY_FRAME_MISSING');
    return frame ?? NO_BYTES;
  }
  if (at === end) return NO_BYTES;
  const value = new Uint8Array(memory, base + at, end - at);
  at = end;
  return value;
}

/** Are the fixed fields there, and no flag that the kind does not know? */
export function fits(fixedBytes: number, flags: number, known: number): boolean {
  if (at + fixedBytes > end) fail('BAD_LENGTH');
  if ((flags & ~known) !== 0) fail('UNKNOWN_FLAG');
  return problem === undefined;
}

/** Begins a message whose batch starts at this byte. */
export function open(frames: readonly Uint8Array[], batch: Buffer, start: number): void {
  bytes = batch;
  memory = batch.buffer;
  base = batch.byteOffset;
  at = start;
  problem = undefined;
  messageFrames = frames;
  nextFrame = 1;
}

/** The byte at which the reader stands. */
export function position(): number {
  return at;
}

/** Says where the current record ends. */
export function limitTo(stop: number): void {
  end = stop;
}

/** Are there so many bytes left in the current record? */
export function has(count: number): boolean {
  return at + count <= end;
}

/** The rest of the current record as text. */
export function restAsText(bytesMax: number): string {
  if (end - at > bytesMax) {
    fail('TOO_LARGE');
    return '';
  }
  const value = textOf(at, end);
  at = end;
  return value;
}

/** The first problem of this message, if there is one. */
export function problemSoFar(): FaultName | undefined {
  return problem;
}

/** How many body frames the records have taken. */
export function framesTaken(): number {
  return nextFrame - 1;
}
