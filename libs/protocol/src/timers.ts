// Many deadlines, most of which never come due: a hashed wheel in which setting and clearing cost the same few steps. What is due beyond this
// turn of it waits in a slower one, so that a million that are a day away cost nothing when somebody else is woken.
//
// K1. A timer fires at the first `expire(now)` with `now >= due`, once, and is then free to be set again.
// K2. `wakeAt` is never later than the earliest due timer; it may be earlier, and a wake that fires nothing costs little.
// K3. A timer that is cleared or moved while others fire does not fire on its old account, even if it was due with them.

import type { Milliseconds } from './machine.js';

const TICK_MS = 8;
/** 33 s for one turn of the wheel: the default deadline of a call fits, longer ones come in from the slow wheel. */
const SLOTS = 4096;
/** One for each turn of the fast wheel: 37 h for one turn of the slow one. What is due still later is looked at once in that time. */
const FAR_SLOTS = 4096;

/** Something with a due time. Objects that always have a deadline extend it; `purpose` tells several timers of one owner apart. */
export class Timer<Owner = unknown> {
  /** Infinity while it is not set. */
  due: Milliseconds = Infinity;
  /** The wheel's own. */
  after: Timer<Owner> | undefined = undefined;
  /** The wheel's own. */
  before: Timer<Owner> | undefined = undefined;
  /** The wheel's own. */
  slot = 0;

  constructor(
    readonly owner: Owner,
    readonly purpose: string,
  ) {}

  get isSet(): boolean {
    return this.due !== Infinity;
  }
}

export class TimerWheel<Owner = unknown> {
  /** The fast wheel, with what is due in its present turn, and behind it the slow one. */
  readonly #slots: (Timer<Owner> | undefined)[] = Array.from({ length: SLOTS + FAR_SLOTS }, () => undefined);
  /** How far it has been turned. */
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
    this.#link(timer);
    this.#size += 1;
    if (due < this.#wakeAt) this.#wakeAt = due;
  }

  /** Clears a timer; nothing happens when it is not set. */
  clear(timer: Timer<Owner>): void {
    if (!timer.isSet) return;
    this.#unlink(timer);
    timer.due = Infinity;
    this.#size -= 1;
    if (this.#size === 0) this.#wakeAt = Infinity;
  }

  #link(timer: Timer<Owner>): void {
    const tick = Math.max(Math.floor(timer.due / TICK_MS), this.#tick);
    const turn = turnOf(tick);
    const slot = turn === turnOf(this.#tick) ? tick % SLOTS : farSlot(turn);
    const head = this.#slots[slot];
    timer.slot = slot;
    timer.after = head;
    timer.before = undefined;
    if (head !== undefined) head.before = timer;
    this.#slots[slot] = timer;
  }

  #unlink(timer: Timer<Owner>): void {
    const { after, before } = timer;
    if (after !== undefined) after.before = before;
    if (before !== undefined) before.after = after;
    else this.#slots[timer.slot] = after;
    timer.after = undefined;
    timer.before = undefined;
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

  /** Turns the wheels to now. */
  #collect(now: Milliseconds): { timer: Timer<Owner>; due: Milliseconds }[] {
    const found: { timer: Timer<Owner>; due: Milliseconds }[] = [];
    const first = this.#tick;
    const last = Math.floor(now / TICK_MS);
    const turn = turnOf(first);
    const end = Math.min(last, (turn + 1) * SLOTS - 1);
    for (let tick = first; tick <= end; tick++) {
      for (let timer = this.#slots[tick % SLOTS]; timer !== undefined; timer = timer.after) {
        if (timer.due <= now) found.push({ timer, due: timer.due });
      }
    }
    this.#tick = last;
    const turns = Math.min(turnOf(last) - turn, FAR_SLOTS);
    for (let ago = 0; ago < turns; ago++) this.#comeIn(this.#slots[farSlot(turnOf(last) - ago)], now, found);
    return found;
  }

  /** A turn of the fast wheel has begun: what is due in it comes in from the slow one. */
  #comeIn(
    head: Timer<Owner> | undefined,
    now: Milliseconds,
    found: { timer: Timer<Owner>; due: Milliseconds }[],
  ): void {
    const turn = turnOf(this.#tick);
    for (let timer = head; timer !== undefined;) {
      const { after, due } = timer;
      if (due <= now) found.push({ timer, due });
      else if (turnOf(Math.floor(due / TICK_MS)) === turn) {
        this.#unlink(timer);
        this.#link(timer);
      }
      timer = after;
    }
  }

  /** The first slot ahead that holds anything: no timer is due before its slot begins. */
  #nextWake(now: Milliseconds): Milliseconds {
    if (this.#size === 0) return Infinity;
    const turn = turnOf(this.#tick);
    for (let tick = this.#tick; tick < (turn + 1) * SLOTS; tick++) {
      let timer = this.#slots[tick % SLOTS];
      if (timer === undefined) continue;
      let earliest = Infinity;
      for (; timer !== undefined; timer = timer.after) earliest = Math.min(earliest, timer.due);
      return Math.max(earliest, now);
    }
    let next = turn + 1;
    while (next < turn + FAR_SLOTS && this.#slots[farSlot(next)] === undefined) next += 1;
    return next * SLOTS * TICK_MS;
  }
}

/** The turn of the fast wheel in which a tick is. */
function turnOf(tick: number): number {
  return Math.floor(tick / SLOTS);
}

function farSlot(turn: number): number {
  return SLOTS + (turn % FAR_SLOTS);
}
