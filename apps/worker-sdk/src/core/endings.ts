// How a run ends: by its handler's word, by a limit, by its caller, or because nobody asks for it any more.
//
// E1. Every lease gets exactly one last word (leases.ts W1).
// E2. A run that was told to stop may still succeed, and then its value is said; any failure of it is the stop's doing.
// E3. An outcome is remembered, so that the same request is not run again; not one that asks to be tried again, nor one of
//     a run that was stopped although its client may still be waiting.
//     A handler that ended before it was told to stop has done its work: its outcome counts as if nobody had stopped it.
// E4. One lease's cancelling stops the handler only when no other broker has a claim on the run.

import type { CancelReason, Milliseconds } from '@majordomo/protocol';
import { handlerOf, problem, say, sayToAll, stopped, unbind } from './leases.js';
import type { Memory } from './memory.js';
import type { Lease, Outcome, Run } from './state.js';
import { admit, vacate } from './slots.js';
import { pump } from './streaming.js';
import { awaitEnd } from './stuck.js';

/** The handler has ended with this outcome. A run whose end is known already stays as it is. */
export function finish(memory: Memory, run: Run, outcome: Outcome, now: Milliseconds): void {
  if (!run.isAtWork) return;
  run.letGo();
  vacate(memory, run, now);
  if (outcome.failure === undefined) memory.counters.succeeded += 1;
  else memory.counters.failed += 1;
  if (run.state === 'overrun') retire(memory, run, now);
  else {
    // E3: but for a request that was handed out again meanwhile, which waits for this run to be over.
    if (!run.knowsStop && run.successor === undefined) run.aborted = undefined;
    conclude(memory, run, finalOutcome(memory, run, outcome), now);
  }
  const successor = run.successor;
  run.successor = undefined;
  if (successor !== undefined && successor.state === 'waiting') admit(memory, successor, now);
}

/** E2. */
function finalOutcome(memory: Memory, run: Run, outcome: Outcome): Outcome {
  if (run.aborted === undefined) return outcome;
  if (outcome.failure === undefined && (run.flow === undefined || isSent(run))) return outcome;
  return stopped(run.aborted, 'yes', handlerOf(memory, run));
}

function isSent(run: Run): boolean {
  const made = run.flow === undefined ? 0 : run.flow.made;
  for (let lease = run.leases; lease !== undefined; lease = lease.next) if (lease.sent < made) return false;
  return true;
}

function conclude(memory: Memory, run: Run, outcome: Outcome, now: Milliseconds): void {
  run.outcome = outcome;
  if (run.flow !== undefined && run.aborted === undefined) {
    run.become('flushing');
    flush(memory, run, now);
    return;
  }
  retire(memory, run, now);
  sayToAll(memory, run, outcome, now);
}

/** Sends what the windows of the leases of a stream allow; the last value is followed by the last word, the last word by the end. */
export function flush(memory: Memory, run: Run, now: Milliseconds): void {
  for (let lease = run.leases; lease !== undefined;) {
    const next: Lease | undefined = lease.next;
    const refusal = pump(memory, lease, now);
    const word = refusal ?? (isThrough(lease) ? run.outcome : undefined);
    if (word !== undefined) say(memory, lease, word, now);
    // Nobody is left to whom the values could go.
    if (refusal !== undefined && run.leases === undefined && run.state === 'running')
      abort(memory, run, 'lease-lost', now);
    lease = next;
  }
  if (run.leases === undefined) orphaned(memory, run, now);
}

function isThrough(lease: Lease): boolean {
  return lease.run.outcome !== undefined && lease.sent === (lease.run.flow?.made ?? 0);
}

/** The last lease of a run has gone: by a word, by its link, or by its broker's giving a newer one. */
export function orphaned(memory: Memory, run: Run, now: Milliseconds): void {
  if (run.state === 'flushing') retire(memory, run, now);
  else if (run.state === 'waiting') drop(memory, run, now);
}

/** The run is over: remembered, or not (E3). */
function retire(memory: Memory, run: Run, now: Milliseconds): void {
  memory.inHand -= 1;
  run.finishedAt = now;
  if (run.outcome?.failure?.retry !== true && !run.isDoomed) {
    run.become('done');
    memory.outcomes.remember(run);
    return;
  }
  memory.timers.clear(run);
  memory.runs.delete(run);
  run.become('gone');
}

/** A run that was never started goes without a trace. */
export function drop(memory: Memory, run: Run, now: Milliseconds): void {
  for (let lease = run.leases; lease !== undefined; lease = run.leases) unbind(memory, lease);
  memory.inHand -= 1;
  memory.timers.clear(run);
  run.service.waiting.remove(run);
  memory.runs.delete(run);
  run.finishedAt = now;
  run.become('gone');
}

/** Another lease on a run whose outcome is known: the same word again. A stream goes on from where the lease stands. */
export function sayAgain(memory: Memory, run: Run, lease: Lease, outcome: Outcome, now: Milliseconds): void {
  if (run.flow === undefined || run.state === 'overrun') {
    say(memory, lease, outcome, now);
    return;
  }
  if (run.state === 'done') {
    memory.outcomes.takeBack(run);
    memory.timers.set(run, run.deadlineAt, now);
    memory.inHand += 1;
    run.become('flushing');
  }
  flush(memory, run, now);
}

/** The handler used more than the time its method allows: that is said at once, and it is told to stop. */
export function overrun(memory: Memory, run: Run, now: Milliseconds): void {
  if (run.state !== 'running') return;
  const limitMs = run.method.executionTimeoutMs;
  const message = `the handler took longer than ${limitMs} ms`;
  run.outcome = problem('EXECUTION_TIMEOUT', 'unknown', message, handlerOf(memory, run));
  abort(memory, run, 'execution-timeout', now);
  run.become('overrun');
  sayToAll(memory, run, run.outcome, now);
}

/** The deadline of a run has passed, in whatever state it is. */
export function passDeadline(memory: Memory, run: Run, now: Milliseconds): void {
  switch (run.state) {
    case 'waiting':
      sayToAll(memory, run, stopped('deadline', 'no', handlerOf(memory, run)), now);
      drop(memory, run, now);
      return;
    case 'running':
      abort(memory, run, 'deadline', now);
      return;
    case 'flushing':
      sayToAll(memory, run, stopped('deadline', 'yes', handlerOf(memory, run)), now);
      retire(memory, run, now);
      return;
    case 'done':
      memory.outcomes.settle(run);
      return;
    default:
      return;
  }
}

/** The broker wants this lease ended. */
export function cancel(memory: Memory, lease: Lease, reason: CancelReason, now: Milliseconds): void {
  const run = lease.run;
  if (run.state === 'running' && run.leases === lease && lease.next === undefined) {
    abort(memory, run, reason, now);
    return;
  }
  say(memory, lease, stopped(reason, run.state === 'waiting' ? 'no' : 'yes', handlerOf(memory, run)), now);
  if (run.leases === undefined) orphaned(memory, run, now);
}

/** Tells the handler to stop, once. */
export function abort(memory: Memory, run: Run, reason: CancelReason, now: Milliseconds): void {
  if (run.aborted !== undefined) return;
  run.aborted = reason;
  awaitEnd(memory, run, now);
  memory.output.tell({ kind: 'abort', run, reason });
}
