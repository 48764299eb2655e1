// One attempt at a request that has ended: what the history of a dead letter is made of.

import type { Milliseconds } from '@majordomo/protocol';

/** One ended attempt, for the history of a dead letter. */
export interface Attempt {
  readonly attempt: number;
  readonly worker: string;
  readonly instance: number;
  readonly ended: string;
  readonly at: Milliseconds;
  /** What its worker answered, if it did. */
  readonly error?: { readonly code: string; readonly message: string };
}
