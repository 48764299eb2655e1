// The broker invariants of the design, looked up in its memory after every step of a transcript (D2, D4, D6).

import type { Broker } from '@majordomo/broker';

/** @throws an Error that names the broken invariant. */
export function checkInvariants(broker: Broker): void {
  const { memory } = broker;
  let unsettled = 0;
  const seen = new Set<unknown>();
  // After a start durable requests wait for workers that may hold them.
  const held = new Set<unknown>([...memory.journal.held.flat(), ...memory.journal.behindUnread]);
  for (const session of memory.sessions.values()) {
    for (const request of session.requests.values()) {
      // Under an idempotency key several numbers of several sessions lead to one request.
      if (seen.has(request)) continue;
      seen.add(request);
      if (!request.isSettled && request.durable === undefined) unsettled += 1;
      const waits = request.list !== undefined || request.parked !== undefined || held.has(request);
      if (request.state === 'queued' && !waits) throw new Error(`D2: request ${request.ref} is queued nowhere`);
      if (request.state === 'assigned' && request.lease === undefined)
        throw new Error(`D2: request ${request.ref} is assigned to nobody`);
      if (request.isSettled && request.reply === undefined)
        throw new Error(`D2: request ${request.ref} is settled without a reply`);
    }
    for (const offer of session.offers.values()) {
      const held = session.leases.values().filter((lease) => lease.offer === offer).length;
      if (held !== offer.held) throw new Error(`D4: the books say ${offer.held} leases, there are ${held}`);
    }
  }
  if (unsettled !== memory.unsettled)
    throw new Error(`D2: the books say ${memory.unsettled} unsettled, there are ${unsettled}`);
  const { deferrals } = memory.journal;
  if (deferrals.count > memory.settings.deferredCountMax || deferrals.bytes > memory.settings.deferredBytesMax)
    throw new Error(`D6: ${deferrals.count} requests wait for the journal`);
  for (const service of memory.services.values()) {
    let queued = 0;
    let bytes = 0;
    for (const method of service.methods.values()) {
      for (const request of method.queue) {
        queued += 1;
        bytes += request.bytes;
      }
    }
    if (queued !== service.queued || bytes !== service.queuedBytes) {
      throw new Error(
        `D6: the books say ${service.queued} waiting with ${service.queuedBytes} bytes, there are ${queued} with ${bytes}`,
      );
    }
    const isAwaited = service.timer.isSet || service.isolated.length > 0;
    for (const method of service.methods.values()) {
      const isWanted = method.offers > 0 || method.queue.length > 0 || isAwaited;
      if (!isWanted) throw new Error(`D6: ${service.name}.${method.name} is remembered for nobody`);
    }
    for (const offer of service.offers) {
      const ready = offer.list !== undefined;
      if (ready && offer.held >= offer.limit) throw new Error('D4: an offer without credit is in the ready list');
    }
  }
}
