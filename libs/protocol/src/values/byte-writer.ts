// Writes MessagePack's numbers, strings and lengths into memory of its own.
//
// Y1. The memory is zeroed when it is allocated and each byte of it is written once: nothing that was in it before can be sent.
// Y2. What `finish` returns ends with the last byte that was written.
// Y3. An integer takes the shortest form; safe integers are integers, whatever their size, and -0 is a float.

import { MajordomoError } from '../errors.js';
import { WIRE_LIMITS } from '../limits.js';
import type { Bytes } from '../records.js';
import { isWellFormed } from '../text.js';
import { Token } from './format.js';
import { lengthOfBytes } from './kinds.js';

/** Small bodies share one piece of memory of this size, as small Buffers do in Node.js. */
const CHUNK_BYTES = 8 * 1024;
/** Less than this is left over rather than filled. */
const LEFT_OVER_BYTES = 256;
/** Up to here a loop is faster than the call that writes a string. */
const LOOP_LENGTH_MAX = 40;
const TWO_32 = 0x1_0000_0000;

export class ByteWriter {
  protected bytes: Buffer = Buffer.alloc(CHUNK_BYTES);
  protected view: DataView = viewOf(this.bytes);
  protected at = 0;
  /** Where in `bytes` the value begins that is being written. */
  protected start = 0;

  protected begin(): void {
    if (this.bytes.length !== CHUNK_BYTES || this.bytes.length - this.at < LEFT_OVER_BYTES)
      this.#use(Buffer.alloc(CHUNK_BYTES), 0);
    this.start = this.at;
  }

  /** Y2 */
  protected finish(): Bytes {
    return Buffer.from(this.bytes.buffer, this.start, this.at - this.start);
  }

  /** Room for this many bytes more. */
  protected room(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const written = this.at - this.start;
    const needed = written + bytes;
    if (needed > WIRE_LIMITS.messageBytesCap) {
      throw new MajordomoError('MESSAGE_TOO_LARGE', `this value takes more than ${WIRE_LIMITS.messageBytesCap} bytes`);
    }
    // One large part takes what it needs; many small ones are not copied again and again.
    const larger = Buffer.alloc(bytes > written ? needed + LEFT_OVER_BYTES : Math.ceil(needed * 1.5));
    this.bytes.copy(larger, 0, this.start, this.at);
    this.start = 0;
    this.#use(larger, written);
  }

  #use(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.at = at;
  }

  protected writeByte(byte: number): void {
    this.room(1);
    this.bytes[this.at++] = byte;
  }

  /** Y3 */
  protected writeNumber(value: number): void {
    this.room(9);
    const { bytes } = this;
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) bytes[this.at++] = value;
      else if (value < 0x100) {
        bytes[this.at++] = Token.uint8;
        bytes[this.at++] = value;
      } else if (value < 0x1_0000) {
        bytes[this.at++] = Token.uint16;
        bytes[this.at++] = value >> 8;
        bytes[this.at++] = value;
      } else this.#put32(Token.uint32, value);
    } else if (value >> 0 === value && value < 0) {
      this.#writeNegative(value);
    } else if (Number.isSafeInteger(value) && value !== 0) {
      const high = Math.floor(value / TWO_32);
      bytes[this.at] = value < 0 ? Token.int64 : Token.uint64;
      this.view.setInt32(this.at + 1, high);
      this.view.setUint32(this.at + 5, value - high * TWO_32);
      this.at += 9;
    } else {
      bytes[this.at] = Token.float64;
      this.view.setFloat64(this.at + 1, value);
      this.at += 9;
    }
  }

  #writeNegative(value: number): void {
    const { bytes } = this;
    if (value >= -0x20) {
      bytes[this.at++] = value;
    } else if (value >= -0x80) {
      bytes[this.at++] = Token.int8;
      bytes[this.at++] = value;
    } else if (value >= -0x8000) {
      bytes[this.at++] = Token.int16;
      bytes[this.at++] = value >> 8;
      bytes[this.at++] = value;
    } else this.#put32(Token.int32, value);
  }

  #put32(token: number, value: number): void {
    this.bytes[this.at] = token;
    this.view.setInt32(this.at + 1, value);
    this.at += 5;
  }

  /** @returns false, with nothing written, when the string is not well-formed: it has half of a surrogate pair. */
  protected writeString(text: string): boolean {
    const { length } = text;
    if (length > LOOP_LENGTH_MAX) return this.#writeLong(text);
    this.room(2 + 3 * length);
    const { bytes } = this;
    const start = this.at + (length < 0x20 ? 1 : 2);
    let at = start;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#writeLong(text);
      bytes[at++] = unit;
    }
    if (length < 0x20) bytes[this.at] = Token.fixString | length;
    else {
      bytes[this.at] = Token.string8;
      bytes[this.at + 1] = length;
    }
    this.at = at;
    return true;
  }

  #writeLong(text: string): boolean {
    const { length } = text;
    this.room(5 + 3 * length);
    const guess = stringHead(length);
    const written = this.bytes.write(text, this.at + guess);
    // As many bytes as units are ASCII.
    if (written !== length && !isWellFormed(text)) return false;
    const head = stringHead(written);
    // The length in bytes is known when they are written, and may take a longer head.
    if (head > guess) this.bytes.copyWithin(this.at + head, this.at + guess, this.at + guess + written);
    this.#writeStringHead(written);
    this.at += written;
    return true;
  }

  #writeStringHead(length: number): void {
    if (length < 0x20) this.bytes[this.at++] = Token.fixString | length;
    else this.writeLength(length, Token.string8, Token.string16, Token.string32);
  }

  /** A length in its shortest form behind the first byte that belongs to it; `token8` 0: there is no form of one byte. */
  protected writeLength(length: number, token8: number, token16: number, token32: number): void {
    this.room(5);
    const { bytes } = this;
    if (length < 0x100 && token8 !== 0) {
      bytes[this.at++] = token8;
      bytes[this.at++] = length;
    } else if (length < 0x1_0000) {
      bytes[this.at++] = token16;
      bytes[this.at++] = length >> 8;
      bytes[this.at++] = length;
    } else this.#put32(token32, length);
  }

  protected writeBytes(bytes: Bytes): void {
    const length = lengthOfBytes(bytes);
    this.room(length);
    this.bytes.set(bytes, this.at);
    this.at += length;
  }
}

function stringHead(length: number): number {
  return length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
