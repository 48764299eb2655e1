// What workers say they still hold after a link or a broker was lost, until somebody asks for it.
//
// H1. A worker may claim an attempt only if this broker gave it to it, or cannot know: the request was asked elsewhere before (D8).
// H2. A claim for a request that is known here is answered with a lease at once; one for an unknown request waits for the resend, unless
//     its client has said that it has the outcome.
// H3. Claims go with the session that made them, and are bounded per session.
// H4. A claim for a request whose turn under its ordering key has not come waits for that turn.

import { Kind, NO_BYTES, type Holds, type Milliseconds } from '@majordomo/protocol';
import { attach } from './granting.js';
import { isWaitingForTurn } from './lanes.js';
import type { Memory } from './memory.js';
import { Request, type Holding, type Lease, type Session } from './state.js';

/** The worker says that it runs, or has finished, an attempt. */
export function claim(memory: Memory, session: Session, holds: Holds, now: Milliseconds): void {
  // D6: who claims the same again and again must not fill the memory with leases.
  if (session.leases.size >= memory.settings.holdingsPerSessionMax) return;
  const client = memory.sessions.get(holds.instance);
  const request = client?.requests.get(holds.ref);
  const holding: Holding = {
    session,
    instance: holds.instance,
    ref: holds.ref,
    attempt: holds.attempt,
    service: holds.service,
    finished: holds.finished,
  };
  if (request !== undefined) {
    if (!isCredible(request, holding)) return;
    if (isWaitingForTurn(request)) keep(memory, holding);
    else grantClaim(memory, request, holding, now);
  } else if (client !== undefined && isOver(memory, client, holds.ref)) stopForgotten(memory, client, holding, now);
  else keep(memory, holding);
}

/** The client has the outcome; or the journal has let go of it. */
function isOver({ journal }: Memory, client: Session, ref: number): boolean {
  return client === journal.session ? journal.state === 'open' : ref < client.settledBelow;
}

/** H1. */
function isCredible(request: Request, holding: Holding): boolean {
  if (request.resent) return true;
  const lease = request.lease;
  if (lease?.session.instance === holding.session.instance && lease.attempt === holding.attempt) return true;
  const history = request.history ?? [];
  return history.some((past) => past.instance === holding.session.instance && past.attempt === holding.attempt);
}

/** H2. A run whose outcome is known already is told to stop. */
function grantClaim(memory: Memory, request: Request, holding: Holding, now: Milliseconds): boolean {
  const offer = holding.session.offers.get(holding.service);
  if (offer === undefined || offer.service.name !== request.service) return false;
  if (request.isSettled && holding.finished) return false;
  const method = offer.service.methods.get(request.methodName);
  if (method === undefined || !offer.numbers.has(method)) return false;
  request.method ??= method;
  const lease = attach(memory, request, offer, holding.attempt, now);
  if (request.isSettled) stop(memory, lease, now);
  return true;
}

/** The client has the outcome and nothing is left of the request: it is made up once more, as settled, for the sake of the lease. */
function stopForgotten(memory: Memory, client: Session, holding: Holding, now: Milliseconds): void {
  const offer = holding.session.offers.get(holding.service);
  if (offer === undefined || holding.finished) return;
  const request = new Request({
    session: client,
    ref: holding.ref,
    service: offer.service.name,
    method: '',
    window: 0,
    received: 0,
    waitForService: false,
    otherBrokers: 'none',
    resent: true,
    key: '',
    headers: NO_BYTES,
    body: NO_BYTES,
    order: 0,
    arrivedAt: now,
    deadline: now,
  });
  request.become('done');
  stop(memory, attach(memory, request, offer, holding.attempt, now), now);
}

/** Nobody waits for this run: its lease counts until the worker has said its last word. */
function stop(memory: Memory, lease: Lease, now: Milliseconds): void {
  lease.revoked = true;
  memory.send(lease.session, { kind: Kind.cancel, ref: lease.number, reason: 'lease-lost' }, now);
}

function keep(memory: Memory, holding: Holding): void {
  if (holding.session.holdings.size >= memory.settings.holdingsPerSessionMax) return;
  let ofInstance = memory.holdings.get(holding.instance);
  if (ofInstance === undefined) {
    ofInstance = new Map();
    memory.holdings.set(holding.instance, ofInstance);
  }
  const before = ofInstance.get(holding.ref);
  if (before !== undefined && before.session.holdings.delete(before)) memory.holdingCount -= 1;
  ofInstance.set(holding.ref, holding);
  holding.session.holdings.add(holding);
  memory.holdingCount += 1;
}

/** A request that was asked before has come: is it held by somebody? Then it is joined to that attempt. */
export function joinHolder(memory: Memory, request: Request, now: Milliseconds): boolean {
  const holding = memory.holdings.get(request.session.instance)?.get(request.ref);
  if (holding === undefined) return false;
  dropHolding(memory, holding);
  return grantClaim(memory, request, holding, now);
}

function dropHolding(memory: Memory, holding: Holding): void {
  if (holding.session.holdings.delete(holding)) memory.holdingCount -= 1;
  const ofInstance = memory.holdings.get(holding.instance);
  if (ofInstance?.get(holding.ref) !== holding) return;
  ofInstance.delete(holding.ref);
  if (ofInstance.size === 0) memory.holdings.delete(holding.instance);
}

/** H3. */
export function dropHoldings(memory: Memory, session: Session): void {
  for (const holding of session.holdings) dropHolding(memory, holding);
}
