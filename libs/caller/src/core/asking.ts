// How requests get to a broker: now, again on another link, or later.
//
// A1. The id of a request is the same wherever and however often it is asked. An age marks what may have been asked elsewhere.
// A2. A request whose link is lost is asked again at once where a broker is open, else as soon as one is; never after its deadline, and
//     never after the broker may have forgotten it (`dedupeWindowMs`).
// A3. BUSY is obeyed: not before its time, which is jittered, not beyond the deadline, and not beyond the retry budget.
//     A submission and a question about a ticket are BUSY while a broker reads its journal, which ends by itself: they are asked again after
//     pauses that double, for as long as their deadline allows, and cost no budget.
// A4. A broker that drains is asked nothing new; what it refuses for that is asked elsewhere at once.
// A5. What is handed over goes to a broker that stores; what is asked about a ticket goes to the one that has given it out.
// A6. Brokers do not know each other's keys. What has one goes to the broker that the key picks among those that are open, the same for
//     all clients that know the same ones; when it is busy, it is waited for.
// A7. A call whose service has no worker at one broker is asked at the others before its caller gets the error, and waits where the
//     service is still awaited (absence.ts). Not one with a key (A6).

import {
  Kind,
  MajordomoError,
  type Address,
  type BrokerLinks,
  type CancelReason,
  type Chance,
  type Milliseconds,
  type OtherBrokers,
  type WireRecord,
} from '@majordomo/protocol';
import { Absence } from './absence.js';
import { CALLER_LIMITS } from './limits.js';
import type { Outlet, Outlets } from './outlets.js';
import type { PendingRequest, SubmitTerms } from './pending-request.js';
import type { Requests } from './requests.js';
import type { RetryBudget } from './retry-budget.js';

export interface AskingOptions<R extends PendingRequest> {
  readonly links: BrokerLinks;
  readonly outlets: Outlets;
  readonly requests: Requests<R>;
  readonly budget: RetryBudget;
  readonly chance: Chance;
}

export class Asking<R extends PendingRequest> {
  readonly #links: BrokerLinks;
  readonly #outlets: Outlets;
  readonly #requests: Requests<R>;
  readonly #budget: RetryBudget;
  readonly #chance: Chance;

  constructor(options: AskingOptions<R>) {
    this.#links = options.links;
    this.#outlets = options.outlets;
    this.#requests = options.requests;
    this.#budget = options.budget;
    this.#chance = options.chance;
  }

  /** Asks a request that waits: a fresh one, one whose link was lost, one whose pause is over. */
  ask(request: R, now: Milliseconds): void {
    const outlet = this.#choose(request);
    if (outlet === undefined && this.#isNobodys(request)) return this.#requests.fail(request, unknownTicket(request));
    // Nothing is asked past its deadline: the timer ends it.
    if (outlet === undefined || now >= request.deadline) return this.#requests.wakeFor(request, request.deadline, now);
    if (request.isForgotten(now)) return this.#requests.fail(request, forgotten(request));
    const bytesMax = outlet.link.welcome?.messageBytesMax ?? 0;
    if (request.asked.body.length > bytesMax) return this.#requests.fail(request, tooLarge(request, bytesMax));
    if (outlet.isFull) return this.pause(request, full(request, outlet), now);
    this.#send(request, outlet, now);
  }

  /** A5, A7. */
  #choose(request: R): Outlet | undefined {
    const { refusedBy, asked, absence } = request;
    if (absence !== undefined) return this.#chooseAgain(absence, refusedBy);
    const { submit, journal } = asked;
    if (journal !== undefined) return this.#outlets.choose(refusedBy, (outlet) => outlet.journal === journal);
    const key = submit?.orderingKey || asked.idempotencyKey;
    const chosen = submit && this.#among(key, refusedBy, stores);
    return chosen ?? this.#among(key, refusedBy, anybody);
  }

