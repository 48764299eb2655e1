// One process of a world: it has its own time and its own links, it can be stopped and continued, it dies and it is started again.
//
// P1. A start is a new instance. Nothing of the old one goes on, but what it had sent.

import { grained, ProcessClock } from './process-clock.js';
import type { Ear, Passing } from './tapped-port.js';
import type { Surroundings } from './surroundings.js';
import type { WireRecord } from '@majordomo/protocol';

export abstract class SimProcess implements Ear {
  clock: ProcessClock;
  /** Counts starts; the instance of this one is made of it. */
  starts = 0;
  isAlive = false;
  /** It dies at this many more steps; Infinity: not by itself. */
  stepsToLive = Infinity;
  #isStopped = false;
  #continuedAt = -1;
  #held: (() => void)[] = [];

  constructor(
    readonly world: Surroundings,
    readonly name: string,
    readonly number: number,
  ) {
    this.clock = this.#newClock();
  }

  get instance(): number {
    return this.number * 1_000 + this.starts;
  }
  /** Was it stopped until this very moment? */
  get wasStopped(): boolean {
    return this.world.clock.now() === this.#continuedAt;
  }
  get isRunning(): boolean {
    return this.isAlive && !this.#isStopped;
  }

  get alter(): ((passing: Passing, records: readonly WireRecord[]) => readonly WireRecord[]) | undefined {
    const { variant } = this.world;
    const alter = variant?.alter;
    return alter === undefined ? undefined : (passing, records) => alter(passing, records, this.world);
  }

  get judgesFirst(): boolean {
    return this.world.variant?.judgesFirst === true;
  }

  start(): void {
    if (this.isAlive) return;
    this.starts += 1;
    this.isAlive = true;
    this.stepsToLive = Infinity;
    this.#isStopped = false;
    this.#held = [];
    this.clock = this.#newClock();
    this.world.note(`${this.name} starts`);
    this.open();
  }

  /** Dies now, in the midst of whatever it does. */
  kill(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.clock.kill();
    this.world.note(`${this.name} dies: ${why}`);
    this.drop();
  }

  /** As SIGSTOP. */
  stop(): void {
    if (!this.isRunning) return;
    this.#isStopped = true;
    this.world.note(`${this.name} is stopped`);
    this.heldUp();
  }

  /** As SIGCONT: what was held is taken in its order. */
  continue(): void {
    if (!this.isAlive || !this.#isStopped) return;
    this.#isStopped = false;
    this.#continuedAt = this.world.clock.now();
    this.world.note(`${this.name} goes on`);
    for (const act of this.#held.splice(0)) this.gate(act);
  }

  gate(act: () => void): void {
    if (!this.isAlive) return;
    if (this.#isStopped) this.#held.push(act);
    else if (this.#step()) act();
  }

  sends(peer: string, frames: readonly Uint8Array[]): boolean {
    if (!this.#step()) return false;
    this.world.trace.message(this.name, peer, frames);
    return true;
  }

  /** @returns false when this was one step too many. */
  #step(): boolean {
    if (!this.isAlive) return false;
    this.world.steps += 1;
    this.stepsToLive -= 1;
    if (this.stepsToLive > 0) return true;
    this.kill('in the midst of a step');
    this.world.later(200, () => this.start());
    return false;
  }

  #newClock(): ProcessClock {
    const { world } = this;
    const drift = world.plan.drift * (2 * world.chance() - 1);
    return new ProcessClock(world.clock, {
      rate: 1 + grained(drift * 64) / 64,
      offsetMs: this.number * 1_000_000 + this.starts * 10_000,
      dateSkewMs: 0,
      gate: (act) => this.gate(act),
    });
  }

  /** Opens its links. */
  protected abstract open(): void;
  /** It was stopped. */
  protected heldUp(): void {}
  /** Its links are gone. */
  protected abstract drop(): void;
}
