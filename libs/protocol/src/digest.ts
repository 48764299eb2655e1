// Are these the same bytes as before? A 53-bit digest, to notice that one request id was used for two different bodies.

/** Longer bodies are judged by their length and this much of either end: 2 µs at most, whatever the size. */
const SAMPLE_BYTES = 4096;

/**
 * A digest for noticing mistakes, not for keeping out forgers.
 *
 * @returns an integer from 0 to 2^53 - 1. Bodies over 8 KiB that differ only in their middle have the same one.
 */
export function digestOf(bytes: Uint8Array): number {
  const { length } = bytes;
  low = 0x811c9dc5 ^ length;
  high = 0x9e3779b9 + length;
  if (length <= 2 * SAMPLE_BYTES) mix(bytes, 0, length);
  else {
    mix(bytes, 0, SAMPLE_BYTES);
    mix(bytes, length - SAMPLE_BYTES, length);
  }
  return mixed();
}

/**
 * A checksum over every byte, for noticing damage.
 *
 * @returns an integer from 0 to 2^53 - 1.
 */
export function checksumOf(bytes: Uint8Array): number {
  low = 0x811c9dc5 ^ bytes.length;
  high = 0x9e3779b9 + bytes.length;
  mix(bytes, 0, bytes.length);
  return mixed();
}

/** The lanes, once more stirred, as one number. */
function mixed(): number {
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  high = Math.imul(high ^ (high >>> 15), 0xc2b2ae35);
  low ^= low >>> 13;
  high ^= high >>> 16;
  return (high & 0x1f_ffff) * 0x1_0000_0000 + (low >>> 0);
}

let low = 0;
let high = 0;

/** Two lanes, four bytes at a step: FNV-1a over words in one, a rotating multiply in the other. */
function mix(bytes: Uint8Array, start: number, stop: number): void {
  let a = low;
  let b = high;
  let i = start;
  for (; i + 4 <= stop; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul((b << 13) | (b >>> 19), 0x85ebca6b) ^ word;
  }
  for (; i < stop; i++) {
    a = Math.imul(a ^ (bytes[i] as number), 0x01000193);
    b = Math.imul((b << 13) | (b >>> 19), 0x85ebca6b) ^ (bytes[i] as number);
  }
  low = a;
  high = b;
}