  /** Who has not been asked yet; else who would let it wait. */
  #chooseAgain(absence: Absence, refusedBy: Outlet | undefined): Outlet | undefined {
    return (
      this.#outlets.choose(refusedBy, (outlet) => absence.isUnasked(outlet)) ??
      this.#outlets.choose(refusedBy, (outlet) => absence.isAwaited(outlet))
    );
  }

  /** May another broker be asked when one has no worker for it (A7)? */
  mayAskOthers({ asked }: R): boolean {
    const { submit, journal, idempotencyKey } = asked;
    return this.#outlets.all.length > 1 && submit === undefined && journal === undefined && idempotencyKey === '';
  }

  /** The broker that had the request has no worker for it and lets go of it: it is asked elsewhere, or ends with this error (A7). */
  absent(request: R, outlet: Outlet, error: MajordomoError, now: Milliseconds): void {
    request.refused();
    const absence = (request.absence ??= new Absence(error));
    absence.refused(outlet, error);
    const next = this.#chooseAgain(absence, outlet);
    // What another broker may be at work on is asked there again when it is back.
    const mayReturn = request.ran !== 'no' && this.#outlets.all.some((each) => !each.link.isOpen);
    if (next === undefined && !mayReturn) return this.#requests.fail(request, absence.error);
    const due = absence.askedAt + CALLER_LIMITS.awaitTurnMinMs;
    if (next === undefined || absence.isUnasked(next) || now >= due) return this.ask(request, now);
    request.become('pausing');
    this.#requests.wakeFor(request, Math.min(due, request.deadline), now);
  }

  /** W63 of protocol.md. */
  #otherBrokers(request: R, outlet: Outlet): OtherBrokers {
    if (!this.mayAskOthers(request)) return 'none';
    const { absence } = request;
    for (const other of this.#outlets.all) {
      if (other !== outlet && other.isOpen && (absence === undefined || absence.isUnasked(other))) return 'unasked';
    }
    return 'asked';
  }

  /** A6. */
  #among(key: string, refusedBy: Outlet | undefined, mayTake: (outlet: Outlet) => boolean): Outlet | undefined {
    return key === '' ? this.#outlets.choose(refusedBy, mayTake) : this.#outlets.home(key, mayTake);
  }

  /** Every broker of the list is there, and none has the journal of this ticket. */
  #isNobodys({ asked }: R): boolean {
    return (
      asked.journal !== undefined &&
      this.#outlets.all.every((outlet) => outlet.link.isOpen && outlet.journal !== asked.journal)
    );
  }

  /** A broker has opened: what waits is asked, in the order in which it was asked for. */
  opened(outlet: Outlet, now: Milliseconds): void {
    outlet.opened();
    for (const request of this.#requests.values()) if (request.state === 'waiting') this.ask(request, now);
  }

  /** A link is gone: what its broker had is asked again (A2). @returns how many requests that were. */
  lost(outlet: Outlet, now: Milliseconds): number {
    const count = outlet.unsettled;
    if (count === 0) return 0;
    for (const request of this.#requests.values()) {
      if (request.outlet !== outlet) continue;
      request.lost();
      this.ask(request, now);
    }
    return count;
  }

  /** A request that waits may not be asked now: later, or if that may not be either (A3), it ends with this error. */
  pause(request: R, error: MajordomoError, now: Milliseconds): void {
    const pauseMs = Math.max(1, error.retryAfterMs) * (0.5 + this.#chance.next());
    if (now + pauseMs >= request.deadline || !this.#budget.spend()) return this.#requests.fail(request, error);
    request.become('pausing');
    this.#requests.wakeFor(request, now + pauseMs, now);
  }

  /** The broker cannot take it yet, or cannot tell yet whether it has it (A3). */
  askLater(request: R, error: MajordomoError, now: Milliseconds): void {
    const leastMs = Math.max(1, error.retryAfterMs) / 2;
    const longMs = Math.min(leastMs * 2 ** (request.waits + 1), CALLER_LIMITS.waitMaxMs) * (0.5 + this.#chance.next());
    const leftMs = request.deadline - now;
    // The last pause is shortened, so that a broker that is ready just before the deadline is asked.
    const pauseMs = longMs < leftMs ? longMs : leftMs / 2;
    if (pauseMs < leastMs) return this.#requests.fail(request, error);
    request.waits += 1;
    request.become('pausing');
    this.#requests.wakeFor(request, now + pauseMs, now);
  }

  /** The pause of a request is over. */
  resume(request: R, now: Milliseconds): void {
    request.become('waiting');
    this.ask(request, now);
  }

  /** Tells the broker what has been settled since it was last told: with a batch that leaves anyway, or instead of a HEARTBEAT. */
  saySettled(outlet: Outlet, now: Milliseconds): void {
    const below = this.#requests.settledBelow();
    if (below <= outlet.settledSaid) return;
    outlet.settledSaid = below;
    this.#links.send(outlet.link, { kind: Kind.settled, below }, now);
  }

  /** Tells the broker that has a request, if one has, that nobody waits for it any more. */
  withdraw(request: R, reason: CancelReason, now: Milliseconds): void {
    if (request.outlet === undefined) return;
    this.#links.send(request.outlet.link, { kind: Kind.cancel, ref: request.ref, reason }, now);
  }

  /** The application has taken values of a stream; its sender hears of it when half of the window is free. */
  consumed(request: R, count: number, now: Milliseconds): void {
    const { flow, outlet } = request;
    // Without a link there is nobody to tell: the window is said anew when the stream is asked for again.
    if (flow === undefined || !flow.consume(count) || outlet === undefined) return;
    const { received, allowed } = flow;
    this.#links.send(outlet.link, { kind: Kind.window, ref: request.ref, received, allowed, rewind: false }, now);
  }

  #send(request: R, outlet: Outlet, now: Milliseconds): void {
    this.saySettled(outlet, now);
    const { asked } = request;
    const name = this.#nameOf(asked.address, outlet, now);
    const ageMs = request.sentTo(outlet, now);
    const record =
      asked.submit === undefined
        ? this.#request(request, outlet, name, ageMs, now)
        : submit(request, asked.submit, name, ageMs);
    this.#links.send(outlet.link, record, now);
    this.#requests.wakeFor(request, request.deadline + CALLER_LIMITS.deadlineGraceMs, now);
  }

  #request(request: R, outlet: Outlet, name: number, ageMs: number, now: Milliseconds): WireRecord {
    const { ref, asked, flow, deadline, absence } = request;
    if (absence !== undefined) absence.askedAt = now;
    return {
      kind: Kind.request,
      ref,
      name,
      // Rounded, not up: (now + 500) - now may be a hair over 500, and past timeMaxMs the broker would see a fault.
      timeLeftMs: Math.max(1, Math.round(deadline - now)),
      ageMs,
      window: flow === undefined ? 0 : flow.windowToAsk(),
      received: flow === undefined ? 0 : flow.received,
      waitForService: asked.waitForService,
      otherBrokers: this.#otherBrokers(request, outlet),
      confirm: false,
      key: asked.idempotencyKey,
      headers: asked.headers,
      body: asked.body,
    };
  }

  #nameOf(address: Address, outlet: Outlet, now: Milliseconds): number {
    const known = outlet.names.numberOf(address);
    if (known !== undefined) return known;
    const number = outlet.names.give(address);
    this.#links.send(outlet.link, { kind: Kind.name, number, service: address.service, method: address.method }, now);
    return number;
  }
}

