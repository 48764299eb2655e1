// How a worker leaves: with its work done, or at once.
//
// D1. A drain starts nothing: what waits is given back as never started, and the brokers are told to send nothing more.
// D2. It is over when no handler is at work, every word that was said on an open link has been taken, and no broker may still ask for a
//     reply that was lost with a link. A broker that is back asks for it soon after HOLDS or not at all, and one that is gone does not.
// D3. It is over at its time limit in any case. Then, and at `close`, handlers are told to stop, and their leases given back.

import { DRAIN, type Milliseconds } from '@majordomo/protocol';
import { abort, drop } from './endings.js';
import { release } from './leases.js';
import { WORKER_LIMITS } from './limits.js';
import type { Memory } from './memory.js';
import type { Run } from './state.js';

export function drain(memory: Memory, timeoutMs: number, now: Milliseconds): void {
  if (memory.phase === 'left') return;
  const due = now + timeoutMs;
  if (!memory.drainTimer.isSet || due < memory.drainTimer.due) memory.timers.set(memory.drainTimer, due, now);
  if (memory.phase === 'draining') return;
  memory.phase = 'draining';
  memory.creditStale = true;
  for (const side of memory.sides) if (side.link.isOpen) memory.send(side, DRAIN, now);
  giveBackUnstarted(memory, now);
}

/** D1. */
function giveBackUnstarted(memory: Memory, now: Milliseconds): void {
  for (const run of memory.runs) {
    if (run.state !== 'waiting') continue;
    for (let lease = run.leases; lease !== undefined; lease = run.leases) release(memory, lease, 'no', now);
    drop(memory, run, now);
  }
}

/** D2. */
export function leaveWhenDone(memory: Memory, now: Milliseconds): void {
  if (memory.inHand > 0) return;
  for (const side of memory.sides) if (side.link.isOpen && side.untaken > 0) return;
  const askedUntil = memory.outcomes.unheard.length === 0 ? -Infinity : lastAsking(memory);
  if (now >= askedUntil) leave(memory, now);
  else memory.timers.set(memory.askTimer, askedUntil, now);
}

/** Until when a broker may ask for what it was told to be held. */
function lastAsking({ sides }: Memory): Milliseconds {
  let until = -Infinity;
  for (const { link, announcedAt } of sides) {
    if (link.isOpen) until = Math.max(until, announcedAt + WORKER_LIMITS.askedWithinMs);
  }
  return until;
}

/** D3. Everything that is still here stops being ours. */
export function leave(memory: Memory, now: Milliseconds): void {
  if (memory.phase === 'left') return;
  giveBackUnstarted(memory, now);
  memory.phase = 'left';
  let unfinished = 0;
  for (const run of memory.runs) {
    if (!run.isAtWork) continue;
    unfinished += 1;
    giveUp(memory, run, now);
  }
  memory.timers.clear(memory.drainTimer);
  memory.timers.clear(memory.askTimer);
  memory.links.close(now);
  memory.output.tell({ kind: 'left', unfinished });
}

function giveUp(memory: Memory, run: Run, now: Milliseconds): void {
  abort(memory, run, 'drain', now);
  for (let lease = run.leases; lease !== undefined; lease = run.leases) release(memory, lease, 'unknown', now);
}
