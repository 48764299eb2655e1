// Errors with the stack of the code that called: they are made when an answer comes, where nothing of the caller is left on the stack.
//
// S1. A call that succeeds pays for one await. When it fails, its stack is taken where the caller is resumed: there the engine knows who awaits.

import { isMajordomoError } from '@majordomo/protocol';

/** @returns a promise for the same; its errors have the stack of whoever awaits it (S1). */
export async function atCaller<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw restacked(error);
  }
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
