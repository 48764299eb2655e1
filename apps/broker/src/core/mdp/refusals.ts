// How plain Majordomo workers are refused: with DISCONNECT and a report, and slower when the same mistake is repeated.
//
// A worker that gets DISCONNECT comes back at once with READY, as the specification says. One that is refused for good would do so thousands of
// times a second; a worker that waits for its DISCONNECT does not.
//
// R1. The first refusals of a connection are answered at once; after that there is one DISCONNECT per pause, at its end.
// R2. The same for one mistake, over all connections: a worker may come back on a new one. What a restarted broker does not know is no mistake.
// R3. What a worker sends on a connection whose DISCONNECT waits is ignored, also READY: it will say that again.

import { Allowance, setBounded, type LinkId, type Milliseconds } from '@majordomo/protocol';
import type { Manner } from './dialect.js';

/** Milliseconds until a DISCONNECT that is held back is sent: shorter than the patience of workers, which is 7.5 s as a rule. */
const PAUSE_MS = 1_000;
/** R1: a worker that makes a few different mistakes in a row is answered at once. */
const PER_LINK_MAX = 8;
/** R2: a fleet that starts with the same mistake sees it at once. */
const PER_MISTAKE_MAX = 20;
/** Connections and mistakes that are remembered, about 100 bytes each; past it the oldest is forgotten and starts anew. */
const LINKS_MAX = 10_000;
const MISTAKES_MAX = 256;
/** DISCONNECTs that wait; past it the oldest is not sent, and its worker comes back when it has heard nothing for long enough. */
const WAITING_MAX = 10_000;

interface Waiting {
  readonly at: Milliseconds;
  readonly manner: Manner;
}

export class Refusals {
  readonly #byLink = new Map<LinkId, Allowance>();
  readonly #byMistake = new Map<string, Allowance>();
  /** In the order in which they are due: all wait for the same time. */
  readonly #waiting = new Map<LinkId, Waiting>();
  /** When the next DISCONNECT is due. */
  dueAt: Milliseconds = Infinity;

  /**
   * A worker is to get DISCONNECT.
   *
   * @param mistake which one, where peers can repeat it on new connections (R2); '' where that is no mistake.
   * @returns whether it gets it now; otherwise it comes with `takeDue`.
   */
  refuse(link: LinkId, manner: Manner, mistake: string, now: Milliseconds): boolean {
    if (this.isPaused(link)) return false;
    const isAllowed = this.#take(this.#byLink, link, LINKS_MAX, PER_LINK_MAX, now);
    const isNew = mistake === '' || this.#take(this.#byMistake, mistake, MISTAKES_MAX, PER_MISTAKE_MAX, now);
    if (isAllowed && isNew) return true;
    setBounded(this.#waiting, link, { at: now + PAUSE_MS, manner }, WAITING_MAX);
    this.#look();
    return false;
  }

  #take<Key>(known: Map<Key, Allowance>, key: Key, keysMax: number, most: number, now: Milliseconds): boolean {
    let allowance = known.get(key);
    if (allowance === undefined) {
      allowance = new Allowance(most, PAUSE_MS, now);
      setBounded(known, key, allowance, keysMax);
    }
    return allowance.take(now);
  }

  /** R3. */
  isPaused(link: LinkId): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(link);
  }

  /** @returns a connection whose DISCONNECT is due; undefined when there is none. */
  takeDue(now: Milliseconds): { readonly link: LinkId; readonly manner: Manner } | undefined {
    for (const [link, { at, manner }] of this.#waiting) {
      if (at > now) return undefined;
      this.#waiting.delete(link);
      // It counts: R1.
      this.#byLink.get(link)?.take(now);
      this.#look();
      return { link, manner };
    }
    return undefined;
  }

  gone(link: LinkId): void {
    this.#byLink.delete(link);
    if (this.#waiting.delete(link)) this.#look();
  }

  #look(): void {
    this.dueAt = Infinity;
    for (const { at } of this.#waiting.values()) {
      this.dueAt = at;
      return;
    }
  }
}
