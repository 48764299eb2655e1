// For specs: a caller whose brokers are played by the test, with time that moves only when told.

import {
  encodeBody,
  encodeErrorBody,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  Role,
  type Accepted,
  type ErrorReply,
  type Hello,
  type LinkId,
  type Request,
  type Submit,
  type Welcome,
  type WireRecord,
} from '@majordomo/protocol';
import { AddressBook } from './addresses.js';
import { Caller, type CallerOptions } from './caller.js';
import { CALLER_LIMITS, RETRY_BUDGET } from './limits.js';
import { PendingRequest, type Asked } from './pending-request.js';
import type { CallerEvent } from './words.js';

export const HELLO: Hello = {
  kind: Kind.hello,
  versionMin: PROTOCOL_VERSION,
  versionMax: PROTOCOL_VERSION,
  roles: Role.client | Role.readsFrameLists,
  instance: 7,
  heartbeatMs: 1_000,
  silenceMaxMs: 15_000,
  messageBytesMax: 1_000_000,
  identity: 'rig',
  software: 'rig',
};

const WELCOME: Welcome = {
  kind: Kind.welcome,
  version: PROTOCOL_VERSION,
  instance: 0,
  heartbeatMs: 1_000,
  silenceMaxMs: 15_000,
  messageBytesMax: 1_000_000,
  namesMax: 16,
  requestsMax: 1_000,
  journal: 0,
  dedupeWindowMs: 600_000,
  software: 'rig',
};

export type RigEvent = CallerEvent<PendingRequest>;

export class Rig {
  now = 1_000;
  readonly caller: Caller<PendingRequest>;
  readonly #book = new AddressBook();
  readonly #brokers: string[];
  /** The current link of each broker. */
  readonly #links = new Map<string, LinkId>();
  readonly #events: RigEvent[] = [];
  #sent: { readonly broker: string; readonly record: WireRecord }[] = [];

  /** @param brokers names of the brokers; they are their endpoints too. */
  constructor(brokers: readonly string[] = ['a'], options: Partial<CallerOptions> = {}) {
    this.#brokers = [...brokers];
    this.caller = new Caller({
      brokers,
      hello: HELLO,
      seed: 1,
      inFlightMax: CALLER_LIMITS.inFlightMax,
      retryBudget: RETRY_BUDGET,
      ...options,
    });
  }

  /** A rig that is connected to all of its brokers, whose instances are 1, 2, … */
  static open(brokers: readonly string[] = ['a'], options: Partial<CallerOptions> = {}): Rig {
    const rig = new Rig(brokers, options);
    rig.start();
    for (const broker of brokers) rig.welcome(broker);
    rig.sent();
    rig.events();
    return rig;
  }

  start(timeoutMs = 5_000): void {
    this.caller.handle({ kind: 'open', timeoutMs }, this.now);
    this.#collect();
  }

