// What an idempotency key stands for, and when it is free for another request.
//
// Y1. A key stands for one request while that waits or runs, and for its outcome as long as the outcome is kept.
// Y2. An outcome with `ran: no` frees the key: nothing was done under it, and the next request may have another argument.
// Y3. When all callers of a call have given up (deadline, cancel, lost client), its run may go on. The key then stands for that run.
// Y4. A run of which all callers have given up frees the key when it is lost or ends because it was told to stop, unless its method
//     runs at most once.

import { Kind, type ErrorCode, type ErrorReply, type Final } from '@majordomo/protocol';
import type { Memory } from './memory.js';
import type { Lease, Request } from './state.js';

/** How a call ends of which its callers have given up; a worker that was told to stop says the first two. */
const GIVEN_UP: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['DEADLINE_EXCEEDED', 'CANCELLED', 'SESSION_LOST']);

/** The table key of an idempotency key. */
export function keyOf(service: string, key: string): string {
  return `${service}\n${key}`;
}

/** Its idempotency key may be used for something else, unless it is already. */
export function freeKey(memory: Memory, request: Request): void {
  if (request.key === '') return;
  const key = keyOf(request.service, request.key);
  if (memory.keyed.get(key) === request) memory.keyed.delete(key);
}

export function isKeyOf(memory: Memory, request: Request): boolean {
  return memory.keyed.get(keyOf(request.service, request.key)) === request;
}

/** Y2: does this outcome say that nothing was done? */
export function hasNotRun(reply: Final | ErrorReply): boolean {
  return reply.kind === Kind.error && reply.ran === 'no';
}

/** Is this the end of a run that was told to stop, and of nothing else? */
export function isStop(reply: Final | ErrorReply): boolean {
  return reply.kind === Kind.error && GIVEN_UP.has(reply.code);
}

/**
 * A request with a key was settled: what becomes of the key.
 *
 * @param lease what it was running under at that moment, if its worker has not said its last word.
 */
export function settleKey(memory: Memory, request: Request, reply: Final | ErrorReply, lease: Lease | undefined): void {
  if (hasNotRun(reply)) return freeKey(memory, request);
  // Y1. The outcome of a ticket is final.
  if (!isStop(reply) || request.durable !== undefined) return;
  const run = lease ?? request.run;
  if (run !== undefined) {
    // Y3
    request.run = run;
    run.awaitedBy = request;
  } else if (request.attempt === 0 || !request.runsOnce) freeKey(memory, request); // Y4
}
