// The names that workers offered lately: a service whose last worker has left is away, which is not the same as unknown.
//
// AW1. A method that no worker offers any more is remembered for `serviceKeepMs`; beyond `awayMethodsMax` the oldest are forgotten first (D6).
// AW2. A name that no worker offers, that none offered lately and for which no request waits is not remembered.

import type { Milliseconds } from '@majordomo/protocol';
import type { Memory } from './memory.js';
import type { Method } from './state.js';

/** A worker offers the method, or one did lately. */
export function isKnown(method: Method): boolean {
  return method.offers > 0 || method.awaySince !== undefined;
}

/** The last worker that offered the method has left (AW1). */
export function becomeAway(memory: Memory, method: Method, now: Milliseconds): void {
  method.awaySince = now;
  memory.away.pushBack(method);
  while (memory.away.length > memory.settings.awayMethodsMax) forgetAway(memory, memory.away.first as Method);
  if (!memory.awayTimer.isSet) wakeForAway(memory, now);
}

/** A worker offers the method again, or for the first time. */
export function becomeOffered(memory: Memory, method: Method): void {
  method.awaySince = undefined;
  memory.away.remove(method);
}

/** The method counts as unknown from now on. Requests that wait for it go on waiting. */
export function forgetAway(memory: Memory, method: Method): void {
  method.awaySince = undefined;
  memory.away.remove(method);
  tidyMethod(memory, method);
}

/** Forgets what has been away for longer than `serviceKeepMs`. */
export function expireAway(memory: Memory, now: Milliseconds): void {
  const forgotten = now - memory.settings.serviceKeepMs;
  let first = memory.away.first;
  for (; first !== undefined && (first.awaySince ?? 0) <= forgotten; first = memory.away.first) {
    forgetAway(memory, first);
  }
  wakeForAway(memory, now);
}

function wakeForAway(memory: Memory, now: Milliseconds): void {
  const since = memory.away.first?.awaySince;
  if (since === undefined) memory.timers.clear(memory.awayTimer);
  else memory.timers.set(memory.awayTimer, since + memory.settings.serviceKeepMs, now);
}

/** AW2: removes what is left of a name when nothing holds it any more. */
export function tidyMethod(memory: Memory, method: Method): void {
  if (method.gone || isKnown(method) || method.queue.length > 0) return;
  const service = method.service;
  for (const request of service.isolated) if (request.method === method) return;
  method.gone = true;
  service.methods.delete(method.name);
  if (service.methods.size === 0 && service.offers.size === 0) {
    memory.services.delete(service.name);
    memory.timers.clear(service.timer);
  }
}
