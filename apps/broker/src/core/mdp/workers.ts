// Workers that speak MDP: one service, one request at a time, no word for a lease. The client frame of a request is our lease.
//
// W1. A reply counts only for the request that the worker holds: its client frame says which (D8). Anything else costs it the connection,
//     but for a PARTIAL for somebody else, which a known worker library sends after each FINAL: that is dropped.
// W2. A worker that was told to stop cannot be: it holds its place until it answers, and that answer is dropped.
// W3. A worker that holds a request may be silent for `busySilenceMaxMs`; a lost connection ends it at once, as ever.

import {
  encodeErrorBody,
  Kind,
  NO_BYTES,
  requestIdText,
  type Bytes,
  type LinkId,
  type WireRecord,
} from '@majordomo/protocol';
import { shown } from '../peer-faults.js';
import { bodyOf, framesOf, headersOf, looksLikeError } from './bodies.js';
import { disconnectWorker, heartbeatToWorker, requestToWorker, type Command } from './dialect.js';
import type { Desk } from './desk.js';
import { addressOf, isOwn, NAME_RULE, nameOf, textOf } from './names.js';
import { MdpWorker, type MdpLease } from './peer.js';

/** Parts of one reply that are gathered where one value is wanted, and their bytes: beyond it the request fails. */
const PARTS_MAX = 4_096;
const PARTS_BYTES_MAX = 16 * 1024 * 1024;

type WorkerCommand = Command & { from: 'worker' };

export class MdpWorkers {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** @returns the worker; undefined when nobody may serve that. */
  ready(link: LinkId, instance: number, command: WorkerCommand & { verb: 'ready' }): MdpWorker | undefined {
    const name = nameOf(command.service);
    const isOurs = isOwn(textOf(command.service));
    if (name !== undefined && !isOurs) return new MdpWorker(link, instance, command.manner, name);
    const why = isOurs ? "the name is the broker's own" : NAME_RULE;
    this.#desk.report('name', link, `READY for ${shown(command.service)}: ${why}`);
    return undefined;
  }

  /** It takes one request at a time. */
  offer({ link, service: whole }: MdpWorker): void {
    const { service: name, method } = addressOf(whole);
    const terms = { name: method, atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0 };
    this.#desk.say(link, { kind: Kind.offer, service: 0, credit: 1, name, methods: [terms] });
  }

  /** @returns why the command was out of place; undefined when it was not. */
  take(worker: MdpWorker, command: WorkerCommand): string | undefined {
    switch (command.verb) {
      case 'heartbeat':
        this.#desk.say(worker.link, { kind: Kind.heartbeat });
        return undefined;
      case 'partial':
        if (holds(worker, command.client)) this.#partial(worker, worker.lease as MdpLease, command.body);
        return undefined;
      case 'reply':
        if (!holds(worker, command.client))
          return worker.lease === undefined
            ? 'a reply when it holds no request'
            : 'a reply for another request than it holds';
        this.#reply(worker, worker.lease as MdpLease, command.body);
        return undefined;
      default:
        return 'a second READY on one connection';
    }
  }

