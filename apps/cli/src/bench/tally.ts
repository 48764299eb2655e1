// What became of the calls that count, and how fast calls went by.

import type { ErrorCode, MajordomoError } from '@majordomo/protocol';
import { Latencies } from './latencies.js';

/** How often calls ended with one error of the catalogue. */
export interface ErrorCount {
  readonly code: ErrorCode;
  readonly count: number;
  /** That of the first one. */
  readonly message: string;
}

export class Tally {
  /** Of the calls that were answered: an error that comes at once would make a service look fast. */
  readonly latencies = new Latencies();
  readonly #errors = new Map<ErrorCode, { code: ErrorCode; count: number; message: string }>();
  #delayed = 0;
  #failed = 0;
  #passed = 0;
  #passedWell = 0;
  /** Calls that were due and found no place before the end. */
  neverBegun = 0;

  get answered(): number {
    return this.latencies.count;
  }
  get failed(): number {
    return this.#failed;
  }
  /** Calls that were begun late, because all places were taken when they were due. */
  get delayed(): number {
    return this.#delayed;
  }
  /** Calls that ended in the measured time, whenever they were begun: for the rate. */
  get passed(): number {
    return this.#passed;
  }
  /** Those of them that were answered. */
  get passedWell(): number {
    return this.#passedWell;
  }
  /** The most frequent first. */
  get errors(): readonly ErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count);
  }

  answer(latencyMs: number): void {
    this.latencies.record(latencyMs);
  }

  fail({ code, message }: MajordomoError): void {
    this.#failed += 1;
    const known = this.#errors.get(code);
    if (known === undefined) this.#errors.set(code, { code, count: 1, message });
    else known.count += 1;
  }

  delay(): void {
    this.#delayed += 1;
  }

  pass(answered: boolean): void {
    this.#passed += 1;
    if (answered) this.#passedWell += 1;
  }
}