function anybody(): boolean {
  return true;
}

function stores(outlet: Outlet): boolean {
  return outlet.journal !== 0;
}

function submit({ ref, asked }: PendingRequest, terms: SubmitTerms, name: number, ageMs: number): WireRecord {
  const { idempotencyKey: key, headers, body } = asked;
  return { kind: Kind.submit, ref, name, ageMs, ...terms, key, headers, body };
}

function unknownTicket(request: PendingRequest): MajordomoError {
  return new MajordomoError('TICKET_UNKNOWN', `no broker of the list has given out this ticket (${nameOf(request)})`, {
    ran: 'no',
  });
}

function nameOf(request: PendingRequest): string {
  return `${request.asked.address.service}.${request.asked.address.method}`;
}

function forgotten(request: PendingRequest): MajordomoError {
  const text = `${nameOf(request)} was asked longer ago than brokers remember, and is not asked again`;
  return new MajordomoError('REQUEST_FORGOTTEN', text, { ran: request.ran });
}

function tooLarge(request: PendingRequest, bytesMax: number): MajordomoError {
  const bytes = request.asked.body.length;
  const text = `the argument of ${nameOf(request)} takes ${bytes} bytes, the broker allows ${bytesMax}: raise messageBytesMax of the broker`;
  return new MajordomoError('MESSAGE_TOO_LARGE', text, { ran: request.ran, details: { bytes, bytesMax } });
}

function full(request: PendingRequest, outlet: Outlet): MajordomoError {
  const text = `the broker at ${outlet.link.endpoint} has as many requests of this client as it takes (${outlet.unsettled})`;
  return new MajordomoError('BUSY', text, { ran: request.ran, retryAfterMs: CALLER_LIMITS.busyRetryAfterMs });
}
