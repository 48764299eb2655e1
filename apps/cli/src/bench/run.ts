// Plays a load: asks what it says is to be asked, when it says so, and tells it how each call ended.

import { isMajordomoError } from '@majordomo/protocol';
import type { Cancel, Clock } from '@majordomo/runtime';
import type { Call, Load } from './load.js';

/** Makes one call. `number` counts them all from 0, those of the warm-up included. Rejects with how it failed. */
export type Ask = (number: number) => Promise<unknown>;

export class Run {
  readonly #load: Load;
  readonly #clock: Clock;
  readonly #ask: Ask;
  #asked = 0;
  #wakeAt = Infinity;
  #cancel: Cancel | undefined;
  #end: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(load: Load, clock: Clock, ask: Ask) {
    this.#load = load;
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Settles when the load is over; rejects with what is no error of the catalogue, and then the load has been stopped. Once. */
  play(): Promise<void> {
    const end = new Promise<void>((resolve, reject) => (this.#end = { resolve, reject }));
    this.#pump();
    return end;
  }

  /** Somebody has had enough. */
  stop(): void {
    this.#load.stop(this.#clock.now());
    this.#pump();
  }

  #pump(): void {
    const load = this.#load;
    for (let call = load.take(this.#clock.now()); call !== undefined; call = load.take(this.#clock.now())) {
      this.#begin(call);
    }
    if (load.isOver) {
      this.#cancel?.();
      this.#end?.resolve();
    } else this.#wake(load.wakeAt());
  }

  #begin(call: Call): void {
    this.#ask(this.#asked++).then(
      () => this.#settle(call, undefined),
      (error: unknown) => this.#settle(call, error),
    );
  }

  #settle(call: Call, error: unknown): void {
    if (this.#load.isOver) return;
    if (error === undefined || isMajordomoError(error)) {
      this.#load.settle(call, error, this.#clock.now());
    } else {
      this.#end?.reject(error);
      this.#load.stop(this.#clock.now());
    }
    this.#pump();
  }

  /** One timer is enough: it is moved only when it would fire too late. */
  #wake(at: number): void {
    if (at >= this.#wakeAt) return;
    this.#cancel?.();
    this.#wakeAt = at;
    this.#cancel = this.#clock.setTimer(at - this.#clock.now(), () => {
      this.#wakeAt = Infinity;
      this.#pump();
    });
  }
}
