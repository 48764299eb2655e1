// Who gets a note on the progress of a run: everybody who waits for its outcome, each under the number of its own request.
//
// N1. A note is not stored and may be lost: who joins later gets the later ones, and a client without a link gets none.
// N2. A note that is larger than a client takes is dropped for that client: it would cost the client its link.
// N3. The broker holds no note back. What waits for a slow client is bounded by the port, which ends a link that takes nothing.

import { Kind, type Bytes, type Milliseconds } from '@majordomo/protocol';
import type { Memory } from './memory.js';
import type { Asker, Lease, Request } from './state.js';

/** PROGRESS of a worker. @param lease undefined when this worker has none with that number. */
export function takeProgress(memory: Memory, lease: Lease | undefined, body: Bytes, now: Milliseconds): void {
  const request = lease === undefined ? undefined : awaiting(lease);
  if (request === undefined) {
    memory.counters.lateWords += 1;
    return;
  }
  if (!request.askerLeft) forward(memory, request, body, now);
  if (request.others !== undefined) for (const other of request.others) forward(memory, other, body, now);
}

/** The request whose outcome the run of this lease is to be; keyed-runs.ts Z1: also when those who began it have given up. */
function awaiting(lease: Lease): Request | undefined {
  if (!lease.revoked && lease.request.lease === lease) return lease.request;
  return lease.awaitedBy?.isSettled === false ? lease.awaitedBy : undefined;
}

/** N1, N2. */
function forward(memory: Memory, { session, ref }: Asker, body: Bytes, now: Milliseconds): void {
  if (session.link === undefined || body.length > session.bodyBytesMax || ref < session.settledBelow) return;
  memory.send(session, { kind: Kind.progress, ref, body }, now);
}