  #partial(worker: MdpWorker, lease: MdpLease, body: readonly Bytes[]): void {
    keep(lease, lease.isStream ? [this.#part(body, false)] : body);
    this.#flush(worker, lease);
  }

  #reply(worker: MdpWorker, lease: MdpLease, body: readonly Bytes[]): void {
    keep(lease, lease.isStream ? [this.#part(body, true)] : body);
    lease.isOver = true;
    // It may have come in parts.
    if (looksLikeError(lease.isStream ? body : lease.parts)) this.#unsendable(worker, lease, 'it begins like an error');
    else if (lease.partsBytes === Infinity) this.#unsendable(worker, lease, 'its parts are more than can be kept');
    else if (lease.isStream) this.#flush(worker, lease);
    else {
      this.#free(worker);
      const { ref, parts } = lease;
      const headers = parts.length === 1 ? NO_BYTES : headersOf({ frames: parts.length });
      this.#desk.say(worker.link, { kind: Kind.final, ref, end: false, count: 0, headers, body: bodyOf(parts) });
    }
  }

  #part(frames: readonly Bytes[], isLast: boolean): Bytes {
    const body = bodyOf(frames);
    this.#desk.parts.set(body, { frames, isLast });
    return body;
  }

  /** Sends what the client of a stream has room for. */
  #flush(worker: MdpWorker, lease: MdpLease): void {
    if (!lease.isStream) return;
    const { link } = worker;
    const { ref } = lease;
    while (lease.sent < lease.allowed && lease.parts.length > 0) {
      const body = lease.parts.shift() as Bytes;
      lease.partsBytes -= body.length;
      const isFrameList = (this.#desk.parts.get(body)?.frames.length ?? 1) > 1;
      this.#desk.say(link, { kind: Kind.partial, ref, index: lease.sent, isFrameList, body });
      lease.sent += 1;
    }
    if (!lease.isOver || lease.parts.length > 0) return;
    this.#free(worker);
    this.#desk.say(link, { kind: Kind.final, ref, end: true, count: lease.sent, headers: NO_BYTES, body: NO_BYTES });
  }

  #unsendable(worker: MdpWorker, { ref }: MdpLease, why: string): void {
    this.#free(worker);
    const body = encodeErrorBody({ message: `the reply cannot be passed on: ${why}` });
    const rest = { ran: 'yes', stage: 'running', retryAfterMs: 0, retry: false } as const;
    this.#desk.say(worker.link, { kind: Kind.error, ref, code: 'REPLY_UNSENDABLE', ...rest, body });
  }

  #free(worker: MdpWorker): void {
    worker.lease = undefined;
    this.#allowSilence(worker, 0);
  }

  /** W3. */
  #allowSilence({ link }: MdpWorker, silenceMaxMs: number): void {
    this.#desk.broker.memory.links.get(link)?.liveness.allow(silenceMaxMs);
  }

  /** What the machine says to it. */
  hear(worker: MdpWorker, record: WireRecord): Bytes[][] {
    const { manner } = worker;
    switch (record.kind) {
      case Kind.dispatch: {
        const client = clientFrame(worker, record.ref);
        const { ref, window: allowed } = record;
        const isStream = allowed > 0;
        this.#allowSilence(worker, this.#desk.settings.busySilenceMaxMs);
        worker.lease = { ref, client, isStream, allowed, sent: 0, parts: [], partsBytes: 0, isOver: false };
        return [requestToWorker(manner, client, framesOf(record.headers, record.body))];
      }
      case Kind.window:
        if (worker.lease?.ref === record.ref) {
          worker.lease.allowed = Math.max(worker.lease.allowed, record.allowed);
          this.#flush(worker, worker.lease);
        }
        return [];
      case Kind.cancel:
        // It has no word for that and works on: what nobody waits for any more goes out, so that its last word ends the lease.
        if (worker.lease?.ref === record.ref) {
          worker.lease.allowed = Infinity;
          this.#flush(worker, worker.lease);
        }
        return [];
      case Kind.heartbeat:
        return [heartbeatToWorker(manner)];
      case Kind.goodbye:
        return [disconnectWorker(manner)];
      default:
        // W2: WELCOME, TAKEN and DRAIN are nothing to it.
        return [];
    }
  }
}

/**
 * W1: of no other lease, not of one that this connection, or another broker, had before. Hexadecimal digits, a dash and a number: workers in
 * other languages treat it as a string, print it, and end it at a zero byte.
 */
function clientFrame({ instance }: MdpWorker, ref: number): Buffer {
  return Buffer.from(requestIdText(instance, ref), 'latin1');
}

/** W1. */
function holds({ lease }: MdpWorker, client: Bytes): boolean {
  return lease !== undefined && lease.client.equals(client);
}

/** Beyond the bound nothing more is kept; the last word will say so. */
function keep(lease: MdpLease, frames: readonly Bytes[]): void {
  for (const frame of frames) {
    lease.partsBytes += frame.length;
    if (lease.parts.length < PARTS_MAX && lease.partsBytes <= PARTS_BYTES_MAX) lease.parts.push(frame);
    else lease.partsBytes = Infinity;
  }
}
