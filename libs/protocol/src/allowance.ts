// How often something may happen: so many times at once, then once per interval (a token bucket).

import type { Milliseconds } from './machine.js';

export class Allowance {
  #left: number;
  #countedAt: Milliseconds;

  /** @param most how often at once. @param refillMs after so long it may happen once more. */
  constructor(
    readonly most: number,
    readonly refillMs: number,
    now: Milliseconds,
  ) {
    this.#left = most;
    this.#countedAt = now;
  }

  /** @returns whether it may happen now; then it counts. */
  take(now: Milliseconds): boolean {
    const refilled = Math.floor((now - this.#countedAt) / this.refillMs);
    this.#left = Math.min(this.most, this.#left + refilled);
    this.#countedAt += refilled * this.refillMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}

/** Adds to a map, and removes its oldest entry when there are more than so many. */
export function setBounded<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
