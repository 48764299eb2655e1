// The broker as a machine: every input comes in here, and goes to the room that deals with it.

import {
  FOREIGN,
  Kind,
  DRAIN,
  isMethodName,
  isReservedName,
  isServiceName,
  WIRE_LIMITS,
  type LinkInput,
  type Machine,
  type Milliseconds,
  type Output,
  type Timer,
  type WireRecord,
} from '@majordomo/protocol';
import { mayReadOn } from './budget.js';
import { takeCancel, takeRequest, takeWindow } from './clients.js';
import { CollectedNote, reviewNote, writeCollected } from './collecting.js';
import { Deferral } from './deferrals.js';
import { expireDeferral } from './deferring.js';
import { endWaiting } from './absence.js';
import { expireAway } from './away.js';
import { comeBack, expire } from './dispatch.js';
import { sayTaken } from './granting.js';
import type { BrokerEvent } from './events.js';
import { claim } from './holdings.js';
import { Joined } from './joined.js';
import type { FoundJournal } from './journal.js';
import { attendLink, endSession, ensureLink, loseLink, refuseLink, takeGoodbye, takeHello } from './links.js';
import { Memory } from './memory.js';
import { acknowledge, compactOutcomes, expireJoined, expireOutcomes } from './outcomes.js';
import { endParking } from './places.js';
import { takeRead, type StoredEntry } from './reading.js';
import { finishReading, openJournal, releaseHeld, restore, setRoom, setStalled } from './restoring.js';
import { resumeDeferred } from './resuming.js';
import type { BrokerSettings } from './settings.js';
import { Lease, Link, Request, Service, Session } from './state.js';
import { expireDurable, takeSubmit, takeTurns } from './submitting.js';
import {
  drainWorker,
  overrun,
  takeCredit,
  takeError,
  takeFinal,
  takeOffer,
  takeRelease,
  takeValue,
} from './workers.js';

/** What comes from the store. */
export type StoreInput =
  /** The journal is there. */
  | ({ readonly kind: 'journal-found' } & FoundJournal)
  /** Entries of it, in the order of their numbers. */
  | { readonly kind: 'journal-entries'; readonly entries: readonly StoredEntry[] }
  /** Those that the machine asked to be read. */
  | { readonly kind: 'journal-reads'; readonly entries: readonly StoredEntry[] }
  /** That was all of it. */
  | { readonly kind: 'journal-read' }
  /** The store has no room, or has room again. */
  | { readonly kind: 'journal-room'; readonly hasRoom: boolean }
  /** A write has found no room and is tried again and again; or it has succeeded. */
  | { readonly kind: 'journal-stalled'; readonly isStalled: boolean };

/** What an operator may do (D7). */
export type OperatorInput =
  /** Take nothing new; `drain.ended` is told when nothing is unsettled or the time is over. */
  | { readonly kind: 'drain'; readonly timeoutMs: number }
  /** Say GOODBYE to everybody. No input follows. */
  | { readonly kind: 'close' };

/** Replies that a worker may keep although they were taken: TAKEN goes with the next DISPATCH, and by itself when there are so many. */
const TAKEN_LAG_MAX = 256;

export class Broker implements Machine<OperatorInput | StoreInput, BrokerEvent> {
  readonly #memory: Memory;
  #drainUntil: Milliseconds = Infinity;

  constructor(settings: BrokerSettings, now: Milliseconds) {
    this.#memory = new Memory(settings, now);
  }

  get output(): Output<BrokerEvent> {
    return this.#memory.output;
  }
  get counters(): Readonly<Memory['counters']> {
    return this.#memory.counters;
  }
  /** For invariants and introspection; nobody outside changes it. */
  get memory(): Memory {
    return this.#memory;
  }

