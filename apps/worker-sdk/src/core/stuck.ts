// Handlers that were told to stop and go on: each keeps a slot of its service, so it is counted and reported.
//
// S1. A run is stuck from `stuckAfterMs` after its handler was told to stop until the handler ends. Both are reported, once.
// S2. There are at most as many as there are slots: a stuck handler is at work.

import { Timer, type Milliseconds } from '@majordomo/protocol';
import type { Memory } from './memory.js';
import type { Run } from './state.js';

/** What the timer is called. */
export const STUCK = 'stuck';

/** The handler was told to stop just now. */
export function awaitEnd(memory: Memory, run: Run, now: Milliseconds): void {
  run.stopping = new Timer<Run | undefined>(run, STUCK);
  memory.timers.set(run.stopping, now + memory.stuckAfterMs, now);
}

/** It had time enough to end. */
export function reportStuck(memory: Memory, run: Run): void {
  if (!run.isAtWork) return;
  memory.stuck.add(run);
  memory.output.tell({ kind: 'stuck', run });
}

/** The handler has ended. */
export function reportEnd(memory: Memory, run: Run): void {
  if (run.stopping === undefined) return;
  memory.timers.clear(run.stopping);
  run.stopping = undefined;
  if (memory.stuck.delete(run)) memory.output.tell({ kind: 'unstuck', run });
}
