// The asking side of a peer as a pure machine: calls in, requests out, every one of them settled once.
//
// C1. Every call ends: with a value, with an error, or at its deadline, whatever brokers do or fail to do.
// C2. It ends once. What comes for it afterwards is dropped and counted.
// C3. Nothing is lost with a link: what was asked there is asked again, with the same id (asking.ts).

import {
  BrokerLinks,
  Chance,
  Kind,
  MajordomoError,
  Output,
  Timer,
  TimerWheel,
  unreached,
  type BrokerLink,
  type Hello,
  type LinkId,
  type LinkNews,
  type LinkProblem,
  type Machine,
  type Milliseconds,
  type WireRecord,
} from '@majordomo/protocol';
import { Asking } from './asking.js';
import { CALLER_LIMITS } from './limits.js';
import { Outlets } from './outlets.js';
import type { PendingRequest } from './pending-request.js';
import { Replies } from './replies.js';
import { Requests } from './requests.js';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.js';
import type { AnyCallerInput, CallerEvent, CallerInput } from './words.js';

export interface CallerOptions {
  /** Endpoints, at least one. */
  readonly brokers: readonly string[];
  readonly hello: Hello;
  /** Seed of the jitter. */
  readonly seed: number;
  /** Requests in flight; beyond it a call ends as BUSY. */
  readonly inFlightMax: number;
  readonly retryBudget: RetryBudgetOptions;
}

/** One broker of the list, as the asking side sees it. */
export interface BrokerStatus {
  readonly endpoint: string;
  readonly state: 'connected' | 'draining' | 'away';
  /** Requests that it has. */
  readonly unsettled: number;
}

export class Caller<R extends PendingRequest> implements Machine<CallerInput<R>, CallerEvent<R>> {
  readonly output = new Output<CallerEvent<R>>();
  readonly #inFlightMax: number;
  readonly #wheel = new TimerWheel<undefined>();
  readonly #links: BrokerLinks;
  readonly #outlets: Outlets;
  readonly #requests: Requests<R>;
  readonly #budget: RetryBudget;
  readonly #asking: Asking<R>;
  readonly #replies: Replies<R>;
  readonly #reach = new Timer<undefined>(undefined, 'reach');
  #closed = false;

