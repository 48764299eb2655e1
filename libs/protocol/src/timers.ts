// Many deadlines, most of which never come due: a hashed wheel in which setting and clearing cost the same few steps.
//
// K1. A timer fires at the first `expire(now)` with `now >= due`, once, and is then free to be set again.
// K2. `wakeAt` is never later than the earliest due timer; it may be earlier, and a wake that fires nothing costs little.
// K3. A timer that is cleared or moved while others fire does not fire on its old account, even if it was due with them.

import type { Milliseconds } from './machine.js';

const TICK_MS = 8;
/** 33 s for one turn of the wheel: the default deadline of a call fits, longer ones are looked at once a turn. */
const SLOTS = 4096;

/** Something with a due time. Objects that always have a deadline extend it; `purpose` tells several timers of one owner apart. */
export class Timer<Owner = unknown> {
  /** Infinity while it is not set. */
  due: Milliseconds = Infinity;
  /** The wheel's own. */
  after: Timer<Owner> | undefined = undefined;
  /** The wheel's own. */
  before: Timer<Owner> | undefined = undefined;

  constructor(
    readonly owner: Owner,
    readonly purpose: string,
  ) {}

  get isSet(): boolean {
    return this.due !== Infinity;
  }
}

export class TimerWheel<Owner = unknown> {
  readonly #slots: (Timer<Owner> | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  #tick = 0;
  #wakeAt: Milliseconds = Infinity;
  #size = 0;

  /** Timers that are set. */
  get size(): number {
    return this.#size;
  }

  wakeAt(): Milliseconds {
    return this.#wakeAt;
  }

  /** Sets or moves a timer. A due time in the past fires at the next `expire`. */
  set(timer: Timer<Owner>, due: Milliseconds, now: Milliseconds): void {
    if (timer.isSet) this.clear(timer);
    if (this.#size === 0) this.#tick = Math.floor(now / TICK_MS);
    timer.due = due;
    const slot = Math.max(Math.floor(due / TICK_MS), this.#tick) % SLOTS;
    const head = this.#slots[slot];
    timer.after = head;
    timer.before = undefined;
    if (head !== undefined) head.before = timer;
    this.#slots[slot] = timer;
    this.#size += 1;
    if (due < this.#wakeAt) this.#wakeAt = due;
  }

  /** Clears a timer; nothing happens when it is not set. */
  clear(timer: Timer<Owner>): void {
    if (!timer.isSet) return;
    const { after, before } = timer;
    if (after !== undefined) after.before = before;
    if (before !== undefined) before.after = after;
    else this.#unhead(timer);
    timer.after = undefined;
    timer.before = undefined;
    timer.due = Infinity;
    this.#size -= 1;
    if (this.#size === 0) this.#wakeAt = Infinity;
  }

  /** The head of a slot leaves it: by its due time, or at the tick where a late one was put. */
  #unhead(timer: Timer<Owner>): void {
    const slot = Math.floor(timer.due / TICK_MS) % SLOTS;
    if (this.#slots[slot] === timer) {
      this.#slots[slot] = timer.after;
      return;
    }
    const late = this.#slots.indexOf(timer);
    this.#slots[late] = timer.after;
  }

  /** Takes out every timer that is due, in the order of their due times, and hands it to `fire`, which may set and clear timers (K3). */
  expire(now: Milliseconds, fire: (timer: Timer<Owner>) => void): void {
    if (now < this.#wakeAt) return;
    const found = this.#collect(now);
    found.sort((a, b) => a.due - b.due);
    for (const { timer, due } of found) {
      if (timer.due !== due) continue;
      this.clear(timer);
      fire(timer);
    }
    this.#wakeAt = this.#nextWake(now);
  }

  #collect(now: Milliseconds): { timer: Timer<Owner>; due: Milliseconds }[] {
    const found: { timer: Timer<Owner>; due: Milliseconds }[] = [];
    const last = Math.floor(now / TICK_MS);
    const first = Math.max(this.#tick, last - SLOTS + 1);
    for (let tick = first; tick <= last && found.length < this.#size; tick++) {
      for (let timer = this.#slots[tick % SLOTS]; timer !== undefined; timer = timer.after) {
        if (timer.due <= now) found.push({ timer, due: timer.due });
      }
    }
    this.#tick = last;
    return found;
  }

  /** The first slot ahead that holds anything: no timer is due before its slot begins. */
  #nextWake(now: Milliseconds): Milliseconds {
    if (this.#size === 0) return Infinity;
    for (let ahead = 0; ahead < SLOTS; ahead++) {
      let timer = this.#slots[(this.#tick + ahead) % SLOTS];
      if (timer === undefined) continue;
      const turnEnd = (this.#tick + SLOTS) * TICK_MS;
      let earliest = Infinity;
      for (; timer !== undefined; timer = timer.after) earliest = Math.min(earliest, timer.due);
      if (earliest < turnEnd) return Math.max(earliest, now);
    }
    return (this.#tick + SLOTS) * TICK_MS;
  }
}
