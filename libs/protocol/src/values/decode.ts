// MessagePack to values. It is strict: bytes are one value as docs/values.md has them, or a fault.
//
// R3. Total: whatever the bytes are, there is a value or UNDECODABLE, after time and memory in proportion to their length.
// R4. No object gets a prototype or a member called __proto__, and no two keys become one.
// R5. No code of users runs meanwhile: one decoder is enough.

import { VALUE_LIMITS } from '../limits.js';
import type { Bytes } from '../records.js';
import { Fault } from './byte-reader.js';
import { ExtensionReader } from './extension-reader.js';
import { Extension, Token } from './format.js';

/** Elements for which an array is made before they are read. */
const FORESEEN_MAX = 1_024;
const TWICE = 'two members of it have one name';

export class Decoder extends ExtensionReader {
  #depth = 0;

  /** @throws Fault; RangeError where the stack was nearly full before. */
  decode(bytes: Bytes): unknown {
    this.begin(bytes);
    this.#depth = 0;
    try {
      const value = this.#read();
      if (this.at !== this.end) throw new Fault(`${this.end - this.at} bytes follow the value`);
      return value;
    } finally {
      this.release();
    }
  }

  #read(): unknown {
    const token = this.readByte();
    if (token < Token.fixMap) return token;
    if (token === Token.uint8) return this.readByte();
    if (token === Token.uint16) return this.read16();
    if (token < Token.fixArray) return this.#readMap(token & 0x0f);
    if (token < Token.fixString) return this.#readArray(token & 0x0f);
    if (token < Token.nil) return this.readString(token & 0x1f);
    if (token >= Token.negative) return token - 0x100;
    if (token >= Token.uint8 && token <= Token.int64) return this.readInteger(token);
    return this.#readOther(token);
  }

  #readOther(token: number): unknown {
    switch (token) {
      case Token.nil:
        return null;
      case Token.no:
        return false;
      case Token.yes:
        return true;
      case Token.float32:
        return this.readFloat32();
      case Token.float64:
        return this.readFloat64();
      case Token.string8:
        return this.readString(this.readByte());
      case Token.string16:
        return this.readString(this.read16());
      case Token.string32:
        return this.readString(this.read32());
      case Token.array16:
        return this.#readArray(this.read16());
      case Token.array32:
        return this.#readArray(this.read32());
      case Token.map16:
        return this.#readMap(this.read16());
      case Token.map32:
        return this.#readMap(this.read32());
      default:
        return this.#readBinary(token);
    }
  }

  #readBinary(token: number): unknown {
    switch (token) {
      case Token.bin8:
        return this.readBytes(this.readByte());
      case Token.bin16:
        return this.readBytes(this.read16());
      case Token.bin32:
        return this.readBytes(this.read32());
      case Token.ext8:
        return this.#readExtension(this.readByte());
      case Token.ext16:
        return this.#readExtension(this.read16());
      case Token.ext32:
        return this.#readExtension(this.read32());
      case Token.fixExt1:
      case Token.fixExt2:
      case Token.fixExt4:
      case Token.fixExt8:
      case Token.fixExt16:
        return this.#readExtension(1 << (token - Token.fixExt1));
      default:
        throw new Fault(`no value begins with the byte ${token.toString(16)}`);
    }
  }

  /** R3. */
  #enter(): void {
    if (this.#depth === VALUE_LIMITS.depthMax) throw new Fault(`it is nested more than ${VALUE_LIMITS.depthMax} deep`);
    this.#depth += 1;
  }

  /** R3: what a length promises costs little until the elements come. */
  #readArray(length: number): unknown[] {
    this.#enter();
    // oxlint-disable-next-line unicorn/no-new-array -- an array that is made with its length is read in half the time
    const array: unknown[] = new Array<unknown>(Math.min(length, FORESEEN_MAX));
    for (let i = 0; i < length; i++) array[i] = this.#read();
    this.#depth -= 1;
    return array;
  }

  #readKey(): unknown {
    const token = this.bytes[this.at] as number;
    if (token < Token.fixString || token >= Token.nil || this.at >= this.end) return this.#read();
    this.at += 1;
    return this.readName(token & 0x1f);
  }

  /** An object; a Map when there are other keys than strings, as other languages have them. */
  #readMap(size: number): object {
    this.#enter();
    const object: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const key = this.#readKey();
      if (typeof key !== 'string') {
        const map = new Map(Object.entries(object));
        if (map.size !== i) throw new Fault(TWICE);
        this.#readEntry(map, key);
        return this.#readEntries(map, size);
      }
      if (key === '__proto__') throw new Fault('a member of it is called __proto__');
      object[key] = this.#read();
    }
    if (size > 1 && Object.keys(object).length !== size) throw new Fault(TWICE);
    this.#depth -= 1;
    return object;
  }

  #readEntries(map: Map<unknown, unknown>, size: number): Map<unknown, unknown> {
    for (let i = map.size; i < size; i++) this.#readEntry(map, this.#read());
    this.#depth -= 1;
    return map;
  }

  /** R4. */
  #readEntry(map: Map<unknown, unknown>, key: unknown): void {
    if (isObject(key)) throw new Fault('a key of a map in it is an object');
    if (map.has(key)) throw new Fault('two keys of a map in it are one');
    map.set(key, this.#read());
  }

  #readExtension(length: number): unknown {
    const type = this.readByte();
    if (type === Extension.map) return this.#readWithin(length, this.#readMapExtension);
    if (type === Extension.set) return this.#readWithin(length, this.#readSetExtension);
    return this.readScalar(type, length);
  }

  /** What is read ends where the extension does. */
  #readWithin<T>(length: number, read: () => T): T {
    const { end } = this;
    const at = this.take(length);
    this.at = at;
    this.end = at + length;
    const value = read();
    if (this.at !== this.end) throw new Fault('an extension in it is longer than what it says');
    this.end = end;
    return value;
  }

  readonly #readMapExtension = (): Map<unknown, unknown> => {
    const token = this.readByte();
    const isSmall = token >= Token.fixMap && token < Token.fixArray;
    if (!isSmall && token !== Token.map16 && token !== Token.map32) throw new Fault('a Map in it has no entries');
    this.#enter();
    return this.#readEntries(new Map(), isSmall ? token & 0x0f : token === Token.map16 ? this.read16() : this.read32());
  };

  readonly #readSetExtension = (): Set<unknown> => {
    const members = this.#read();
    if (!Array.isArray(members)) throw new Fault('a Set in it has no members');
    const set = new Set<unknown>(members);
    if (members.some(isObject)) throw new Fault('a member of a Set in it is an object');
    if (set.size !== members.length) throw new Fault('two members of a Set in it are one');
    return set;
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