  /** Is there room in memory for more entries of the journal? */
  get mayReadOn(): boolean {
    return mayReadOn(this.#memory);
  }

  wakeAt(): Milliseconds {
    return Math.min(this.#memory.timers.wakeAt(), this.#memory.drained ? Infinity : this.#drainUntil);
  }

  handle(input: OperatorInput | StoreInput | LinkInput, now: Milliseconds): void {
    switch (input.kind) {
      case 'records':
        if (this.#isClosing(input.link)) return;
        this.#takeRecords(input.link, input.records, now);
        break;
      case 'link-lost': {
        const link = this.#memory.links.get(input.link);
        if (link !== undefined) loseLink(this.#memory, link, input.reason, now);
        break;
      }
      case 'fault':
        if (this.#isClosing(input.link)) return;
        refuseLink(
          this.#memory,
          input.link,
          { code: 'PROTOCOL_ERROR', reason: input.fault, detail: input.detail },
          now,
        );
        break;
      case 'wake':
        // Only here: what has arrived from others is not read yet when one input is handled (driver.ts V9).
        this.#memory.timers.expire(now, (timer) => this.#fire(timer, now));
        break;
      case 'drain':
        this.#drain(input.timeoutMs, now);
        break;
      case 'close':
        this.#close(now);
        break;
      case 'journal-found':
        openJournal(this.#memory, input, now);
        break;
      case 'journal-entries':
        restore(this.#memory, input.entries, now);
        resumeDeferred(this.#memory, now);
        break;
      case 'journal-reads':
        takeRead(this.#memory, input.entries, now);
        break;
      case 'journal-read':
        finishReading(this.#memory, now);
        resumeDeferred(this.#memory, now);
        break;
      case 'journal-room':
        setRoom(this.#memory, input.hasRoom);
        break;
      case 'journal-stalled':
        setStalled(this.#memory, input.isStalled, now);
        break;
      default:
        return input satisfies never;
    }
    if (this.#memory.journal.turns.length > 0) takeTurns(this.#memory, now);
    if (this.#memory.draining) this.#checkDrained(now);
  }

  /** It was ended in this turn: what was under way when it was is dropped, as the port drops what comes later. */
  #isClosing(link: number): boolean {
    const { closes } = this.#memory.output;
    return closes.length > 0 && closes.includes(link);
  }

  #takeRecords(id: number, records: readonly WireRecord[], now: Milliseconds): void {
    const link = ensureLink(this.#memory, id, now);
    if (link === undefined) {
      refuseLink(this.#memory, id, { code: 'BUSY', reason: 'this broker has too many links' }, now);
      return;
    }
    link.liveness.heard(now);
    for (let i = 0; i < records.length; i++) {
      const fault = this.#takeRecord(link, records[i] as WireRecord, now);
      if (fault !== undefined) {
        refuseLink(this.#memory, id, fault, now);
        return;
      }
      if (this.#memory.links.get(id) !== link) return;
    }
    const session = link.session;
    const isDue = link.taken - link.takenSaid >= TAKEN_LAG_MAX || session?.draining === true;
    if (isDue && session !== undefined) sayTaken(this.#memory, session, now);
  }

  #takeRecord(link: Link, record: WireRecord, now: Milliseconds): Refused | undefined {
    const memory = this.#memory;
    const session = link.session;
    if (record.kind === Kind.hello) return takeHello(memory, link, record, now);
    if (session === undefined) return { code: 'SESSION_LOST', reason: 'say HELLO first' };
    switch (record.kind) {
      case Kind.request:
        return broke(takeRequest(memory, link, session, record, now));
      case Kind.submit:
        return broke(takeSubmit(memory, link, session, record, now));
      case Kind.final:
        takeFinal(memory, link, session, record, now);
        return undefined;
      case Kind.settled:
        acknowledge(memory, session, record.below, now);
        return undefined;
      case Kind.error:
        takeError(memory, link, session, record, now);
        return undefined;
      case Kind.partial:
      case Kind.progress:
        takeValue(memory, session, record, now);
        return undefined;
      case Kind.window:
        takeWindow(memory, session, record, now);
        return undefined;
      case Kind.cancel:
        takeCancel(memory, session, record, now);
        return undefined;
      case Kind.name:
        return broke(takeName(link, record));
      case Kind.offer:
        return broke(checkOffer(session, record) ?? takeOffer(memory, session, record, now));
      case Kind.credit:
        takeCredit(memory, session, record, now);
        return undefined;
      case Kind.holds:
        claim(memory, session, record, now);
        return undefined;
      case Kind.release:
        takeRelease(memory, link, session, record, now);
        return undefined;
      case Kind.drain:
        drainWorker(memory, session);
        return undefined;
      case Kind.goodbye:
        takeGoodbye(memory, link, record.reason, now);
        return undefined;
      case Kind.heartbeat:
        return undefined;
      case Kind.welcome:
      case Kind.accepted:
      case Kind.dispatch:
      case Kind.attach:
      case Kind.taken:
      case FOREIGN:
        return { code: 'PROTOCOL_ERROR', reason: 'only a broker says that' };
      default:
        return record satisfies never;
    }
  }

  #fire(timer: Timer, now: Milliseconds): void {
    const memory = this.#memory;
    const owner = timer.owner;
    if (timer instanceof Request) {
      if (timer.durable === undefined) expire(memory, timer, now);
      else expireDurable(memory, timer, now);
    } else if (timer === memory.journal.holdTimer) releaseHeld(memory, now);
    else if (timer === memory.journal.collectedTimer) writeCollected(memory, now);
    else if (timer instanceof CollectedNote) reviewNote(memory, timer, now);
    else if (timer instanceof Joined) expireJoined(memory, timer, now);
    else if (timer instanceof Deferral) expireDeferral(memory, timer, now);
    else if (timer instanceof Lease) overrun(memory, timer, now);
    else if (timer === memory.windowTimer) expireOutcomes(memory, now);
    else if (timer === memory.awayTimer) expireAway(memory, now);
    else if (timer === memory.compactTimer) compactOutcomes(memory, now);
    else if (owner instanceof Link) attendLink(memory, owner, now);
    else if (owner instanceof Session) endSession(memory, owner, now);
    else if (owner instanceof Service) endWaiting(memory, owner, now);
    else if (owner instanceof Lease) comeBack(memory, owner, 'not-held', now);
    else if (owner instanceof Request && owner.parked === timer) endParking(memory, owner, now);
  }

  #drain(timeoutMs: number, now: Milliseconds): void {
    const memory = this.#memory;
    if (memory.draining) return;
    memory.draining = true;
    this.#drainUntil = now + timeoutMs;
    memory.output.tell({ event: 'drain.begun', unsettled: memory.unsettled });
    for (const link of memory.links.values()) if (link.session !== undefined) memory.output.send(link.id, DRAIN);
    // Nobody waits for the calls of clients that are away: they would ask another broker.
    for (const session of memory.sessions.values()) endSession(memory, session, now);
    for (const service of memory.services.values()) endWaiting(memory, service, now);
  }

  #checkDrained(now: Milliseconds): void {
    const memory = this.#memory;
    if (memory.drained || (memory.unsettled > 0 && now < this.#drainUntil)) return;
    memory.drained = true;
    memory.output.tell({ event: 'drain.ended', unsettled: memory.unsettled });
  }

  /** What waits for the disk leaves before GOODBYE, which is the last word on a link; the port closes the links. */
  #close(now: Milliseconds): void {
    const { links, output } = this.#memory;
    writeCollected(this.#memory, now);
    for (const { id } of links.values()) {
      output.sendStored(id, { kind: Kind.goodbye, code: undefined, reason: 'the broker is closing' });
    }
  }
}

type Refused = NonNullable<ReturnType<typeof takeHello>>;

function broke(reason: string | undefined): Refused | undefined {
  return reason === undefined ? undefined : { code: 'PROTOCOL_ERROR', reason };
}

/** NAME. */
function takeName(link: Link, record: WireRecord & { kind: typeof Kind.name }): string | undefined {
  if (record.number >= WIRE_LIMITS.namesPerLinkMax) return `name number ${record.number} is beyond what WELCOME allows`;
  if (!isServiceName(record.service) || !isMethodName(record.method))
    return 'NAME is not the name of a service and a method';
  while (link.names.length < record.number) link.names.push(undefined);
  link.names[record.number] = { service: record.service, method: record.method, found: undefined };
  return undefined;
}

function checkOffer(session: Session, record: WireRecord & { kind: typeof Kind.offer }): string | undefined {
  if (!isServiceName(record.name)) return 'OFFER is not the name of a service';
  if (isReservedName(record.name)) return `the name ${record.name} is the broker's own`;
  if (record.methods.length === 0) return `OFFER of ${record.name} without methods`;
  if (session.offers.size >= WIRE_LIMITS.servicesPerSessionMax) return 'too many services for one worker';
  const names = new Set<string>();
  for (const method of record.methods) {
    if (!isMethodName(method.name)) return `OFFER of ${record.name} with a method that is not a name`;
    if (names.has(method.name)) return `OFFER of ${record.name} with two methods ${method.name}`;
    names.add(method.name);
  }
  return undefined;
}
