// Copies what of a value can travel, within bounds, and never throws: for the data of errors, which must not make telling of them fail.
//
// Q1. What cannot travel is left out of objects and is null in arrays, and `isWhole` says that something was left out. Nothing is shortened.
// Q2. The bounds hold for the copy as a whole: bytes, members, depth.

import { isError, member, readThrown } from './thrown.js';

/** What stands in the copy for a bigint or for something with a class, and about how many bytes it takes; undefined when nothing can. */
export type LeafCopy = (value: unknown) => { readonly copy: unknown; readonly bytes: number } | undefined;

/** Bounds of one copy. */
export interface CopyBounds {
  readonly bytesMax: number;
  readonly membersMax: number;
  readonly depthMax: number;
}

/** @returns the copy, undefined where nothing of the value can travel, and whether all of it is there. */
export function plainCopy(value: unknown, bounds: CopyBounds, leaf: LeafCopy): { copy: unknown; isWhole: boolean } {
  const copier = new Copier(bounds, leaf);
  const copy = copier.copy(value);
  return { copy, isWhole: copier.isWhole };
}

class Copier {
  isWhole = true;
  #bytesLeft: number;
  #membersLeft: number;
  #depthLeft: number;
  readonly #leaf: LeafCopy;
  /** The objects that are being copied: one of them inside itself is a circle. */
  readonly #above = new Set<object>();

  constructor({ bytesMax, membersMax, depthMax }: CopyBounds, leaf: LeafCopy) {
    this.#leaf = leaf;
    this.#bytesLeft = bytesMax;
    this.#membersLeft = membersMax;
    this.#depthLeft = depthMax;
  }

  copy(value: unknown): unknown {
    if (value === null || value === undefined || typeof value === 'boolean') return value;
    switch (typeof value) {
      case 'number':
        return this.#spend(9) ? value : this.#leaveOut();
      case 'string':
        return isWellFormed(value) && this.#spend(5 + Buffer.byteLength(value)) ? value : this.#leaveOut();
      case 'object':
        return this.#copyObject(value);
      default:
        return this.#copyLeaf(value);
    }
  }

  #copyObject(value: object): unknown {
    if (this.#above.has(value) || this.#depthLeft === 0) return this.#leaveOut();
    this.#above.add(value);
    this.#depthLeft -= 1;
    try {
      if (isError(value)) return this.#copyError(value);
      if (Array.isArray(value)) return this.#copyArray(value);
      return isPlain(value) ? this.#copyMembers(value) : this.#copyInstance(value);
    } catch {
      // A proxy whose traps throw, or one that was revoked.
      return this.#leaveOut();
    } finally {
      this.#above.delete(value);
      this.#depthLeft += 1;
    }
  }

  #copyError(value: object): unknown {
    const { name, message, code } = readThrown(value);
    return this.#copyMembers({ name, message, ...(code === undefined ? {} : { code }) });
  }

  #copyArray(values: readonly unknown[]): unknown[] {
    const copies: unknown[] = [];
    for (let i = 0; i < values.length; i++) {
      if (!this.#spendMember(1)) break;
      copies.push(this.copy(member(values, i)) ?? null);
    }
    return copies;
  }

  #copyMembers(value: object): Record<string, unknown> {
    const copies: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      // B4 of body.ts.
      if (key === '__proto__' || !isWellFormed(key)) this.isWhole = false;
      else if (!this.#spendMember(5 + Buffer.byteLength(key))) break;
      else this.#copyMember(value, key, copies);
    }
    return copies;
  }

  #copyMember(value: object, key: string, copies: Record<string, unknown>): void {
    try {
      const copy = this.copy(Reflect.get(value, key));
      if (copy !== undefined) copies[key] = copy;
    } catch {
      this.isWhole = false;
    }
  }

  /** Something with a class: the leaf's word on it, else its members. */
  #copyInstance(value: object): unknown {
    const found = this.#leaf(value);
    if (found !== undefined) return this.#spend(found.bytes) ? found.copy : this.#leaveOut();
    this.isWhole = false;
    return Object.prototype.toString.call(value) === '[object Object]' ? this.#copyMembers(value) : undefined;
  }

  /** Bigints; functions and symbols cannot travel. */
  #copyLeaf(value: unknown): unknown {
    const found = this.#leaf(value);
    return found !== undefined && this.#spend(found.bytes) ? found.copy : this.#leaveOut();
  }

  #leaveOut(): undefined {
    this.isWhole = false;
    return undefined;
  }

  #spendMember(bytes: number): boolean {
    if (this.#membersLeft === 0) this.isWhole = false;
    else if (this.#spend(bytes)) {
      this.#membersLeft -= 1;
      return true;
    } else this.isWhole = false;
    return false;
  }

  #spend(bytes: number): boolean {
    if (bytes > this.#bytesLeft) return false;
    this.#bytesLeft -= bytes;
    return true;
  }
}

/** Made by braces, in this realm or another. */
function isPlain(value: object): boolean {
  if (Object.prototype.toString.call(value) !== '[object Object]') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null);
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
