// How often may we still ask again? Calls earn retries, retries spend them (the token bucket of Finagle and gRPC).

import { RETRY_BUDGET } from './limits.js';

/** What a budget is made of; see RETRY_BUDGET for the defaults. */
export interface RetryBudgetOptions {
  readonly start: number;
  readonly max: number;
  readonly perCall: number;
}

export class RetryBudget {
  readonly #max: number;
  readonly #perCall: number;
  #inHand: number;

  constructor(options: RetryBudgetOptions = RETRY_BUDGET) {
    this.#max = options.max;
    this.#perCall = options.perCall;
    this.#inHand = Math.min(options.start, options.max);
  }

  /** A new call was made. */
  earn(): void {
    this.#inHand = Math.min(this.#max, this.#inHand + this.#perCall);
  }

  /** Takes one retry. @returns false when there is none, and then nothing is taken. */
  spend(): boolean {
    // Ten times a tenth is a hair less than one.
    if (this.#inHand < 1 - 1e-9) return false;
    this.#inHand = Math.max(0, this.#inHand - 1);
    return true;
  }
}