  constructor(options: CallerOptions) {
    const chance = new Chance(options.seed);
    this.#inFlightMax = options.inFlightMax;
    this.#budget = new RetryBudget(options.retryBudget);
    this.#links = new BrokerLinks({ endpoints: options.brokers, hello: options.hello, chance }, this.output);
    this.#outlets = new Outlets(this.#links.all);
    this.#requests = new Requests(this.#wheel, this.output, options.hello.instance);
    const parts = { links: this.#links, outlets: this.#outlets, requests: this.#requests, chance };
    this.#asking = new Asking({ ...parts, budget: this.#budget });
    this.#replies = new Replies({ ...parts, asking: this.#asking, output: this.output });
  }

  /** Requests in flight, those that wait included. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** Is there a link to any broker? */
  get isConnected(): boolean {
    return this.#outlets.all.some((outlet) => outlet.link.isOpen);
  }

  /** Words that came for requests that had ended, or twice. */
  get late(): number {
    return this.#requests.late;
  }

  /** The brokers of the list and how it stands with each. */
  get brokers(): readonly BrokerStatus[] {
    return this.#outlets.all.map(({ link, unsettled }) => ({
      endpoint: link.endpoint,
      state: link.isOpen && link.draining ? 'draining' : link.isOpen ? 'connected' : 'away',
      unsettled,
    }));
  }

  /** Every request that is not settled, in the order of their numbers. */
  unsettled(): R[] {
    return this.#requests.values();
  }

  wakeAt(): Milliseconds {
    return Math.min(this.#links.wakeAt(), this.#wheel.wakeAt());
  }

  handle(input: AnyCallerInput<R>, now: Milliseconds): void {
    switch (input.kind) {
      case 'call':
        return this.#call(input.request, now);
      case 'records':
        return this.#records(input.link, input.records, now);
      case 'cancel':
        return this.#cancel(input, now);
      case 'consumed':
        return this.#asking.consumed(input.request, input.count, now);
      case 'wake':
        return this.#wake(now);
      case 'fault':
        return this.#lose(input.link, `it sent what cannot be read: ${input.fault}`, now);
      case 'link-lost':
        return this.#lose(input.link, input.problem?.reason ?? input.reason, now, input.problem);
      case 'open':
        return this.#open(input.timeoutMs, now);
      case 'close':
        return this.#close(now);
      default:
        return input satisfies never;
    }
  }

  #call(request: R, now: Milliseconds): void {
    request.deadline = now + request.asked.deadlineMs;
    this.#requests.enter(request);
    this.#budget.earn();
    if (this.#closed) return this.#requests.fail(request, closed(request));
    if (this.#requests.size > this.#inFlightMax) return this.#requests.fail(request, tooMany(this.#inFlightMax));
    if (now >= request.deadline) return this.#requests.fail(request, overdue(request));
    this.#asking.ask(request, now);
  }

  #cancel(input: Extract<CallerInput<R>, { kind: 'cancel' }>, now: Milliseconds): void {
    const { request, reason, cause } = input;
    if (request.state === 'settled') return;
    const error = new MajordomoError('CANCELLED', 'the caller cancelled', { ran: request.ran, cause });
    this.#asking.withdraw(request, reason, now);
    this.#requests.fail(request, error);
  }

  #records(id: LinkId, records: readonly WireRecord[], now: Milliseconds): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.heard(link, now);
    const outlet = this.#outlets.of(link);
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as WireRecord;
      switch (record.kind) {
        case Kind.final:
        case Kind.error:
        case Kind.accepted:
        case Kind.partial:
        case Kind.progress:
          // A GOODBYE before it ended the link.
          if (link.isOpen) this.#replies.take(outlet, record, now);
          break;
        default:
          this.#news(link, this.#links.take(link, record, now), now);
      }
    }
  }

  #news(link: BrokerLink, news: LinkNews, now: Milliseconds): void {
    switch (news) {
      case 'opened':
        return this.#opened(link, now);
      case 'draining':
        return this.output.tell({ kind: 'broker.draining', endpoint: link.endpoint });
      case 'lost':
        return this.#lost(link, goodbyeOf(link), now);
      case undefined:
        return undefined;
      default:
        return news satisfies never;
    }
  }

  #opened(link: BrokerLink, now: Milliseconds): void {
    const { instance = 0, software = '' } = link.welcome ?? {};
    this.output.tell({ kind: 'broker.connected', endpoint: link.endpoint, instance, software });
    if (this.#reach.isSet) {
      this.#wheel.clear(this.#reach);
      this.output.tell({ kind: 'reached' });
    }
    this.#asking.opened(this.#outlets.of(link), now);
  }

  #lose(id: LinkId, reason: string, now: Milliseconds, problem?: LinkProblem): void {
    const link = this.#links.get(id);
    if (link !== undefined && this.#links.lost(id, now, problem) === 'lost') this.#lost(link, reason, now);
  }

  #lost(link: BrokerLink, reason: string, now: Milliseconds): void {
    const unsettled = this.#asking.lost(this.#outlets.of(link), now);
    this.output.tell({ kind: 'broker.lost', endpoint: link.endpoint, reason, unsettled });
  }

  #wake(now: Milliseconds): void {
    for (const outlet of this.#outlets.all) {
      if (outlet.link.isOpen && outlet.link.liveness?.mustSpeak(now) === true) this.#asking.saySettled(outlet, now);
    }
    for (const link of this.#links.wake(now)) this.#lost(link, 'it was silent for too long', now);
    this.#wheel.expire(now, (timer) => this.#due(timer, now));
  }

  #due(timer: Timer<undefined>, now: Milliseconds): void {
    if (timer === this.#reach) return this.output.tell({ kind: 'unreached', error: this.#nobody() });
    // Nothing else is set in this wheel.
    const request = timer as R;
    if (request.state === 'pausing' && now < request.deadline) return this.#asking.resume(request, now);
    const { state, outlet, asked } = request;
    // A broker keeps who asks for a result until there is one: it is told that this one does not wait any more.
    if (outlet !== undefined && asked.journal !== undefined) this.#asking.withdraw(request, 'deadline', now);
    const isWithout = state === 'waiting' && (asked.journal !== undefined || !this.isConnected);
    this.#requests.fail(request, isWithout ? this.#nobody(request) : overdue(request));
  }

  #open(timeoutMs: number, now: Milliseconds): void {
    if (timeoutMs > 0) this.#wheel.set(this.#reach, now + timeoutMs, now);
    this.#links.start(now);
  }

  /** C1: nobody is left waiting. Brokers hear what is settled, and cancel what this session had asked when they hear GOODBYE. */
  #close(now: Milliseconds): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before the others end too: what was collected is kept no longer than it must, and what was not is kept.
    for (const outlet of this.#outlets.all) if (outlet.link.isOpen) this.#asking.saySettled(outlet, now);
    for (const request of this.#requests.values()) this.#requests.fail(request, closed(request));
    if (this.#reach.isSet) {
      this.#wheel.clear(this.#reach);
      this.output.tell({ kind: 'unreached', error: closed() });
    }
    this.#links.close(now);
  }

  /** No broker answers: which ones were tried, and what they said if they said anything. */
  #nobody(request?: PendingRequest): MajordomoError {
    const text = this.isConnected
      ? 'the broker that gave out this ticket is not among those that answer'
      : 'no broker answers';
    return unreached(this.#links.all, text, request?.ran);
  }
}

function closed(request?: PendingRequest): MajordomoError {
  return new MajordomoError('CLOSED', 'the client is closed', { ran: request?.ran ?? 'no' });
}

function tooMany(inFlightMax: number): MajordomoError {
  const text = `${inFlightMax} requests are in flight, which is as many as this client may have`;
  return new MajordomoError('BUSY', text, { retryAfterMs: CALLER_LIMITS.busyRetryAfterMs, details: { inFlightMax } });
}

function overdue(request: PendingRequest): MajordomoError {
  const { address, deadlineMs } = request.asked;
  const text = `${address.service}.${address.method} was not answered within ${Math.round(deadlineMs)} ms`;
  return new MajordomoError('DEADLINE_EXCEEDED', text, { ran: request.ran });
}

function goodbyeOf(link: BrokerLink): string {
  const { reason = '' } = link.refused ?? {};
  return reason === '' ? 'it said goodbye' : reason;
}
