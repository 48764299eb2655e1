// Runs of which all callers have given up, and who asks for the same under their idempotency key (keys.ts Y3, Y4).
//
// Z1. Who asks while such a run goes on waits for its end, as a request of its own with a deadline of its own.
// Z2. What the run ends with goes to who waits. If nobody does, it is kept for who asks later, within the dedupe window; those who had
//     given up keep the outcome that they were told.
// Z3. If the run is lost, or was stopped, who waits is handed out like a new request; not to a method that runs at most once.

import { Kind, Timer, type ErrorReply, type Final, type Milliseconds } from '@majordomo/protocol';
import { attributed } from './attribution.js';
import { finish } from './dispatch.js';
import { freeKey, hasNotRun, isKeyOf, isStop } from './keys.js';
import type { Memory } from './memory.js';
import { errorReply, keepForKey, unpark } from './outcomes.js';
import { endParking } from './places.js';
import { keepable, type Lease, type Request } from './state.js';

/** Z1: `request` waits for the run that `before` was about, and takes its place under the key. */
export function awaitRun(request: Request, before: Request): void {
  const run = before.run;
  if (run === undefined) return;
  before.run = undefined;
  run.awaitedBy = request;
  request.run = run;
  request.runsOnce = before.runsOnce;
  // No time is set: the end of the run ends the wait, or the deadline of the request.
  request.parked = new Timer(request, 'run');
  request.body = keepable(request.body);
  request.headers = keepable(request.headers);
}

/** How a run ended: with a word of its worker; by the worker's loss; by a lease that was given back before the handler was started. */
export type RunEnd = Final | ErrorReply | 'lost' | 'not-started';

/** A lease has ended: if somebody asks for its run under a key, this is the end of that run. */
export function endRun(memory: Memory, lease: Lease, end: RunEnd, now: Milliseconds): void {
  const request = lease.awaitedBy;
  if (request === undefined) return;
  lease.awaitedBy = undefined;
  request.run = undefined;
  const outcome = typeof end === 'string' || isStop(end) ? undefined : end;
  const hasBegun = typeof end === 'string' ? end === 'lost' : !hasNotRun(end);
  const mayRunAgain = !hasBegun || !request.runsOnce;
  if (!request.isSettled)
    settleWaiting(memory, request, outcome ?? (mayRunAgain ? undefined : runLost(request, lease)), now);
  else if (!isKeyOf(memory, request)) return;
  else if (outcome !== undefined && hasBegun) keepForKey(memory, request, outcome);
  else if (mayRunAgain) freeKey(memory, request);
}

/** Z2, Z3. */
function settleWaiting(
  memory: Memory,
  request: Request,
  outcome: Final | ErrorReply | undefined,
  now: Milliseconds,
): void {
  unpark(memory, request);
  if (outcome !== undefined) finish(memory, request, copyFor(request, outcome), now);
  else endParking(memory, request, now);
}

function runLost({ ref, history }: Request, lease: Lease): ErrorReply {
  const message = 'the run under this idempotency key was stopped or lost, and its method runs at most once';
  return errorReply(ref, attributed({ lease, history }, { code: 'WORKER_LOST', message }), 'unknown', 'running');
}

function copyFor({ ref }: Request, outcome: Final | ErrorReply): Final | ErrorReply {
  return outcome.kind === Kind.final ? { ...outcome, ref } : { ...outcome, ref, retry: false };
}
