// Who can do what, and whose turn it is: services, their methods, the offers of workers.
//
// V1. Least loaded first; among equals the one that has been idle longest.
// V2. An offer can take one more only while it holds fewer than its limit (D4), its worker is not draining, and nothing that
//     must run alone is on its way there.
// V3. A service whose last worker leaves is away, and not forgotten (away.ts).

import { List, type Milliseconds, type OfferedMethod } from '@majordomo/protocol';
import { enterAhead, leaveAhead } from './bodies.js';
import { becomeAway, becomeOffered, forgetAway } from './away.js';
import type { Memory } from './memory.js';
import { Method, Offer, Service, type Request, type Session } from './state.js';

/** The method with this address, if the broker knows the name at all. */
export function findMethod(memory: Memory, service: string, method: string): Method | undefined {
  return memory.services.get(service)?.methods.get(method);
}

/** The method with this address, new if need be; undefined when the bound on services is reached. */
export function ensureMethod(memory: Memory, service: string, name: string): Method | undefined {
  const home = ensureService(memory, service);
  return home === undefined ? undefined : enterMethod(home, name);
}

function enterMethod(home: Service, name: string): Method {
  let method = home.methods.get(name);
  if (method === undefined) {
    method = new Method(home, name);
    home.methods.set(name, method);
  }
  return method;
}

/** The method of a request that comes back from a worker, also when its name was forgotten meanwhile and no new one is taken. */
export function methodAgain(memory: Memory, method: Method): Method {
  if (!method.gone) return method;
  const { service } = method;
  const home = memory.services.get(service.name) ?? service;
  memory.services.set(home.name, home);
  return enterMethod(home, method.name);
}

function ensureService(memory: Memory, name: string): Service | undefined {
  let service = memory.services.get(name);
  if (service === undefined) {
    if (memory.services.size >= memory.settings.servicesMax) return undefined;
    service = new Service(name);
    memory.services.set(name, service);
  }
  return service;
}

export interface OfferInit {
  readonly session: Session;
  readonly number: number;
  readonly name: string;
  readonly limit: number;
  readonly terms: readonly OfferedMethod[];
}

/** A worker offers a service. Undefined when there are too many services. */
export function addOffer(memory: Memory, init: OfferInit): Offer | undefined {
  const service = ensureService(memory, init.name) ?? replaceAway(memory, init.name);
  if (service === undefined) return undefined;
  const methods: Method[] = [];
  for (const term of init.terms) {
    const method = ensureMethod(memory, init.name, term.name);
    if (method === undefined) return undefined;
    if (method.offers === 0) becomeOffered(memory, method);
    method.offers += 1;
    methods.push(method);
  }
  const offer = new Offer(init.session, service, init.number, init.limit, init.terms, methods);
  service.offers.add(offer);
  init.session.offers.set(init.number, offer);
  place(offer);
  return offer;
}

/** The bound on services is reached: one that is away makes room, the one that has been for longest first. */
function replaceAway(memory: Memory, name: string): Service | undefined {
  let service: Service | undefined;
  for (let oldest = memory.away.first; service === undefined && oldest !== undefined; oldest = memory.away.first) {
    forgetAway(memory, oldest);
    service = ensureService(memory, name);
  }
  return service;
}

/** The worker is gone, or offers the service no more (V3). */
export function removeOffer(memory: Memory, offer: Offer, now: Milliseconds): void {
  const service = offer.service;
  offer.limit = 0;
  place(offer);
  service.offers.delete(offer);
  offer.session.offers.delete(offer.number);
  for (const method of offer.methods) {
    method.offers -= 1;
    if (method.offers > 0) continue;
    becomeAway(memory, method, now);
    if (method.queue.length === 0) continue;
    awaitMethod(memory, service, memory.draining ? now : now + memory.settings.awaitTurnMs, now);
  }
}

/** The requests that wait for this service without a worker are looked at then, or before (absence.ts). */
export function awaitMethod(memory: Memory, service: Service, until: Milliseconds, now: Milliseconds): void {
  if (!service.timer.isSet || service.timer.due > until) memory.timers.set(service.timer, until, now);
}

/** Puts an offer into the list where it belongs now (V1, V2), at its end. */
export function place(offer: Offer): void {
  if (offer.list !== undefined) (offer.list as unknown as List<Offer>).remove(offer);
  const session = offer.session;
  if (offer.held >= offer.limit || session.draining || session.reservedFor !== undefined) return;
  const service = offer.service;
  const ready = service.ready;
  while (ready.length <= offer.held) ready.push(new List<Offer>());
  (ready[offer.held] as List<Offer>).pushBack(offer);
  if (offer.held < service.lowest) service.lowest = offer.held;
}

/** One lease more. */
export function occupy(offer: Offer): void {
  offer.held += 1;
  place(offer);
}

/** One lease less. */
export function vacate(offer: Offer): void {
  offer.held -= 1;
  place(offer);
}

/** V1: the offer whose turn it is for this method, undefined when nobody can take one more. */
export function pickOffer(method: Method): Offer | undefined {
  const service = method.service;
  const ready = service.ready;
  let atLowest = true;
  for (let held = service.lowest; held < ready.length; held++) {
    let offer = (ready[held] as List<Offer>).first;
    if (offer === undefined) {
      if (atLowest) service.lowest = held + 1;
      continue;
    }
    atLowest = false;
    for (; offer !== undefined; offer = offer.next as Offer | undefined) {
      if (offer.numbers.has(method)) return offer;
    }
  }
  return undefined;
}

/** The request that has waited longest among those this offer can serve. */
export function oldestFor(offer: Offer): Request | undefined {
  let oldest: Request | undefined;
  const methods = offer.methods;
  for (let i = 0; i < methods.length; i++) {
    const head = (methods[i] as Method).queue.first;
    if (head !== undefined && (oldest === undefined || head.order < oldest.order)) oldest = head;
  }
  return oldest;
}

/** Puts a request into the queue of its method: at its place in the order of arrival, behind those of a higher priority. */
export function enterQueue(request: Request, method: Method): void {
  const { last } = method.queue;
  if (last === undefined || last.order < request.order) method.queue.pushBack(request);
  else method.queue.insert(request, (other) => other.order < request.order);
  method.service.queued += 1;
  method.service.queuedBytes += request.bytes;
  if (request.durable !== undefined) enterAhead(request.durable, method);
}

/** Takes a request out of whatever it waits in. */
export function leaveQueue(request: Request): void {
  const method = request.method;
  if (method === undefined || request.list === undefined) return;
  const service = method.service;
  if ((request.list as unknown) === service.isolated) {
    service.isolated.remove(request);
    return;
  }
  method.queue.remove(request);
  service.queued -= 1;
  service.queuedBytes -= request.bytes;
  method.leavesUntilLook -= 1;
  if (request.durable !== undefined) leaveAhead(request.durable, method);
}
