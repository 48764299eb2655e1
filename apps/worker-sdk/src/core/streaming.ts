// The values of a stream on their way: each lease has its own place in it, and its own window.
//
// V1. Values go out in order, each once per lease, unless the broker rewinds the lease.
// V2. What every lease has confirmed is let go; without a lease nothing is, because the next one may ask for it.

import { Kind, encodeErrorBody, type Milliseconds, type Window } from '@majordomo/protocol';
import { failed, handlerOf, problem, type Handler } from './leases.js';
import type { Memory } from './memory.js';
import type { Lease, Outcome, Run } from './state.js';

/** Sends what the window of a lease allows. @returns the word that must end the lease because a value cannot be sent on it. */
export function pump(memory: Memory, lease: Lease, now: Milliseconds): Outcome | undefined {
  const flow = lease.run.flow;
  if (flow === undefined) return undefined;
  if (lease.sent < flow.first) return broken(lease, handlerOf(memory, lease.run));
  const stop = Math.min(flow.made, lease.allowed);
  while (lease.sent < stop) {
    const body = flow.at(lease.sent);
    if (body.length > lease.side.bodyBytesMax) {
      const message = `value ${lease.sent} of the stream has ${body.length} bytes, the broker takes ${lease.side.bodyBytesMax}: raise messageBytesMax of the broker`;
      return problem('REPLY_UNSENDABLE', 'yes', message, handlerOf(memory, lease.run));
    }
    memory.send(
      lease.side,
      { kind: Kind.partial, ref: lease.number, index: lease.sent, isFrameList: false, body },
      now,
    );
    lease.sent += 1;
  }
  return undefined;
}

/** What the broker wants next is no longer kept, or was made by a run that is gone. */
export function broken(lease: Pick<Lease, 'received'>, handler: Handler): Outcome {
  const message = `the values after the first ${lease.received} are no longer here`;
  const body = encodeErrorBody({ message, details: { received: lease.received, ...handler } });
  return failed({ code: 'STREAM_BROKEN', ran: 'unknown', retry: false, retryAfterMs: 0 }, body);
}

/** A new lease on a stream begins where its asker stands. */
export function enterStream(lease: Lease, received: number, window: number): void {
  lease.received = received;
  lease.sent = received;
  lease.allowed = received + window;
  lease.run.flow?.allow(lease.allowed);
}

/** WINDOW: what has arrived, what may come, and whether some of it must come again. */
export function turnWindow(lease: Lease, window: Window): void {
  const flow = lease.run.flow;
  if (flow === undefined) return;
  const received = Math.min(window.received, flow.made);
  if (received > lease.received) lease.received = received;
  if (window.allowed > lease.allowed) lease.allowed = window.allowed;
  if (window.rewind) lease.sent = received;
  flow.allow(lease.allowed);
  flow.release(confirmed(lease.run));
}

/** V2: the index below which every lease has everything. */
function confirmed(run: Run): number {
  let below = Infinity;
  for (let lease = run.leases; lease !== undefined; lease = lease.next) below = Math.min(below, lease.received);
  return below === Infinity ? 0 : below;
}
