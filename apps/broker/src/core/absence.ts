// How long a request waits for a service that has no worker, and with which error it ends.
//
// AB1. Only a name that no worker has offered lately is NO_SUCH_SERVICE or NO_SUCH_METHOD.
// AB2. A service that was offered lately is away. Calls wait for it until `serviceAwaitMaxMs` after its last worker left, and never beyond
//      their deadline; then they end as SERVICE_UNAVAILABLE. They were not handed out, and nothing is remembered of them.
// AB3. A request that was handed out before, a durable one, and one that asked to wait for its service, wait until their deadline.
// AB4. A call whose client can ask other brokers is refused at once while it has not asked them, and waits for `awaitTurnMs` at a time when
//      it has: the service may be alive there.
// AB5. After its own start a broker does not know what was offered before: a new call waits for `absenceMaxMs`, one that was asked before
//      for `serviceAwaitMaxMs`, counted from the start.
// AB6. A broker that drains lets nothing wait for a service that is away: DRAINING sends it to another broker.

import { nearestName, type Milliseconds } from '@majordomo/protocol';
import { isKnown, tidyMethod } from './away.js';
import { fail } from './dispatch.js';
import type { Memory, Refusal } from './memory.js';
import { forgetUnrun } from './outcomes.js';
import { awaitMethod } from './services.js';
import type { Method, Request, Service } from './state.js';

/** Waits of one turn (AB4) end together: every look at a queue passes all of it. */
const TURN_TICK_MS = 250;
/** Names of methods in an error. */
const NAMED_MAX = 64;
/** Names of services that an unknown one is compared with: 0.2 ms. */
const COMPARED_MAX = 256;

/** The request, which is new here, may not wait: why (AB1 to AB5). Undefined when it may. */
export function whyAbsent(
  memory: Memory,
  request: Request,
  method: Method | undefined,
  now: Milliseconds,
): Refusal | undefined {
  const isNew = request.attempt === 0 && request.durable === undefined;
  const mayGo = isNew && request.otherBrokers === 'unasked';
  return mayGo || waitEnd(memory, request, method) <= now ? absence(memory, request, method, now) : undefined;
}

/** The request waits in the queue of a method without workers: the broker looks at it again when its wait is over. */
export function awaitWorker(memory: Memory, request: Request, method: Method, now: Milliseconds): void {
  const end = waitEnd(memory, request, method);
  if (end < Infinity) awaitMethod(memory, method.service, end, now);
}

/** Until when a request may wait for a worker of its method, apart from its deadline. */
function waitEnd(memory: Memory, request: Request, method: Method | undefined): Milliseconds {
  if (request.attempt > 0 || request.durable !== undefined) return Infinity; // AB3
  if (memory.draining) return -Infinity; // AB6
  const { settings, startedAt } = memory;
  const since = method?.awaySince;
  let end = startedAt + (request.resent ? settings.serviceAwaitMaxMs : settings.absenceMaxMs); // AB5
  if (since !== undefined) end = since + settings.serviceAwaitMaxMs; // AB2
  if (request.waitForService) end = Infinity; // AB3
  if (request.otherBrokers === 'none') return end;
  const turnEnd = Math.max(request.arrivedAt, since ?? startedAt) + settings.awaitTurnMs; // AB4
  return Math.min(end, Math.ceil(turnEnd / TURN_TICK_MS) * TURN_TICK_MS);
}

/** The error of a request that may not wait, or not any longer. */
function absence(
  memory: Memory,
  request: Request,
  method: Method | undefined,
  now: Milliseconds,
  waiting = method?.queue.length ?? 0,
): Refusal {
  if (memory.draining) return { code: 'DRAINING', message: 'the broker is shutting down' };
  const since = method?.awaySince;
  const { settings, startedAt } = memory;
  const address = `${request.service}.${request.methodName}`;
  if (since !== undefined) {
    const awayMs = Math.round(now - since);
    // With 0 a client may ask again at once: the service is still awaited here.
    const retryAfterMs = request.waitForService || awayMs < settings.serviceAwaitMaxMs ? 0 : settings.awaitTurnMs;
    const message = `no worker offers ${address} now; the last one left ${awayMs} ms ago`;
    return { code: 'SERVICE_UNAVAILABLE', message, retryAfterMs, details: { awayMs, waiting } };
  }
  const awaitedMs = request.resent ? settings.serviceAwaitMaxMs : settings.absenceMaxMs;
  if (request.waitForService || now < startedAt + awaitedMs) {
    const message = `no worker has offered ${address} since this broker started ${Math.round(now - startedAt)} ms ago`;
    return { code: 'SERVICE_UNAVAILABLE', message, retryAfterMs: 0, details: { waiting } };
  }
  return noSuch(memory, request);
}

/** AB1. */
export function noSuch(
  memory: Memory,
  { service: name, methodName }: Pick<Request, 'service' | 'methodName'>,
): Refusal {
  const known = memory.services.get(name);
  const methods = known === undefined ? [] : knownMethods(known).map((method) => method.name);
  if (methods.length === 0) {
    const nearest = nearestName(name, knownServices(memory));
    const message = `no worker offers the service "${name}"${hint(nearest)}`;
    return { code: 'NO_SUCH_SERVICE', message, ...(nearest === undefined ? {} : { details: { nearest } }) };
  }
  const nearest = nearestName(methodName, methods);
  const message = `the service "${name}" has no method "${methodName}"${hint(nearest)}`;
  const details = { methods: methods.slice(0, NAMED_MAX), ...(nearest === undefined ? {} : { nearest }) };
  return { code: 'NO_SUCH_METHOD', message, details };
}

function hint(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}

function knownMethods(service: Service): Method[] {
  return [...service.methods.values()].filter(isKnown);
}

/** The names that an unknown one is compared with: as many as an error may cost. */
function* knownServices(memory: Memory): Iterable<string> {
  let count = 0;
  for (const service of memory.services.values()) {
    if (count >= COMPARED_MAX) return;
    count += 1;
    if (knownMethods(service).length > 0) yield service.name;
  }
}

/** Looks at everything that waits for the methods of this service that have no worker: what may not wait any longer ends. */
export function endWaiting(memory: Memory, service: Service, now: Milliseconds): void {
  let next = Infinity;
  for (const method of service.methods.values()) {
    if (method.offers > 0) continue;
    const over: Request[] = [];
    for (const request of method.queue) {
      const end = waitEnd(memory, request, method);
      if (end <= now) over.push(request);
      else next = Math.min(next, end);
    }
    giveUp(memory, method, over, now);
    tidyMethod(memory, method);
  }
  if (next < Infinity) awaitMethod(memory, service, next, now);
}

/** They may be asked again, here or elsewhere, as if they had not been here (AB2). */
function giveUp(memory: Memory, method: Method, requests: readonly Request[], now: Milliseconds): void {
  let count = 0;
  for (const request of requests) {
    const refusal = absence(memory, request, method, now, requests.length);
    if (refusal.code === 'SERVICE_UNAVAILABLE' && refusal.retryAfterMs !== 0) count += 1;
    fail(memory, request, refusal, now);
    forgetUnrun(memory, request);
  }
  if (count === 0) return;
  const awayMs = Math.round(now - (method.awaySince ?? memory.startedAt));
  memory.output.tell({ event: 'service.unavailable', address: `${method.service.name}.${method.name}`, awayMs, count });
}
