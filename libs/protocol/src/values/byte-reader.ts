// Reads MessagePack's numbers, strings and bytes, and never past the end.
//
// R1. A length that leads past the end is a fault before anything is allocated by it.
// R2. A string is as it was written or a fault: nothing is put in the place of what is not UTF-8.

import { NO_BYTES, type Bytes } from '../records.js';
import { keptBytes } from './binary.js';
import { Token } from './format.js';
import { SHORT_LENGTH_MAX, shortText, ShortNames } from './short-strings.js';

const TWO_32 = 0x1_0000_0000;
/** The high half of an integer of 64 bits that is beyond what a number holds. */
const HIGH_END = 0x20_0000;
const REPLACEMENT = '\u{fffd}';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NOTHING = Buffer.from(NO_BYTES);

/** What is wrong with the bytes. */
export class Fault extends Error {}

export class ByteReader {
  protected bytes: Buffer = NOTHING;
  protected at = 0;
  protected end = 0;
  readonly #names = new ShortNames();

  protected begin(bytes: Bytes): void {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
    this.end = bytes.length;
  }

  /** What has been read is not kept alive. */
  protected release(): void {
    this.bytes = NOTHING;
  }

  /** R1. @returns where they begin. */
  protected take(count: number): number {
    const { at } = this;
    if (count > this.end - at) throw new Fault('it ends too early');
    this.at = at + count;
    return at;
  }

  protected readByte(): number {
    const { at } = this;
    if (at >= this.end) throw new Fault('it ends too early');
    this.at = at + 1;
    return this.bytes[at] as number;
  }

  protected read16(): number {
    const at = this.take(2);
    const { bytes } = this;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  protected read32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  protected readFloat32(): number {
    return this.bytes.readFloatBE(this.take(4));
  }

  protected readFloat64(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  protected readInteger(token: number): number | bigint {
    switch (token) {
      case Token.uint8:
        return this.readByte();
      case Token.uint16:
        return this.read16();
      case Token.uint32:
        return this.read32();
      case Token.uint64:
        return this.#read64(false);
      case Token.int8:
        return this.#readSigned(1);
      case Token.int16:
        return this.#readSigned(2);
      case Token.int32:
        return this.#readSigned(4);
      default:
        return this.#read64(true);
    }
  }

  #readSigned(bytes: 1 | 2 | 4): number {
    const at = this.take(bytes);
    return bytes === 1
      ? this.bytes.readInt8(at)
      : bytes === 2
        ? this.bytes.readInt16BE(at)
        : this.bytes.readInt32BE(at);
  }

  /** A number up to 2^53, a BigInt beyond it. */
  #read64(isSigned: boolean): number | bigint {
    const at = this.take(8);
    const high = isSigned ? this.bytes.readInt32BE(at) : this.bytes.readUInt32BE(at);
    const low = this.bytes.readUInt32BE(at + 4);
    if (high < HIGH_END ? high >= -HIGH_END : high === HIGH_END && low === 0) return high * TWO_32 + low;
    return isSigned ? this.bytes.readBigInt64BE(at) : this.bytes.readBigUInt64BE(at);
  }

  /** As the application may keep them. */
  protected readBytes(length: number): Buffer {
    const at = this.take(length);
    return keptBytes(this.bytes.subarray(at, at + length));
  }

  /** Valid until the next body is read. */
  protected viewBytes(length: number): Bytes {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** R2. */
  protected readString(length: number): string {
    const at = this.take(length);
    const short = length > SHORT_LENGTH_MAX ? undefined : shortText(this.bytes, at, length);
    return short ?? this.#decode(at, length);
  }

  /** As `readString`, of a member's name. */
  protected readName(length: number): string {
    const at = this.take(length);
    const short = length > SHORT_LENGTH_MAX ? undefined : this.#names.read(this.bytes, at, length);
    return short ?? this.#decode(at, length);
  }

  #decode(at: number, length: number): string {
    const text = this.bytes.toString('utf8', at, at + length);
    // It stands for what could not be read, or was written: then the slow way says which.
    return text.includes(REPLACEMENT) ? strictText(this.bytes.subarray(at, at + length)) : text;
  }
}

function strictText(bytes: Bytes): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new Fault('a string in it is not UTF-8');
  }
}