  /** The broker answers HELLO. */
  welcome(broker: string, more: Partial<Welcome> = {}): void {
    this.from(broker, { ...WELCOME, instance: this.#brokers.indexOf(broker) + 1, ...more });
  }

  from(broker: string, ...records: WireRecord[]): void {
    this.caller.handle({ kind: 'records', link: this.#links.get(broker) ?? 0, records }, this.now);
    this.#collect();
  }

  /** The broker sends what cannot be read. */
  garble(broker: string): void {
    this.caller.handle({ kind: 'fault', link: this.#links.get(broker) ?? 0, fault: 'UNKNOWN_KIND' }, this.now);
    this.#collect();
  }

  lose(broker: string): void {
    this.caller.handle({ kind: 'link-lost', link: this.#links.get(broker) ?? 0, reason: 'disconnected' }, this.now);
    this.#collect();
  }

  call(more: Partial<Asked> = {}, address = 'echo.say'): PendingRequest {
    const found = this.#book.find(address);
    if (found === undefined) throw new Error(`${address} is no address`);
    const request = new PendingRequest({
      address: found,
      headers: NO_BYTES,
      body: encodeBody('hi'),
      deadlineMs: 30_000,
      idempotencyKey: '',
      waitForService: false,
      window: 0,
      ...more,
    });
    this.caller.handle({ kind: 'call', request }, this.now);
    this.#collect();
    return request;
  }

  cancel(request: PendingRequest): void {
    this.caller.handle({ kind: 'cancel', request, reason: 'cancelled', cause: 'enough' }, this.now);
    this.#collect();
  }

  consume(request: PendingRequest, count: number): void {
    this.caller.handle({ kind: 'consumed', request, count }, this.now);
    this.#collect();
  }

  close(): void {
    this.caller.handle({ kind: 'close' }, this.now);
    this.#collect();
  }

  /** Lets time pass, waking the machine whenever it asked for it. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let wakeAt = this.caller.wakeAt(); wakeAt <= until; wakeAt = this.caller.wakeAt()) {
      this.now = Math.max(this.now, wakeAt);
      this.caller.handle({ kind: 'wake' }, this.now);
      this.#collect();
    }
    this.now = until;
  }

  /** What has been sent since the last time, HELLO and HEARTBEAT aside. */
  sent(): { readonly broker: string; readonly record: WireRecord }[] {
    const sent = this.#sent.filter(({ record }) => record.kind !== Kind.hello && record.kind !== Kind.heartbeat);
    this.#sent = [];
    return sent;
  }

  /** The REQUESTs that have been sent since the last time, with their broker. */
  asked(): (Request & { readonly broker: string })[] {
    return this.sent().flatMap(({ broker, record }) => (record.kind === Kind.request ? [{ ...record, broker }] : []));
  }

  /** The SUBMITs, likewise. */
  submitted(): (Submit & { readonly broker: string })[] {
    return this.sent().flatMap(({ broker, record }) => (record.kind === Kind.submit ? [{ ...record, broker }] : []));
  }

  events(): RigEvent[] {
    return this.#events.splice(0);
  }

  /** The errors that have been told since the last time, as `CODE ran`. */
  errors(): string[] {
    return this.events().flatMap((event) => (event.kind === 'error' ? [`${event.error.code} ${event.error.ran}`] : []));
  }

  #collect(): void {
    const { output } = this.caller;
    for (const { link, endpoint } of output.connects) this.#links.set(endpoint, link);
    output.records.forEach((record, i) => {
      const [broker = '?'] = [...this.#links].find(([, link]) => link === output.links[i]) ?? [];
      this.#sent.push({ broker, record });
    });
    this.#events.push(...output.events);
    output.clear();
  }
}

/** ACCEPTED with a ticket. */
export function accepted(request: PendingRequest, more: Partial<Accepted> = {}): WireRecord {
  return { kind: Kind.accepted, ref: request.ref, stored: 'disk', journal: 5, ticket: 9, ...more };
}

/** FINAL with a value. */
export function final(request: PendingRequest, value: unknown = 'ho'): WireRecord {
  return { kind: Kind.final, ref: request.ref, end: false, count: 0, headers: NO_BYTES, body: encodeBody(value) };
}

/** FINAL that ends a stream of so many values. */
export function end(request: PendingRequest, count: number): WireRecord {
  return { kind: Kind.final, ref: request.ref, end: true, count, headers: NO_BYTES, body: NO_BYTES };
}

/** One value of a stream. */
export function partial(request: PendingRequest, index: number): WireRecord {
  return { kind: Kind.partial, ref: request.ref, index, isFrameList: false, body: encodeBody(index) };
}

export function error(request: PendingRequest, more: Partial<ErrorReply>): WireRecord {
  return {
    kind: Kind.error,
    ref: request.ref,
    code: 'HANDLER_FAILED',
    ran: 'yes',
    stage: 'running',
    retryAfterMs: 0,
    retry: false,
    body: encodeErrorBody({ message: 'no' }),
    ...more,
  };
}
