// Every run that is in hand or remembered, by request id: the instance that asked, and its number for the request.
//
// U1. A request is here once: as a run, or as the number of its entry in the archive.

import { NumberMap } from '@majordomo/protocol';
import type { Run } from './state.js';

export class RunTable {
  readonly #byInstance = new Map<number, NumberMap<Run | number>>();
  /** The instance asked for last and its runs: with few clients, one look-up instead of two. */
  #instance = -1;
  #runs: NumberMap<Run | number> | undefined = undefined;

  /** The run, or the number of its entry in the archive. */
  get(instance: number, request: number): Run | number | undefined {
    return this.#of(instance)?.get(request);
  }

  /** The run has gone into the archive, under this number. */
  archived(run: Run, number: number): void {
    const runs = this.#of(run.instance);
    if (runs?.get(run.request) === run) runs.set(run.request, number);
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
    this.#remove(run.instance, run.request, run);
  }

  /** The archive has let go of this entry. */
  evicted(instance: number, request: number, number: number): void {
    this.#remove(instance, request, number);
  }

  /** Those that are not in the archive. */
  *[Symbol.iterator](): IterableIterator<Run> {
    for (const runs of this.#byInstance.values()) {
      for (const run of runs.values()) if (typeof run !== 'number') yield run;
    }
  }

  #remove(instance: number, request: number, what: Run | number): void {
    const runs = this.#of(instance);
    if (runs === undefined || runs.get(request) !== what) return;
    runs.delete(request);
    if (runs.size > 0) return;
    this.#byInstance.delete(instance);
    this.#runs = undefined;
  }

  #of(instance: number): NumberMap<Run | number> | undefined {
    if (instance !== this.#instance) {
      this.#instance = instance;
      this.#runs = this.#byInstance.get(instance);
    }
    return this.#runs;
  }
}
