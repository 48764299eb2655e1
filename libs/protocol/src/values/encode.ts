// Values to MessagePack in one pass, which checks what it writes.
//
// N1. Each value is written as docs/values.md says, or refused with its path. Nothing is left out but members that are undefined.
// N2. What user code throws meanwhile, in a getter, a toJSON or a Proxy, is a refusal too.
// N3. User code may encode meanwhile: `isBusy` says that it needs an encoder of its own.

import { isMajordomoError } from '../errors.js';
import { VALUE_LIMITS } from '../limits.js';
import type { Bytes } from '../records.js';
import { ExtensionWriter } from './extension-writer.js';
import { Extension, Token } from './format.js';
import { kindOf, nameOfTypedArray } from './kinds.js';
import type { Step } from './path.js';
import { BAD_LENGTH, BAD_NAME, HALF_PAIR, reasonAgainst, Refusal, unencodable } from './refusals.js';

const NOTHING = Object.freeze({});

export class Encoder extends ExtensionWriter {
  isBusy = false;
  /** What leads to the value that is being written: one step and one parent for each level. */
  readonly #path: Step[] = [];
  readonly #parents: object[] = [];
  #depth = 0;

  /** @throws MajordomoError UNENCODABLE with `details.path`; MESSAGE_TOO_LARGE. */
  encode(value: unknown): Bytes {
    this.isBusy = true;
    this.#depth = 0;
    try {
      this.begin();
      this.#write(value);
      return this.finish();
    } catch (thrown) {
      if (isMajordomoError(thrown, 'MESSAGE_TOO_LARGE')) throw thrown;
      throw unencodable(thrown, this.#path.splice(0, this.#depth), this.#parents.splice(0, this.#depth)); // N2
    } finally {
      this.isBusy = false;
    }
  }

  #write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        if (!this.writeString(value)) throw new Refusal(HALF_PAIR);
        return;
      case 'number':
        if (value >>> 0 === value && value < 0x80 && (value !== 0 || 1 / value > 0)) return this.writeByte(value);
        return this.writeNumber(value);
      case 'object':
        return value === null ? this.writeByte(Token.nil) : this.#writeObject(value, true);
      case 'boolean':
        return this.writeByte(value ? Token.yes : Token.no);
      case 'undefined':
        return this.writeUndefined();
      case 'bigint':
        return this.writeBigInt(value);
      default:
        throw new Refusal(reasonAgainst(value));
    }
  }

  #writeObject(value: object, asksToJson: boolean): void {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Array.prototype && Array.isArray(value)) return this.#writeArray(value);
    const kind = kindOf(value, prototype);
    switch (kind) {
      case 'array':
        return this.#writeArray(value as unknown[]);
      case 'bytes':
        return this.writeBin(value as Uint8Array);
      case 'date':
        return this.writeDate(Date.prototype.getTime.call(value));
      case 'map':
        return this.#writeMap(value as Map<unknown, unknown>);
      case 'set':
        return this.#writeSet(value as Set<unknown>);
      case 'typedArray':
        return this.writeTyped(value as ArrayBufferView, nameOfTypedArray(value));
      case 'arrayBuffer':
      case 'dataView':
        return this.writeTyped(value as DataView, undefined);
      default:
    }
    const toJson = asksToJson ? toJsonOf(value) : undefined;
    if (toJson !== undefined) this.#writeJson(toJson.call(value, ''));
    else if (kind === 'other' || (kind === 'instance' && Object.keys(value).length === 0))
      throw new Refusal(reasonAgainst(value));
    else this.#writeMembers(value);
  }

  /** What toJSON returned is asked no further, as in JSON.stringify. */
  #writeJson(json: unknown): void {
    if (json === undefined) throw new Refusal('its toJSON() returns undefined');
    if (typeof json === 'object' && json !== null) this.#writeObject(json, false);
    else this.#write(json);
  }

  /** Goes one level down. @returns the place in `#path` for the steps of this level. */
  #enter(value: object): number {
    const level = this.#depth;
    if (level === VALUE_LIMITS.depthMax) throw new Refusal(`it is nested more than ${VALUE_LIMITS.depthMax} deep`);
    this.#parents[level] = value;
    this.#depth = level + 1;
    return level;
  }

  /** Back to this level. Nothing of the value is kept. */
  #leave(level: number): void {
    this.#parents[level] = NOTHING;
    this.#depth = level;
  }

  #writeMembers(value: object): void {
    const names = Object.keys(value);
    const level = this.#enter(value);
    const head = this.#reserveMap(names.length);
    let count = 0;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      this.#path[level] = name;
      const member = (value as Record<string, unknown>)[name];
      if (member === undefined) continue;
      if (name === '__proto__' || !this.writeString(name)) throw new Refusal(BAD_NAME);
      this.#write(member);
      count += 1;
    }
    this.#sayCount(head, count, names.length);
    this.#leave(level);
  }

  /** Members that are undefined are left out: how many there are is known when they are written. */
  #reserveMap(countMax: number): number {
    const head = this.at - this.start;
    const bytes = countMax < 0x10 ? 1 : countMax < 0x1_0000 ? 3 : 5;
    this.room(bytes);
    this.at += bytes;
    return head;
  }

  #sayCount(head: number, count: number, countMax: number): void {
    const at = this.start + head;
    if (countMax < 0x10) this.bytes[at] = Token.fixMap | count;
    else if (countMax < 0x1_0000) {
      this.bytes[at] = Token.map16;
      this.view.setUint16(at + 1, count);
    } else {
      this.bytes[at] = Token.map32;
      this.view.setUint32(at + 1, count);
    }
  }

  #writeArray(value: readonly unknown[]): void {
    const { length } = value;
    if (length >>> 0 !== length) throw new Refusal(BAD_LENGTH);
    const level = this.#enter(value);
    this.#writeArrayHead(length);
    for (let i = 0; i < length; i++) {
      this.#path[level] = i;
      const element = value[i];
      if (element === undefined && !Object.hasOwn(value, i)) throw new Refusal('it is a hole in its array');
      this.#write(element);
    }
    this.#leave(level);
  }

  #writeArrayHead(length: number): void {
    if (length < 0x10) this.writeByte(Token.fixArray | length);
    else this.writeLength(length, 0, Token.array16, Token.array32);
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>): void {
    const entries = entriesOf(map);
    const level = this.#enter(map);
    const extension = this.beginExtension(Extension.map);
    const head = this.#reserveMap(entries.length);
    for (const [place, [key, value]] of entries.entries()) {
      this.#path[level] = { in: 'key', place };
      this.#writeKey(key);
      this.#path[level] = { in: 'value', key };
      this.#write(value);
    }
    this.#sayCount(head, entries.length, entries.length);
    this.endExtension(extension);
    this.#leave(level);
    refuseMembers(map);
  }

  #writeSet(set: ReadonlySet<unknown>): void {
    const members: unknown[] = [];
    Set.prototype.forEach.call(set, (member) => members.push(member));
    const level = this.#enter(set);
    const extension = this.beginExtension(Extension.set);
    this.#writeArrayHead(members.length);
    for (const [place, member] of members.entries()) {
      this.#path[level] = { in: 'member', place };
      this.#writeKey(member);
    }
    this.endExtension(extension);
    this.#leave(level);
    refuseMembers(set);
  }

  /** Two objects are two keys though they say the same; what arrived of them would not be. */
  #writeKey(key: unknown): void {
    if (typeof key === 'object' && key !== null)
      throw new Refusal('a key of a Map or member of a Set cannot be an object');
    this.#write(key);
  }
}

/** What the value says of itself; not what a subclass of Date or Buffer has inherited. */
function toJsonOf(value: object): ((key: string) => unknown) | undefined {
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== 'function' || toJSON === Date.prototype.toJSON || toJSON === Buffer.prototype.toJSON)
    return undefined;
  return toJSON as (key: string) => unknown;
}

function entriesOf(map: ReadonlyMap<unknown, unknown>): [unknown, unknown][] {
  const entries: [unknown, unknown][] = [];
  Map.prototype.forEach.call(map, (value, key) => entries.push([key, value]));
  return entries;
}

function refuseMembers(value: object): void {
  if (Object.keys(value).length > 0) throw new Refusal('it has members of its own, which would not arrive');
}
