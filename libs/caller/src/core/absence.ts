// What the brokers have said of a request whose service has no worker there: which are asked next, and which one it waits at.
//
// AC1. Each open broker is asked once. If one of them still awaits the service, the request waits at those in turn, until its deadline.
// AC2. What a broker said before it was started again does not count.
// AC3. Of several errors the one that can be retried is the caller's.

import type { MajordomoError, Milliseconds } from '@majordomo/protocol';
import type { Outlet } from './outlets.js';

interface Refusal {
  /** Of the broker that said so. */
  readonly instance: number;
  /** It would let the request wait for a while. */
  readonly isAwaited: boolean;
}

export class Absence {
  readonly #refusals = new Map<Outlet, Refusal>();
  /** The error of the caller, when no broker is left that could help. */
  error: MajordomoError;
  /** When the broker that has the request now was asked. */
  askedAt: Milliseconds = 0;

  constructor(error: MajordomoError) {
    this.error = error;
  }

  refused(outlet: Outlet, error: MajordomoError): void {
    const isAwaited = error.retryable && error.retryAfterMs === 0;
    this.#refusals.set(outlet, { instance: outlet.instance, isAwaited });
    if (error.retryable || !this.error.retryable) this.error = error;
  }

  /** Has this broker not been asked yet (AC2)? */
  isUnasked(outlet: Outlet): boolean {
    return this.#refusals.get(outlet)?.instance !== outlet.instance;
  }

  /** Does this broker still await the service? */
  isAwaited(outlet: Outlet): boolean {
    return this.#refusals.get(outlet)?.isAwaited === true;
  }
}
