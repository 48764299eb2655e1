// Clients that speak MDP: requests without number, deadline or error. What the machine answers becomes a reply, and never silence.
//
// C1. Every request is answered once: with the result, or with an error that no result looks like (bodies.ts Y2).
// C2. A reply says the name of the service as the client wrote it.
// C3. A stream is PARTIAL and FINAL for 0.2, which may be given one by any service and so always asks for it; for 0.1 its values are gathered, bounded, into one reply.
// C4. `mmi.` and `titanic.` are the broker's own.

import {
  Kind,
  NO_BYTES,
  WIRE_LIMITS,
  type Address,
  type Bytes,
  type ErrorCode,
  type ErrorReply,
  type Milliseconds,
  type Partial,
  type Stage,
  type WireRecord,
} from '@majordomo/protocol';
import { readFor } from '../bodies.js';
import { errorReply } from '../outcomes.js';
import type { Memory, Refusal } from '../memory.js';
import { shown } from '../peer-faults.js';
import { bodyOf, errorFrames, framesOf, framesOfPartial, requestHeaders, resultFrames } from './bodies.js';
import { partialToClient, replyToClient } from './dialect.js';
import type { Desk } from './desk.js';
import { answerMmi } from './mmi.js';
import { AskedName, NAME_RULE, resolve } from './names.js';
import type { MdpClient, MdpRequest } from './peer.js';
import { closeTicket, readSubmission, readTicket, ticketUuid, type Titanic } from './titanic.js';

/** Values of a stream that are gathered for a 0.1 client, and their bytes. */
const GATHERED_MAX = 1_024;
const GATHERED_BYTES_MAX = 4 * 1024 * 1024;
/** Values of a stream that may be under way to a client that has no windows. */
const WINDOW = 64;

export class MdpClients {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  request(client: MdpClient, frame: Bytes, body: readonly Bytes[], now: Milliseconds): void {
    if (client.asked?.is(frame) !== true) client.asked = new AskedName(frame);
    const asked = client.asked;
    const { name, text, frame: service } = asked;
    // RFC 8: whatever begins so, also what no service can be called.
    if (text.startsWith('mmi.')) this.#reply(client, service, answerMmi(this.#memory, text, body, now));
    else if (text.startsWith('titanic.')) this.#titanic(client, service, text, body, now);
    else if (name === undefined) this.#refuseName(client, service);
    else if (body.length === 0) {
      this.#desk.report('no-body', client.link, `a request for ${shown(service)} without a body`);
      this.fail(client, service, { code: 'INVALID_ARGUMENT', message: 'a request has a body: one frame or more' });
    } else this.#ask(client, service, asked.address(this.#memory), body);
  }

