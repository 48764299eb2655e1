// Links and sessions: who is there, since when, and when they are given up.
//
// B1. HELLO opens a session on a link; before it nothing else is taken, and only for a while.
// B2. A session is one run of a process: it survives its links. The newest link of an instance is its link.
// B3. Whoever breaks the protocol loses the link, after being told why; nobody else notices.
// B4. A lost link ends a worker's leases at once, and a client's calls only when it stays away.

import {
  Kind,
  Liveness,
  PROTOCOL_VERSION,
  Role,
  SESSION_DEFAULTS,
  HEARTBEAT,
  WIRE_LIMITS,
  type ErrorCode,
  type Hello,
  type LinkId,
  type Milliseconds,
} from '@majordomo/protocol';
import { loseClient } from './clients.js';
import { dropDeferrals } from './deferring.js';
import { sayTaken } from './granting.js';
import type { Memory } from './memory.js';
import { printable } from './peer-faults.js';
import { Link, Session } from './state.js';
import { givenUp, linkBack, linkLost } from './unread.js';
import { loseWorker } from './workers.js';

/** Of the reason that a worker gives for leaving. */
const REASON_MAX = 200;
const SOFTWARE = 'majordomo-broker';

/** A session that cannot be forgotten yet is looked at this often at most, in ms, however short clients may be away. */
const LOOK_AGAIN_MS = 1_000;

/** The link with this number, new if need be; undefined when there are too many. */
export function ensureLink(memory: Memory, id: LinkId, now: Milliseconds): Link | undefined {
  let link = memory.links.get(id);
  if (link === undefined) {
    if (memory.links.size >= memory.settings.linksMax) return undefined;
    const { heartbeatMs } = memory.settings;
    link = new Link(id, new Liveness({ heartbeatMs, silenceMaxMs: SESSION_DEFAULTS.handshakeMs }, now));
    memory.links.set(id, link);
    memory.timers.set(link.timer, link.liveness.wakeAt(), now);
  }
  return link;
}

/** HELLO. Answers why it is refused, if it is. */
export function takeHello(
  memory: Memory,
  link: Link,
  hello: Hello,
  now: Milliseconds,
): { code: ErrorCode; reason: string } | undefined {
  if (link.session !== undefined) return { code: 'PROTOCOL_ERROR', reason: 'HELLO twice on one link' };
  if (hello.versionMin > PROTOCOL_VERSION || hello.versionMax < PROTOCOL_VERSION) {
    const reason = `this broker speaks version ${PROTOCOL_VERSION}, the peer ${hello.versionMin} to ${hello.versionMax}`;
    return { code: 'VERSION_MISMATCH', reason };
  }
  const isOurs = memory.journal.id !== 0 && hello.instance === memory.journal.id;
  if (hello.instance === 0 || hello.identity === '' || isOurs)
    return { code: 'PROTOCOL_ERROR', reason: 'HELLO without instance or identity' };
  const session = openSession(memory, hello, now);
  const before = session.link;
  if (before !== undefined) replaceLink(memory, session, before, now);
  memory.timers.clear(session.timer);
  linkBack(session, memory.settings.clientAwayMaxMs, now);
  session.link = link;
  session.draining = false;
  session.bodyBytesMax = hello.messageBytesMax || Infinity;
  link.session = session;
  welcome(memory, link, hello, now);
  return undefined;
}

function openSession(memory: Memory, hello: Hello, now: Milliseconds): Session {
  let session = memory.sessions.get(hello.instance);
  if (session === undefined) {
    session = new Session(hello.instance, hello.identity, hello.roles, hello.software, now);
    memory.sessions.set(hello.instance, session);
    if ((hello.roles & Role.worker) !== 0) memory.output.tell({ event: 'worker.joined', identity: hello.identity });
    if ((hello.roles & Role.client) !== 0) memory.output.tell({ event: 'client.joined', identity: hello.identity });
  }
  return session;
}

/** B2: the same instance is here on a new link before the old one was missed. */
function replaceLink(memory: Memory, session: Session, before: Link, now: Milliseconds): void {
  if (session.offers.size > 0) loseWorker(memory, session, true, 'link-replaced', now);
  linkLost(session, before.liveness.heardAt, now);
  removeLink(memory, before);
  memory.output.close(before.id);
}

function welcome(memory: Memory, link: Link, hello: Hello, now: Milliseconds): void {
  const { settings } = memory;
  const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
  const { heartbeatMinMs, heartbeatMaxMs, silenceCapMs } = SESSION_DEFAULTS;
  const heartbeatMs = clamp(
    Math.min(hello.heartbeatMs || settings.heartbeatMs, settings.heartbeatMs),
    heartbeatMinMs,
    heartbeatMaxMs,
  );
  const silenceMaxMs = clamp(hello.silenceMaxMs || settings.silenceMaxMs, heartbeatMs * 3, silenceCapMs);
  link.liveness.agree({ heartbeatMs, silenceMaxMs });
  memory.timers.set(link.timer, link.liveness.wakeAt(), now);
  memory.output.send(link.id, {
    kind: Kind.welcome,
    version: PROTOCOL_VERSION,
    instance: settings.instance,
    heartbeatMs,
    silenceMaxMs,
    messageBytesMax: settings.messageBytesMax,
    namesMax: WIRE_LIMITS.namesPerLinkMax,
    requestsMax: settings.requestsPerSessionMax,
    journal: memory.journal.id,
    dedupeWindowMs: settings.dedupeWindowMs,
    software: SOFTWARE,
  });
  link.liveness.spoke(now);
}

