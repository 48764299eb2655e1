// Errors with the stack of the code that called: they are made when an answer comes, where nothing of the caller is left on the stack.
//
// S1. A call that succeeds pays nothing for it. The promise of one that fails is settled with a promise that rejects a little later: by then the
//     engine knows who awaits the answer, and the stack that is taken leads there.

import { isMajordomoError } from '@majordomo/protocol';

/**
 * A rejection to settle the promise of a caller with (S1).
 *
 * @returns a promise that rejects with the error, whose stack leads to whoever awaits the promise that was resolved with it.
 */
export async function failureAtCaller(error: unknown): Promise<never> {
  // Two turns of the microtask queue: the engine links the promises in the first one.
  await Promise.resolve();
  await Promise.resolve();
  throw restacked(error);
}

/** The error, with the stack of this moment. */
export function restacked(error: unknown): unknown {
  if (isMajordomoError(error)) Error.captureStackTrace(error, restacked);
  return error;
}

/** Remembers where it was made, for errors that come later, to whoever is there then. */
export class CallSite {
  declare readonly stack: string;

  /** @param from the frames down to this constructor are left out. */
  constructor(from: new (...args: never[]) => unknown) {
    Error.captureStackTrace(this, from);
  }

  /** Gives the error the stack of this place. */
  place(error: unknown): void {
    if (!isMajordomoError(error)) return;
    const frames = this.stack.slice(this.stack.indexOf('\n') + 1);
    error.stack = `${error.name}: ${error.message}\n${frames}`;
  }
}
