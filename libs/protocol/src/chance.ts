// Random numbers that come in: a machine is given a seed and draws from it, so that the same seed gives the same run.

/** Numbers in [0, 1), by mulberry32 (public domain, Tommy Ettinger): good enough for jitter and dice, not for secrets. */
export class Chance {
  #state: number;

  /** @param seed any number; its lower 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** Exponential backoff with full jitter: anything from 0 to `baseMs` doubled `attempt` times, at most `capMs`. */
  backoffMs(attempt: number, baseMs: number, capMs: number): number {
    return this.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  }
}
