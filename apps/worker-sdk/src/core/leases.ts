// Which brokers have a claim on a run, and how each is told the last word.
//
// W1. One last word per lease: FINAL, ERROR or RELEASE. With it the lease is over on our side.
// W2. A word is kept until it is taken (`Side.said`), so that a drain knows what is still under way.
// W3. A handler at work without any lease is counted: its slot is one that no broker may fill (`ServiceState.unleased`).

import { ERRORS, Kind, NO_BYTES, encodeErrorBody } from '@majordomo/protocol';
import type { Bytes, CancelReason, ErrorCode, Milliseconds, Ran } from '@majordomo/protocol';
import type { Memory } from './memory.js';
import { Lease, type Failure, type Outcome, type Run, type Side } from './state.js';

/** Gives a run one more lease; an older one from the same broker is dropped without a word, as is one with the same number. */
export function bind(memory: Memory, run: Run, side: Side, number: number): Lease {
  const older = run.leaseOn(side);
  if (older !== undefined) unbind(memory, older);
  const twin = side.leases.get(number);
  if (twin !== undefined) unbind(memory, twin);
  if (run.leases === undefined && run.isAtWork) countUnleased(memory, run, -1);
  const lease = new Lease(number, side, run);
  lease.next = run.leases;
  run.leases = lease;
  run.via = side;
  side.leases.set(number, lease);
  return lease;
}

/** Ends a lease without a word. */
export function unbind(memory: Memory, lease: Lease): void {
  const run = lease.run;
  lease.side.leases.delete(lease.number);
  if (run.leases === lease) run.leases = lease.next;
  else {
    let before = run.leases;
    while (before !== undefined && before.next !== lease) before = before.next;
    if (before !== undefined) before.next = lease.next;
  }
  if (run.leases === undefined && run.isAtWork) countUnleased(memory, run, 1);
}

/** W3. */
export function countUnleased(memory: Memory, run: Run, more: number): void {
  run.service.unleased += more;
  memory.creditStale = true;
}

/** Says the outcome under one lease (W1). */
export function say(memory: Memory, lease: Lease, outcome: Outcome, now: Milliseconds): void {
  const { side, number, run } = lease;
  unbind(memory, lease);
  side.said(run);
  if (outcome.body.length > side.bodyBytesMax) {
    const message = `the reply has ${outcome.body.length} bytes, the broker takes ${side.bodyBytesMax}: raise messageBytesMax of the broker`;
    sendError(memory, side, number, problem('REPLY_UNSENDABLE', 'yes', message, handlerOf(memory, run)), now);
  } else if (outcome.failure !== undefined) sendError(memory, side, number, outcome, now);
  else {
    const { end, count, headers, body } = outcome;
    memory.send(side, { kind: Kind.final, ref: number, end, count, headers, body }, now);
  }
}

/** Says the outcome under every lease. */
export function sayToAll(memory: Memory, run: Run, outcome: Outcome, now: Milliseconds): void {
  for (let lease = run.leases; lease !== undefined; lease = run.leases) say(memory, lease, outcome, now);
}

/** Gives a lease back. `ran: no` promises that the handler was not started for it. */
export function release(memory: Memory, lease: Lease, ran: Ran, now: Milliseconds): void {
  unbind(memory, lease);
  refuseWithRelease(memory, lease.side, lease.number, ran, now);
}

/** Gives back a lease that was never bound to a run. */
export function refuseWithRelease(memory: Memory, side: Side, ref: number, ran: Ran, now: Milliseconds): void {
  memory.counters.released += 1;
  side.said(undefined);
  memory.send(side, { kind: Kind.release, ref, ran }, now);
}

/** Answers a lease that was never bound to a run. */
export function refuse(memory: Memory, side: Side, ref: number, outcome: Outcome, now: Milliseconds): void {
  side.said(undefined);
  sendError(memory, side, ref, outcome, now);
}

/** Details of an error: this worker and the attempt, for the caller's `error.request` (docs/protocol.md W71). */
export interface Handler {
  readonly handledBy: { readonly worker: string; readonly attempt: number };
}

export function handlerOf({ identity: worker }: Memory, { attempt }: Pick<Run, 'attempt'>): Handler {
  return { handledBy: { worker, attempt } };
}

/** An outcome of the worker's own making, not the handler's. */
export function problem(code: ErrorCode, ran: Ran, message: string, handler: Handler): Outcome {
  return failed({ code, ran, retry: false, retryAfterMs: 0 }, encodeErrorBody({ message, details: { ...handler } }));
}

export function failed(failure: Failure, body: Bytes): Outcome {
  return { failure, end: false, count: 0, headers: NO_BYTES, body };
}

/** How a run that was told to stop is said to have ended. */
export function stopped(reason: CancelReason, ran: Ran, handler: Handler): Outcome {
  if (reason === 'deadline') return problem('DEADLINE_EXCEEDED', ran, 'the deadline passed at the worker', handler);
  if (reason === 'execution-timeout')
    return problem('EXECUTION_TIMEOUT', ran, 'the broker ended the execution', handler);
  return problem('CANCELLED', ran, `the request was stopped: ${reason}`, handler);
}

function sendError(memory: Memory, side: Side, ref: number, outcome: Outcome, now: Milliseconds): void {
  const failure = outcome.failure;
  const code = failure?.code ?? 'INTERNAL';
  memory.send(
    side,
    {
      kind: Kind.error,
      ref,
      code,
      ran: failure?.ran ?? ERRORS[code].ran,
      stage: failure?.ran === 'no' ? 'dispatched' : 'running',
      retryAfterMs: failure?.retryAfterMs ?? 0,
      retry: failure?.retry ?? false,
      body: outcome.body,
    },
    now,
  );
}