/** Why a link is refused: as the peer gets it, and for a person who looks for the peer. */
export interface LinkRefusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly detail?: string | undefined;
}

/** B3. */
export function refuseLink(memory: Memory, id: LinkId, refusal: LinkRefusal, now: Milliseconds): void {
  const { code, reason, detail } = refusal;
  memory.counters.faults += 1;
  const link = memory.links.get(id);
  const identity = link?.session?.identity ?? '';
  memory.output.send(id, { kind: Kind.goodbye, code, reason: reason.slice(0, 200) });
  const suppressed = memory.faults.admit(code, now);
  if (suppressed !== undefined) {
    const event = { event: 'link.refused', code, reason: detail ?? reason, identity } as const;
    memory.output.tell(suppressed === 0 ? event : { ...event, suppressed });
  }
  if (link !== undefined) loseLink(memory, link, code.toLowerCase(), now);
  memory.output.close(id);
}

/** GOODBYE from a peer: it will not be back on this link, and what it had asked is given up. */
export function takeGoodbye(memory: Memory, link: Link, reason: string, now: Milliseconds): void {
  const session = link.session;
  memory.output.close(link.id);
  removeLink(memory, link);
  if (session === undefined || session.link !== link) return;
  session.link = undefined;
  givenUp(session);
  if (isWorking(session)) {
    loseWorker(memory, session, false, 'goodbye', now);
    memory.output.tell({
      event: 'worker.left',
      identity: session.identity,
      reason: printable(reason, REASON_MAX) || 'goodbye',
    });
  }
  if ((session.roles & Role.client) !== 0) {
    loseClient(memory, session, now);
    memory.output.tell({ event: 'client.left', identity: session.identity });
  }
  closeSession(memory, session, now);
}

/** The connection is gone, was refused, or was silent for too long (B4). */
export function loseLink(memory: Memory, link: Link, reason: string, now: Milliseconds): void {
  const session = link.session;
  removeLink(memory, link);
  if (session === undefined || session.link !== link) return;
  session.link = undefined;
  linkLost(session, link.liveness.heardAt, now);
  if (isWorking(session)) {
    memory.output.tell({ event: 'worker.lost', identity: session.identity, reason, leases: session.leases.size });
    loseWorker(memory, session, false, reason, now);
  }
  const awayMaxMs = memory.draining ? 0 : memory.settings.clientAwayMaxMs;
  if ((session.roles & Role.client) !== 0) memory.timers.set(session.timer, now + awayMaxMs, now);
  else closeSession(memory, session, now);
}

/** By what it does as well as by what it said: a peer that forgot its role must not leave its offers behind. */
function isWorking(session: Session): boolean {
  return (session.roles & Role.worker) !== 0 || session.offers.size > 0 || session.holdings.size > 0;
}

function removeLink(memory: Memory, link: Link): void {
  memory.links.delete(link.id);
  memory.timers.clear(link.timer);
}

/** The session's timer: a client has stayed away too long, or nothing is left to remember of it. */
export function endSession(memory: Memory, session: Session, now: Milliseconds): void {
  if (session.link !== undefined || session === memory.journal.session) return;
  givenUp(session);
  // Who waits for a ticket, or joined by a key, has nothing unsettled of its own.
  const unsettled = session.requests.size > 0 ? loseClient(memory, session, now) : 0;
  if (unsettled > 0) memory.output.tell({ event: 'client.lost', identity: session.identity, unsettled });
  closeSession(memory, session, now);
}

/** Forgets a session when nothing refers to it any more: now, or when its outcomes have gone. */
function closeSession(memory: Memory, session: Session, now: Milliseconds): void {
  dropDeferrals(memory, session);
  if (session.requests.size === 0) memory.sessions.delete(session.instance);
  else memory.timers.set(session.timer, now + Math.max(LOOK_AGAIN_MS, memory.settings.clientAwayMaxMs), now);
}

/** A link's timer: speak if we were silent, give the peer up if it was. */
export function attendLink(memory: Memory, link: Link, now: Milliseconds): void {
  if (memory.links.get(link.id) !== link) return;
  if (link.liveness.isLost(now)) {
    const reason = link.session === undefined ? 'no HELLO came in time' : 'silent for too long';
    refuseLink(memory, link.id, { code: 'SESSION_LOST', reason }, now);
    return;
  }
  if (link.liveness.mustSpeak(now)) {
    if (link.session !== undefined) {
      sayTaken(memory, link.session, now);
      memory.output.send(link.id, HEARTBEAT);
    }
    link.liveness.spoke(now);
  }
  memory.timers.set(link.timer, link.liveness.wakeAt(), now);
}
