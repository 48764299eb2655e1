// Writes the kinds that are one value each and not plain: bytes, dates, big integers, typed arrays, undefined.

import type { Bytes } from '../records.js';
import { bytesOfBigInt } from './bigint.js';
import { contentOf } from './binary.js';
import { ByteWriter } from './byte-writer.js';
import { ARRAY_BUFFER_KIND, ARRAY_KINDS, DATA_VIEW_KIND, Extension, Token } from './format.js';
import { lengthOfBytes } from './kinds.js';
import { Refusal } from './refusals.js';
import { timestampBytes } from './timestamp.js';

const TWO_53 = 2n ** 53n;
const INT_64_MIN = -(2n ** 63n);
const UINT_64_END = 2n ** 64n;
const HEAD_BYTES = 6;
const ZERO = new Uint8Array(1);

const FIXED_TOKENS: Readonly<Record<number, number>> = {
  1: Token.fixExt1,
  2: Token.fixExt2,
  4: Token.fixExt4,
  8: Token.fixExt8,
  16: Token.fixExt16,
};

export class ExtensionWriter extends ByteWriter {
  protected writeUndefined(): void {
    this.#writeExtension(Extension.undefined, ZERO);
  }

  protected writeBin(bytes: Bytes): void {
    this.writeLength(lengthOfBytes(bytes), Token.bin8, Token.bin16, Token.bin32);
    this.writeBytes(bytes);
  }

  protected writeDate(ms: number): void {
    if (Number.isNaN(ms)) throw new Refusal('the Date is invalid');
    this.#writeExtension(Extension.timestamp, timestampBytes(ms));
  }

  /** Where 64 bits do, they are what other languages read; an integer that is safe as a number would be read as one. */
  protected writeBigInt(value: bigint): void {
    const isSafe = value <= TWO_53 && value >= -TWO_53;
    if (isSafe || value < INT_64_MIN || value >= UINT_64_END) {
      this.#writeExtension(Extension.bigint, bytesOfBigInt(value));
      return;
    }
    this.room(9);
    this.bytes[this.at] = value < 0n ? Token.int64 : Token.uint64;
    this.view.setBigUint64(this.at + 1, BigInt.asUintN(64, value));
    this.at += 9;
  }

  /** @param name of a typed array; `ArrayBuffer` and `DataView` are none. */
  protected writeTyped(value: ArrayBufferView | ArrayBuffer, name: string | undefined): void {
    const place = (ARRAY_KINDS as readonly (string | undefined)[]).indexOf(name);
    if (name !== undefined && place < 0) throw new Refusal(`${name} cannot be sent`);
    const kind = name !== undefined ? place : ArrayBuffer.isView(value) ? DATA_VIEW_KIND : ARRAY_BUFFER_KIND;
    const content = contentOf(value, (value as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1);
    this.#writeExtensionHead(Extension.typedArray, content.length + 1);
    this.writeByte(kind);
    this.writeBytes(content);
  }

  #writeExtension(type: number, content: Bytes): void {
    this.#writeExtensionHead(type, content.length);
    this.writeBytes(content);
  }

  #writeExtensionHead(type: number, length: number): void {
    const fixed = FIXED_TOKENS[length];
    if (fixed === undefined) this.writeLength(length, Token.ext8, Token.ext16, Token.ext32);
    else this.writeByte(fixed);
    this.writeByte(type);
  }

  /** An extension whose length is known when its content is written. @returns what `endExtension` needs. */
  protected beginExtension(type: number): number {
    this.room(HEAD_BYTES);
    const head = this.at - this.start;
    this.bytes[this.at] = Token.ext32;
    this.bytes[this.at + HEAD_BYTES - 1] = type;
    this.at += HEAD_BYTES;
    return head;
  }

  protected endExtension(head: number): void {
    const at = this.start + head;
    this.view.setUint32(at + 1, this.at - at - HEAD_BYTES);
  }
}