  #refuseName(client: MdpClient, service: Bytes): void {
    // A command where RFC 7 has none: the frame behind it is the service.
    const isCommand = service.length === 1 && (service[0] as number) < 0x20;
    const text = `a request for ${shown(service)}: `;
    if (isCommand)
      this.#desk.report('dialect', client.link, `${text}MDPC01 with a command frame is a dialect that is not served`);
    else this.#desk.report('name', client.link, text + NAME_RULE);
    this.fail(client, service, { code: 'NO_SUCH_SERVICE', message: `no service can have this name: ${NAME_RULE}` });
  }

  get #memory(): Memory {
    return this.#desk.broker.memory;
  }

  #ask(client: MdpClient, service: Bytes, address: Address, frames: readonly Bytes[]): void {
    const request = this.#enter(client, service, address, frames, false);
    const isStream = client.manner.version === 2 || this.#streams(address);
    this.#sayRequest(client, request, isStream ? WINDOW : 0);
  }

  #streams({ service, method }: Address): boolean {
    const offers = this.#memory.services.get(service)?.offers;
    if (offers === undefined) return false;
    for (const { terms } of offers) {
      for (const { name, streams } of terms) if (streams && name === method) return true;
    }
    return false;
  }

  #enter(
    client: MdpClient,
    service: Bytes,
    address: Address,
    frames: readonly Bytes[],
    isTitanic: boolean,
  ): MdpRequest {
    const headers = requestHeaders(client.manner.version, frames.length);
    const again = { name: this.#number(client, address), headers, body: bodyOf(frames) };
    client.lastRef += 1;
    const request: MdpRequest = {
      ref: client.lastRef,
      service,
      again,
      isStream: false,
      isTitanic,
      isOutcome: false,
      held: [],
      heldBytes: 0,
      received: 0,
    };
    client.requests.set(request.ref, request);
    return request;
  }

  #sayRequest(client: MdpClient, request: MdpRequest, window: number): void {
    const { ref, again } = request;
    request.isStream = window > 0;
    this.#desk.say(client.link, {
      kind: Kind.request,
      ref,
      name: again.name,
      timeLeftMs: this.#desk.settings.expiresMs,
      ageMs: 0,
      received: 0,
      window,
      waitForService: true,
      otherBrokers: 'none',
      confirm: false,
      key: '',
      headers: again.headers,
      body: again.body,
    });
  }

  /** Names go round: a client that asks for more than the link may number, numbers the oldest anew. */
  #number(client: MdpClient, address: Address): number {
    const text = `${address.service}.${address.method}`;
    const known = client.names.get(text);
    if (known !== undefined) return known;
    client.lastName = (client.lastName + 1) % WIRE_LIMITS.namesPerLinkMax;
    for (const [name, number] of client.names) if (number === client.lastName) client.names.delete(name);
    client.names.set(text, client.lastName);
    this.#desk.say(client.link, { kind: Kind.name, number: client.lastName, ...address });
    return client.lastName;
  }

  /** What the machine says to it. `stored`: it waits for the disk, and so does what is made of it. */
  hear(client: MdpClient, record: WireRecord, stored: boolean): Bytes[][] {
    if (record.kind === Kind.goodbye) return this.#left(client, record.code ?? 'CLOSED', record.reason);
    if (!('ref' in record)) return [];
    const request = client.requests.get(record.ref);
    if (request === undefined) return [];
    switch (record.kind) {
      case Kind.partial:
        return this.#partial(client, request, record);
      case Kind.final:
        return this.#ended(client, request, this.#resultOf(request, record));
      case Kind.accepted:
        return this.#ended(client, request, [
          Buffer.from('200'),
          ticketUuid(this.#desk.settings.sealOf, record.ticket),
        ]);
      case Kind.error:
        return this.#error(client, request, record, stored);
      default:
        return [];
    }
  }

  /** The machine ends the connection: whoever waits is told (C1). */
  #left({ manner, requests }: MdpClient, code: ErrorCode, message: string): Bytes[][] {
    const waiting = requests.values().toSorted((a, b) => a.ref - b.ref);
    requests.clear();
    const frames = framesOfRefusal({ code, message }, 'client');
    return waiting.map(({ service, isTitanic }) =>
      replyToClient(manner, service, isTitanic ? [Buffer.from('500'), ...frames] : frames),
    );
  }

  #resultOf(request: MdpRequest, { end, headers, body }: WireRecord & { kind: typeof Kind.final }): readonly Bytes[] {
    if (request.isOutcome) return [Buffer.from('200'), ...resultFrames(framesOf(headers, body))];
    if (!end) return resultFrames(framesOf(headers, body));
    return request.held.length === 0 ? [new Uint8Array(0)] : resultFrames(request.held);
  }

  /** C3. */
  #partial(client: MdpClient, request: MdpRequest, record: Partial): Bytes[][] {
    request.received += 1;
    const received = request.received;
    if (received % (WINDOW / 2) === 0) {
      this.#desk.say(client.link, {
        kind: Kind.window,
        ref: request.ref,
        received,
        allowed: received + WINDOW,
        rewind: false,
      });
    }
    if (client.manner.version === 2) return this.#partialOf(client, request, record);
    request.held.push(...(this.#desk.parts.get(record.body)?.frames ?? framesOfPartial(record)));
    request.heldBytes += record.body.length;
    if (request.held.length <= GATHERED_MAX && request.heldBytes <= GATHERED_BYTES_MAX) return [];
    this.#desk.say(client.link, { kind: Kind.cancel, ref: request.ref, reason: 'cancelled' });
    const message = `the stream is more than MDP/0.1 can be given in one reply: ${GATHERED_MAX} values, 4 MiB`;
    return this.#ended(client, request, framesOfRefusal({ code: 'REPLY_UNSENDABLE', message }, 'running'));
  }

  /** A native value waits until it is known whether another follows: the last one is the FINAL. A part of an MDP worker does not wait. */
  #partialOf({ manner }: MdpClient, request: MdpRequest, record: Partial): Bytes[][] {
    const part = this.#desk.parts.get(record.body);
    const { frames, isLast } = part ?? { frames: framesOfPartial(record), isLast: true };
    const before = request.held;
    request.held = isLast ? [...frames] : [];
    const said = isLast ? [before] : [before, frames];
    return said.filter((part) => part.length > 0).map((part) => partialToClient(manner, request.service, part));
  }

  #error(client: MdpClient, request: MdpRequest, record: ErrorReply, stored: boolean): Bytes[][] {
    // It streams, and nobody offered it when it was asked.
    if (record.code === 'STREAM_EXPECTED' && !stored && !request.isStream && !request.isTitanic) {
      client.requests.delete(request.ref);
      client.lastRef += 1;
      const again = { ...request, ref: client.lastRef };
      client.requests.set(again.ref, again);
      this.#sayRequest(client, again, WINDOW);
      return [];
    }
    const status = request.isTitanic ? [Buffer.from('500')] : request.isOutcome ? [Buffer.from('200')] : [];
    return this.#ended(client, request, [...status, ...errorFrames(record)]);
  }

  /** It is answered: its number is settled. */
  #ended(client: MdpClient, request: MdpRequest, body: readonly Bytes[]): Bytes[][] {
    client.requests.delete(request.ref);
    const below = client.settledBelow;
    if (below > client.settledSaid) {
      client.settledSaid = below;
      this.#desk.say(client.link, { kind: Kind.settled, below });
    }
    return [replyToClient(client.manner, request.service, body)];
  }

  /** C4 (RFC 9): over the journal of durable requests. */
  #titanic(client: MdpClient, service: Bytes, name: string, body: readonly Bytes[], now: Milliseconds): void {
    if (this.#memory.journal.state === 'none') {
      this.#reply(client, service, [Buffer.from('500 this broker stores nothing on disk')]);
    } else if (name === 'titanic.request') this.#submit(client, service, body);
    else if (name === 'titanic.reply') this.#readOutcome(client, service, body[0]);
    else if (name === 'titanic.close') this.#replyStored(client, service, closeTicket(this.#tickets, body[0], now));
    else this.#reply(client, service, [Buffer.from('501')]);
  }

  get #tickets(): Titanic {
    return { memory: this.#memory, sealOf: this.#desk.settings.sealOf };
  }

  #submit(client: MdpClient, service: Bytes, body: readonly Bytes[]): void {
    const submission = readSubmission(body);
    if (submission === undefined) {
      this.#reply(client, service, [Buffer.from('400')]);
      return;
    }
    const { name, frames } = submission;
    const { ref, again } = this.#enter(client, service, resolve(this.#memory, name), frames, true);
    const rest = { ageMs: 0, expiresMs: 0, delayMs: 0, priority: 4, orderingKey: '', key: '' };
    this.#desk.say(client.link, { kind: Kind.submit, ref, ...rest, ...again });
  }

  /** Not as somebody who waits for it, and so nobody has collected it. */
  #readOutcome(client: MdpClient, service: Bytes, uuid: Bytes | undefined): void {
    const memory = this.#memory;
    const found = readTicket(this.#tickets, uuid);
    const session = memory.links.get(client.link)?.session;
    if (Array.isArray(found)) this.#replyStored(client, service, found);
    else if (session !== undefined && found.durable !== undefined) {
      client.lastRef += 1;
      const ref = client.lastRef;
      const again = { name: 0, headers: NO_BYTES, body: NO_BYTES };
      const rest = { isStream: false, isTitanic: false, isOutcome: true, held: [], heldBytes: 0, received: 0 };
      client.requests.set(ref, { ref, service, again, ...rest });
      readFor(memory, found, found.durable, { session, ref, wants: 'outcome' });
    }
  }

  #reply(client: MdpClient, service: Bytes, body: readonly Bytes[]): void {
    this.#desk.send(client.link, replyToClient(client.manner, service, body));
  }

  #replyStored(client: MdpClient, service: Bytes, body: readonly Bytes[]): void {
    this.#desk.send(client.link, replyToClient(client.manner, service, body), true);
  }

  /** Refuses a request that the machine was not asked. */
  fail(client: MdpClient, service: Bytes, refusal: Refusal): void {
    this.#reply(client, service, framesOfRefusal(refusal));
  }
}

function framesOfRefusal(refusal: Refusal, stage?: Stage): Bytes[] {
  return errorFrames(errorReply(0, refusal, undefined, stage));
}
