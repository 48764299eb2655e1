// Where a request may wait: the method that is to serve it, or why there is none.
//
// U1. At a bound the caller gets BUSY with a time to wait, never silence (D6). What was handed out before has its place already.
// U2. A name that no worker offers is refused, unless the request may wait for it (absence.ts).

import type { Milliseconds } from '@majordomo/protocol';
import { awaitWorker, whyAbsent } from './absence.js';
import { tidyMethod } from './away.js';
import { deliver, fail, park } from './dispatch.js';
import type { Memory, Refusal } from './memory.js';
import { forgetUnrun } from './outcomes.js';
import { ensureMethod, findMethod, pickOffer } from './services.js';
import { keepable, type Method, type NamedAddress, type Request } from './state.js';

/** The refusal at a bound (U1). */
export function busy(memory: Memory, message: string): Refusal {
  return { code: 'BUSY', message, retryAfterMs: memory.settings.busyRetryMs };
}

/** The method that is to serve the request, or why there is none (U1, U2). */
export function findPlace(
  memory: Memory,
  request: Request,
  name: NamedAddress | undefined,
  now: Milliseconds,
): Method | Refusal {
  let method = name?.found;
  if (method === undefined || method.gone) method = findMethod(memory, request.service, request.methodName);
  if (method === undefined || method.offers === 0) {
    const absent = whyAbsent(memory, request, method, now);
    if (absent !== undefined) return absent;
    method = ensureMethod(memory, request.service, request.methodName);
    if (method === undefined) return busy(memory, 'this broker knows too many services already');
    awaitWorker(memory, request, method, now);
  }
  if (name !== undefined) name.found = method;
  // What was handed out before has its place already, and what is in the journal has it there.
  const hasPlace = request.attempt > 0 || request.durable !== undefined;
  const refusal = hasPlace ? undefined : checkRoom(memory, request, method);
  if (refusal !== undefined) tidyMethod(memory, method);
  return refusal ?? method;
}

/** U1: does the queue have room, in case the request must wait? */
function checkRoom(memory: Memory, request: Request, method: Method): Refusal | undefined {
  const service = method.service;
  const { queueLengthMax, queueBytesMax } = memory.settings;
  const isFull = service.queued >= queueLengthMax || service.queuedBytes + request.bytes > queueBytesMax;
  if (service.queued === 0 && pickOffer(method) !== undefined) return undefined;
  if (isFull) return busy(memory, `${service.queued} requests wait for the service "${service.name}"`);
  // It will wait for a while: it must not keep the whole message in memory that it came in.
  request.body = keepable(request.body);
  request.headers = keepable(request.headers);
  return undefined;
}

/** The wait outside the queue is over, for somebody who may hold the request (clients.ts C2) or before a retry: it goes the way of a new one. */
export function endParking(memory: Memory, request: Request, now: Milliseconds): void {
  request.parked = undefined;
  const place = findPlace(memory, request, undefined, now);
  if (!('code' in place)) deliver(memory, request, place, now);
  else if (request.durable !== undefined) park(memory, request, 'delay', memory.settings.busyRetryMs, now);
  else {
    fail(memory, request, place, now);
    if (request.attempt === 0) forgetUnrun(memory, request);
  }
}
