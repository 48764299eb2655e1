// What an error of the broker says about the last attempt at its request: the worker that had it, and its number.

import type { Attempt } from './attempt.js';
import type { Refusal } from './memory.js';
import type { Lease, Request } from './state.js';

/** The error with the last attempt at the request, where a worker has had it: for `error.request` of the caller (docs/protocol.md W71). */
export function attributed<R extends Refusal>(request: Pick<Request, 'lease' | 'history'>, refusal: R): R {
  const { lease, history } = request;
  const last = lease === undefined ? history?.at(-1) : attemptOf(lease);
  if (last === undefined) return refusal;
  const { worker, attempt } = last;
  return { ...refusal, details: { ...refusal.details, handledBy: { worker, attempt } } };
}

function attemptOf({ attempt, session }: Lease): Pick<Attempt, 'attempt' | 'worker'> {
  return { attempt, worker: session.identity };
}
