// Every run that is in hand or remembered, by request id: the instance that asked, and its number for the request.

import { NumberMap } from '@majordomo/protocol';
import type { Run } from './state.js';

export class RunTable {
  readonly #byInstance = new Map<number, NumberMap<Run>>();
  /** The instance asked for last and its runs: with few clients, one look-up instead of two. */
  #instance = -1;
  #runs: NumberMap<Run> | undefined = undefined;

  get(instance: number, request: number): Run | undefined {
    return this.#of(instance)?.get(request);
  }

  /** Enters a run; one with the same id makes way for it. */
  set(run: Run): void {
    let runs = this.#of(run.instance);
    if (runs === undefined) {
      runs = new NumberMap();
      this.#byInstance.set(run.instance, runs);
      this.#runs = runs;
    }
    runs.set(run.request, run);
  }

  /** Takes a run out, unless another one with its id has taken its place. */
  delete(run: Run): void {
    const runs = this.#of(run.instance);
    if (runs === undefined || runs.get(run.request) !== run) return;
    runs.delete(run.request);
    if (runs.size > 0) return;
    this.#byInstance.delete(run.instance);
    this.#runs = undefined;
  }

  *[Symbol.iterator](): IterableIterator<Run> {
    for (const runs of this.#byInstance.values()) yield* runs.values();
  }

  #of(instance: number): NumberMap<Run> | undefined {
    if (instance !== this.#instance) {
      this.#instance = instance;
      this.#runs = this.#byInstance.get(instance);
    }
    return this.#runs;
  }
}
