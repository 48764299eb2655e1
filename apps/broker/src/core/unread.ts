// Which outcomes a client may not have read, although they were sent: they are not pushed out by others.
//
// V1. A client that is heard reads: what was sent to it some seconds before it was last heard, on the same link, it has.
// V2. When its link is lost, what was settled since then is unread. It stays so for the time in which the client may come back, and for
//     as long again after that, in which the client asks again.
// V3. A client that was given up has no unread outcomes. Neither has one that has acknowledged them.

import type { List, Milliseconds } from '@majordomo/protocol';
import type { Request, Session } from './state.js';

/** How far a client may be behind with reading when it is heard, in ms: as long as ZMTP heartbeats let a stopped process go on. */
const BEHIND_MAX_MS = 3_000;
/** When every outcome is unread, they are looked through again after this time, in ms. */
const LOOK_AGAIN_MS = 500;

/** V2: the session has no link any more. */
export function linkLost(session: Session, heardAt: Milliseconds, now: Milliseconds): void {
  const since = heardAt - BEHIND_MAX_MS;
  session.unreadSince = now < session.unreadUntil ? Math.min(session.unreadSince, since) : since;
  session.unreadUntil = Infinity;
}

/** V2: it is back. */
export function linkBack(session: Session, awayMaxMs: Milliseconds, now: Milliseconds): void {
  if (session.unreadUntil === Infinity) session.unreadUntil = now + awayMaxMs;
}

/** V3. */
export function givenUp(session: Session): void {
  session.unreadUntil = -Infinity;
}

/** May the client still have to read this outcome? */
function isUnread({ session, ref, settledAt }: Request, now: Milliseconds): boolean {
  if (ref < session.settledBelow) return false;
  if (now < session.unreadUntil && settledAt > session.unreadSince) return true;
  return session.link !== undefined && settledAt > session.link.liveness.heardAt - BEHIND_MAX_MS;
}

/** Finds what may be pushed out, without looking at the same unread outcomes again and again. */
export class Kept {
  /** Outcomes before this one were unread when they were last looked at. */
  #next: Request | undefined = undefined;
  #lookAgainAt: Milliseconds = -Infinity;

  /** The oldest outcome that is not unread, as far as is known. */
  firstRead(settled: List<Request>, now: Milliseconds): Request | undefined {
    if (this.#next === undefined && now < this.#lookAgainAt) return undefined;
    let request = this.#next ?? settled.first;
    while (request !== undefined && isUnread(request, now)) request = request.next as Request | undefined;
    this.#next = request;
    if (request === undefined) this.#lookAgainAt = now + LOOK_AGAIN_MS;
    return request;
  }

  /** An outcome leaves the list. */
  leave(request: Request): void {
    if (this.#next === request) this.#next = request.next as Request | undefined;
  }

  /** Those at the beginning may have been read meanwhile. */
  lookAgain(): void {
    this.#next = undefined;
  }
}
