// A map from whole numbers that leaves no garbage behind: for tables through which every request passes.
//
// The built-in Map makes a new table whenever as many entries were deleted as fit into it, and the old table keeps hold of the new one
// and of all it held. Once one of them is old, the generational collector carries every request into old space through that chain:
// measured here, half of what was allocated survived, and collecting took a third of the broker's time (docs/adr/0010).
//
// B1. Open addressing with linear probing; the place of a key is its low bits, so that numbers which count up never meet.
// B2. Deleting moves later entries back: there are no tombstones, and nothing is left behind.
// B3. Keys that do not find a place within PROBES_MAX steps go to a built-in Map: a peer that picks its numbers gains nothing.

const CAPACITY_MIN = 16;
const PROBES_MAX = 32;
const EMPTY = -1;

export class NumberMap<T> {
  #keys: Float64Array = emptyKeys(CAPACITY_MIN);
  #values: (T | undefined)[] = emptyValues<T>(CAPACITY_MIN);
  #mask = CAPACITY_MIN - 1;
  #size = 0;
  /** Entries that are not in the place that their low bits name: none, as long as numbers count up. */
  #displaced = 0;
  #crowded: Map<number, T> | undefined;

  get size(): number {
    return this.#size + (this.#crowded?.size ?? 0);
  }

  get(key: number): T | undefined {
    const keys = this.#keys;
    const mask = this.#mask;
    let at = key & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const found = keys[at];
      if (found === key) return this.#values[at];
      if (found === EMPTY) break;
      at = (at + 1) & mask;
    }
    return this.#crowded?.get(key);
  }

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  /** @param key a whole number from 0 to 2^53 - 1. @param value not undefined. */
  set(key: number, value: T): void {
    if (this.#crowded?.has(key) === true) {
      this.#crowded.set(key, value);
      return;
    }
    if (this.#size * 2 > this.#mask) this.#grow();
    const keys = this.#keys;
    const mask = this.#mask;
    let at = key & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const found = keys[at];
      if (found === EMPTY) {
        keys[at] = key;
        this.#values[at] = value;
        this.#size += 1;
        if (probes > 0) this.#displaced += 1;
        return;
      }
      if (found === key) {
        this.#values[at] = value;
        return;
      }
      at = (at + 1) & mask;
    }
    (this.#crowded ??= new Map()).set(key, value);
  }

  /** @returns whether it was there. */
  delete(key: number): boolean {
    const keys = this.#keys;
    const mask = this.#mask;
    let at = key & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const found = keys[at];
      if (found === key) {
        this.#size -= 1;
        if (probes > 0) this.#displaced -= 1;
        this.#close(at);
        return true;
      }
      if (found === EMPTY) break;
      at = (at + 1) & mask;
    }
    return this.#crowded?.delete(key) ?? false;
  }

  clear(): void {
    this.#keys = emptyKeys(CAPACITY_MIN);
    this.#values = emptyValues<T>(CAPACITY_MIN);
    this.#mask = CAPACITY_MIN - 1;
    this.#size = 0;
    this.#displaced = 0;
    this.#crowded = undefined;
  }

  /** A copy, in no order: the map may be changed while it is walked through. */
  values(): T[] {
    const all: T[] = [];
    for (const value of this.#values) if (value !== undefined) all.push(value);
    if (this.#crowded !== undefined) all.push(...this.#crowded.values());
    return all;
  }

  /** A copy, in no order. */
  keys(): number[] {
    const all = Array.from(this.#keys.filter((key) => key !== EMPTY));
    if (this.#crowded !== undefined) all.push(...this.#crowded.keys());
    return all;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.values()[Symbol.iterator]();
  }

  /**
   * B2: the place is free; displaced entries behind it that would rather be here move up. None of them is further from where it
   * wants to be than PROBES_MAX.
   */
  #close(hole: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const mask = this.#mask;
    let free = hole;
    if (this.#displaced > 0) {
      for (let ahead = 1; ahead < PROBES_MAX; ahead++) {
        const at = (free + ahead) & mask;
        const key = keys[at] as number;
        if (key === EMPTY) break;
        const distance = (at - key) & mask;
        if (distance < ahead) continue;
        keys[free] = key;
        values[free] = values[at];
        if (distance === ahead) this.#displaced -= 1;
        free = at;
        ahead = 0;
      }
    }
    keys[free] = EMPTY;
    values[free] = undefined;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    const crowded = this.#crowded;
    const capacity = (this.#mask + 1) * 2;
    this.#keys = emptyKeys(capacity);
    this.#values = emptyValues<T>(capacity);
    this.#mask = capacity - 1;
    this.#size = 0;
    this.#displaced = 0;
    this.#crowded = undefined;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== EMPTY) this.set(keys[i] as number, values[i] as T);
      // The old table must not keep hold of anything.
      values[i] = undefined;
    }
    if (crowded !== undefined) for (const [key, value] of crowded) this.set(key, value);
  }
}

/** Off the heap: a table of a million is made in a millisecond, where filling a list took a tenth of a second. */
function emptyKeys(capacity: number): Float64Array {
  return new Float64Array(capacity).fill(EMPTY);
}

function emptyValues<T>(capacity: number): (T | undefined)[] {
  // oxlint-disable-next-line unicorn/no-new-array -- with its length from the beginning: growing step by step copies it again and again
  return new Array<T | undefined>(capacity);
}
