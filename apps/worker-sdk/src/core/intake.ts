// How a request comes into the worker's hands: handed out for the first time, handed out again, or asked for after a link was lost.
//
// I1. A request that is running is not started again: the new lease is bound to the run that there is.
// I2. A request that has just ended is answered with the same word.
// I3. One that was stopped although its client may still be waiting (Run.isDoomed) is started again, once the stopped handler has ended.
// I4. What cannot be taken is given back or answered at once; nothing is silently dropped.

import { type Attach, type Dispatch, type Milliseconds, type Window } from '@majordomo/protocol';
import { flush, sayAgain } from './endings.js';
import { Flow } from './flow.js';
import { bind, handlerOf, problem, refuse, refuseWithRelease, type Handler } from './leases.js';
import type { Memory } from './memory.js';
import { Run, type Lease, type Outcome, type Side } from './state.js';
import { admit } from './slots.js';
import { broken, enterStream, turnWindow } from './streaming.js';

/** DISPATCH: a new run, unless there is one (I1, I2). */
export function dispatch(memory: Memory, side: Side, record: Dispatch, now: Milliseconds): void {
  const known = memory.outcomes.recall(record.instance, record.request);
  if (known !== undefined && !known.isDoomed) {
    memory.counters.duplicates += 1;
    join(memory, known, side, record, now);
    return;
  }
  const run = accept(memory, side, record, now);
  if (run === undefined) return;
  memory.inHand += 1;
  memory.runs.set(run);
  memory.timers.set(run, run.deadlineAt, now);
  const lease = bind(memory, run, side, record.ref);
  if (run.flow !== undefined) enterStream(lease, 0, record.window);
  if (known === undefined) admit(memory, run, now);
  else known.successor = run; // I3
}

/** ATTACH: a new lease on a run that we said we have. */
export function attach(memory: Memory, side: Side, record: Attach, now: Milliseconds): void {
  const known = memory.outcomes.recall(record.instance, record.request);
  if (known === undefined || known.isDoomed) refuseWithRelease(memory, side, record.ref, 'unknown', now);
  else join(memory, known, side, record, now);
}

/** WINDOW for one of our leases. */
export function openWindow(memory: Memory, lease: Lease, window: Window, now: Milliseconds): void {
  const run = lease.run;
  if (run.flow === undefined) return;
  const wasOpen = run.flow.isOpen;
  turnWindow(lease, window);
  flush(memory, run, now);
  resume(memory, run, wasOpen);
}

function join(memory: Memory, run: Run, side: Side, record: Dispatch | Attach, now: Milliseconds): void {
  const lease = bind(memory, run, side, record.ref);
  run.attempt = Math.max(run.attempt, record.attempt);
  const wasOpen = run.flow?.isOpen === true;
  if (run.flow !== undefined) enterStream(lease, record.received, record.window);
  if (run.outcome !== undefined) {
    sayAgain(memory, run, lease, run.outcome, now);
    return;
  }
  const deadlineAt = now + record.timeLeftMs;
  if (run.isSet && deadlineAt > run.deadlineAt) {
    run.deadlineAt = deadlineAt;
    memory.timers.set(run, deadlineAt, now);
  }
  if (run.flow === undefined) return;
  flush(memory, run, now);
  resume(memory, run, wasOpen);
}

function resume(memory: Memory, run: Run, wasOpen: boolean): void {
  if (wasOpen || run.state !== 'running' || run.aborted !== undefined || run.flow?.isOpen !== true) return;
  memory.output.tell({ kind: 'resume', run });
}

/** A run for this request, or an answer why not (I4). */
function accept(memory: Memory, side: Side, record: Dispatch, now: Milliseconds): Run | undefined {
  const service = memory.services[record.service];
  const method = service?.offer.methods[record.method];
  if (service === undefined || method === undefined) {
    const handler = handlerOf(memory, record);
    refuse(memory, side, record.ref, problem('NO_SUCH_METHOD', 'no', 'the worker does not offer this', handler), now);
    return undefined;
  }
  const waitingMax = service.offer.concurrency * memory.sides.length;
  if (memory.phase !== 'serving' || service.waiting.length >= waitingMax) {
    refuseWithRelease(memory, side, record.ref, 'no', now);
    return undefined;
  }
  if (method.streams && (record.window === 0 || record.received > 0)) {
    const handler = handlerOf(memory, record);
    const refusal =
      record.window === 0 ? streamExpected(`${service.offer.name}.${method.name}`, handler) : broken(record, handler);
    refuse(memory, side, record.ref, refusal, now);
    return undefined;
  }
  return new Run({
    service,
    methodNumber: record.method,
    method,
    instance: record.instance,
    request: record.request,
    attempt: record.attempt,
    deadlineAt: now + record.timeLeftMs,
    flow: method.streams ? new Flow(record.window) : undefined,
    headers: record.headers,
    body: record.body,
  });
}

function streamExpected(address: string, handler: Handler): Outcome {
  return problem('STREAM_EXPECTED', 'no', `${address} is streamed`, handler);
}
