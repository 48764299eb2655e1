// Which runs are at work and which wait for room: at most `concurrency` handlers of a service at once.
//
// C1. Who waits starts in the order of arrival.
// C2. A slot is free when the handler has ended, not when its word was said: a handler that overran still uses the machine.

import { Timer, type Milliseconds } from '@majordomo/protocol';
import { countUnleased } from './leases.js';
import type { Memory } from './memory.js';
import type { Run } from './state.js';
import { reportEnd } from './stuck.js';

/** A new run starts, or waits for room. */
export function admit(memory: Memory, run: Run, now: Milliseconds): void {
  const service = run.service;
  if (service.running < service.offer.concurrency) start(memory, run, now);
  else service.waiting.pushBack(run);
}

function start(memory: Memory, run: Run, now: Milliseconds): void {
  run.service.running += 1;
  run.become('running');
  run.startedAt = now;
  memory.counters.started += 1;
  const limitMs = run.method.executionTimeoutMs;
  if (limitMs > 0) {
    run.execution = new Timer<Run | undefined>(run, 'execution');
    memory.timers.set(run.execution, now + limitMs, now);
  }
  memory.output.tell({ kind: 'start', run });
}

/** The handler of a run at work has ended (C2): what waited longest takes its place. */
export function vacate(memory: Memory, run: Run, now: Milliseconds): void {
  const service = run.service;
  if (run.leases === undefined) countUnleased(memory, run, -1);
  if (run.execution !== undefined) memory.timers.clear(run.execution);
  reportEnd(memory, run);
  service.running -= 1;
  const next = service.waiting.length === 0 ? undefined : service.waiting.shift();
  if (next !== undefined) start(memory, next, now);
}
