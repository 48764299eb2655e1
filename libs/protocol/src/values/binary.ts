// Bytes and typed arrays, out of a value and out of a message.
//
// X1. What is taken out of a message is a view of it only when it is at least half of the memory that it keeps alive.
// X2. Typed arrays travel little-endian, whatever the machine.

import type { Bytes } from '../records.js';
import { ARRAY_BUFFER_KIND, DATA_VIEW_KIND } from './format.js';
import { bytesOfView } from './kinds.js';

/** Bytes as the application may keep them (X1). They are a view when they are large: do not write to them. */
export function keptBytes(bytes: Bytes): Buffer {
  return keptFrom(bytes, 0);
}

/** The same, of the content that begins at `start`. */
export function keptFrom(bytes: Bytes, start: number): Buffer {
  const length = bytes.length - start;
  if (length * 2 >= bytes.buffer.byteLength) return Buffer.from(bytes.buffer, bytes.byteOffset + start, length);
  const copy = Buffer.allocUnsafe(length);
  copy.set(start === 0 ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + start, length));
  return copy;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The content of a typed array, an ArrayBuffer or a DataView (X2). A view where it can be. */
export function contentOf(value: ArrayBufferView | ArrayBuffer, elementBytes: number): Bytes {
  const bytes = ArrayBuffer.isView(value) ? bytesOfView(value) : new Uint8Array(value);
  return isLittleEndian || elementBytes === 1 ? bytes : swapped(bytes, elementBytes);
}

/** In the order of ARRAY_KINDS. */
const CONSTRUCTORS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** @returns what `content` of this kind says, in memory of its own; undefined when it cannot be. */
export function arrayOf(kind: number, content: Bytes): ArrayBufferView | ArrayBuffer | undefined {
  const memory = new Uint8Array(content);
  if (kind === ARRAY_BUFFER_KIND) return memory.buffer;
  if (kind === DATA_VIEW_KIND) return new DataView(memory.buffer);
  const constructor = CONSTRUCTORS[kind];
  if (constructor === undefined || content.length % constructor.BYTES_PER_ELEMENT !== 0) return undefined;
  const { BYTES_PER_ELEMENT: elementBytes } = constructor;
  const ordered = isLittleEndian || elementBytes === 1 ? memory : swapped(memory, elementBytes);
  return new constructor(ordered.buffer);
}

function swapped(bytes: Bytes, elementBytes: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  for (let start = 0; start < copy.length; start += elementBytes) copy.subarray(start, start + elementBytes).reverse();
  return copy;
}
