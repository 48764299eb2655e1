// MessagePack's timestamp extension: seconds and nanoseconds since 1970, in 4, 8 or 12 bytes.

const NANOS_PER_MS = 1_000_000;
const TWO_32 = 0x1_0000_0000;
const TWO_34 = 4 * TWO_32;

/** The content of the extension, in its shortest form. */
export function timestampBytes(ms: number): Uint8Array {
  const seconds = Math.floor(ms / 1_000);
  const nanos = (ms - seconds * 1_000) * NANOS_PER_MS;
  const length = seconds < 0 || seconds >= TWO_34 ? 12 : nanos === 0 && seconds < TWO_32 ? 4 : 8;
  const view = new DataView(new ArrayBuffer(length));
  if (length === 4) view.setUint32(0, seconds);
  else if (length === 8) {
    view.setUint32(0, nanos * 4 + Math.floor(seconds / TWO_32));
    view.setUint32(4, seconds % TWO_32);
  } else {
    view.setUint32(0, nanos);
    view.setInt32(4, Math.floor(seconds / TWO_32));
    view.setUint32(8, seconds - Math.floor(seconds / TWO_32) * TWO_32);
  }
  return new Uint8Array(view.buffer);
}

/** @returns ms since 1970; undefined when the content is no timestamp. Parts of a millisecond are cut off. */
export function msOf({ buffer, byteOffset, length }: Uint8Array): number | undefined {
  const view = new DataView(buffer, byteOffset, length);
  let seconds: number;
  let nanos = 0;
  if (length === 4) seconds = view.getUint32(0);
  else if (length === 8) {
    const high = view.getUint32(0);
    nanos = Math.floor(high / 4);
    seconds = (high % 4) * TWO_32 + view.getUint32(4);
  } else if (length === 12) {
    nanos = view.getUint32(0);
    seconds = view.getInt32(4) * TWO_32 + view.getUint32(8);
  } else return undefined;
  return nanos < 1_000 * NANOS_PER_MS ? seconds * 1_000 + Math.floor(nanos / NANOS_PER_MS) : undefined;
}
