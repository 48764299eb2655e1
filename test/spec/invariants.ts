// The broker invariants of the design, looked up in its memory after every step of a transcript (D2, D4, D6).

import type { Broker } from '@majordomo/broker';

type Service = Broker['memory']['services'] extends Map<string, infer S> ? S : never;
type Request = Broker['memory']['journal']['turns'][number];
type Method = Service['methods'] extends Map<string, infer M> ? M : never;

/** @throws an Error that names the broken invariant. */
export function checkInvariants(broker: Broker): void {
  const { memory } = broker;
  let unsettled = 0;
  let unsettledBytes = 0;
  const seen = new Set<Request>();
  // After a start durable requests wait for workers that may hold them.
  const held = new Set<unknown>([...memory.journal.held.flat(), ...memory.journal.behindUnread]);
  for (const session of memory.sessions.values()) {
    for (const request of session.requests.values()) {
      // Under an idempotency key several numbers of several sessions lead to one request.
      if (seen.has(request)) continue;
      seen.add(request);
      if (!request.isSettled && request.durable === undefined) {
        unsettled += 1;
        unsettledBytes += request.bytes;
      }
      const isGivenUp = memory.journal.verdicts.has(request.ref);
      const waits = request.list !== undefined || request.parked !== undefined || held.has(request) || isGivenUp;
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
  checkBodies(broker);
  checkBudget(broker, seen, unsettledBytes);
  if (unsettled !== memory.unsettled)
    throw new Error(`D2: the books say ${memory.unsettled} unsettled, there are ${unsettled}`);
  const { deferrals } = memory.journal;
  if (deferrals.count > memory.settings.deferredCountMax || deferrals.bytes > memory.settings.deferredBytesMax)
    throw new Error(`D6: ${deferrals.count} requests wait for the journal`);
  const { length } = memory.away;
  if (length > memory.settings.awayMethodsMax) throw new Error(`D6: ${length} methods are remembered as away`);
  if (length > 0 && !memory.awayTimer.isSet) throw new Error('D6: what is away is never forgotten');
  for (const service of memory.services.values()) {
    let queued = 0;
    let bytes = 0;
    for (const method of service.methods.values()) {
      checkAhead(method);
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
    const isolated = new Set([...service.isolated].map((request) => request.method));
    for (const method of service.methods.values()) {
      const isAway = (method.list as unknown) === memory.away;
      if (isAway !== (method.awaySince !== undefined) || (isAway && method.offers > 0))
        throw new Error(`D6: ${service.name}.${method.name} is away in one book and not in the other`);
      const isWanted = method.offers > 0 || isAway || method.queue.length > 0 || isolated.has(method);
      if (!isWanted) throw new Error(`D6: ${service.name}.${method.name} is remembered for nobody`);
    }
    for (const offer of service.offers) {
      const ready = offer.list !== undefined;
      if (ready && offer.held >= offer.limit) throw new Error('D4: an offer without credit is in the ready list');
    }
  }
}

/** The account of what is in memory of durable requests is right (bodies.ts B4, B5). */
function checkBodies({ memory }: Broker): void {
  const { journal } = memory;
  let loaded = 0;
  for (const request of journal.session.requests.values()) {
    const held = request.body.length + request.headers.length;
    loaded += held;
    if (held > 0 && request.isAway) throw new Error(`B1: ticket ${request.ref} has its body and is not said to`);
    if (request.isSettled && (request.reply?.body.length ?? 0) > 0)
      throw new Error(`B4: ${request.ref} keeps its reply`);
  }
  if (loaded !== journal.loadedBytes) throw new Error(`B5: ${journal.loadedBytes} bytes are said, ${loaded} are there`);
}

/** What a queue says of the bodies of its requests (bodies.ts B2). */
function checkAhead({ queue, ahead, aheadBytes, onDisk }: Method): void {
  const durable = [...queue].flatMap((request) => (request.durable === undefined ? [] : [request.durable]));
  const here = durable.filter(({ place }) => place !== 'disk');
  const bytes = here.reduce((sum, each) => sum + each.bytes, 0);
  if (here.length !== ahead || bytes !== aheadBytes || durable.length - here.length !== onDisk) {
    throw new Error(`B2: a queue says ${ahead}, ${aheadBytes} bytes and ${onDisk}; there are ${here.length}, ${bytes}`);
  }
}

/** The accounts from which the use of memory is made up (budget.ts X1). */
function checkBudget({ memory }: Broker, known: ReadonlySet<Request>, unsettledBytes: number): void {
  const requests = new Set([...known, ...memory.settled]);
  const askers = [...requests].reduce((sum, { others }) => sum + (others?.length ?? 0), 0);
  const holdings = [...memory.sessions.values()].reduce((sum, session) => sum + session.holdings.size, 0);
  const said = [memory.unsettledBytes, memory.askerCount, memory.holdingCount].join(' ');
  const found = [unsettledBytes, askers, holdings].join(' ');
  if (said !== found) throw new Error(`X1: the accounts say ${said}, there are ${found} (call bytes, callers, claims)`);
}
