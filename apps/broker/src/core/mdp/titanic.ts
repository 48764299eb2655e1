// Titanic (RFC 9) over the journal of durable requests: a ticket is a uuid of 32 characters.
//
// T1. A uuid is good only with the seal of its number: nobody reads or closes the request of another by counting.
// T2. A malformed request is answered with the status 400 alone.

import type { Bytes, Milliseconds } from '@majordomo/protocol';
import { fail } from '../dispatch.js';
import type { Memory } from '../memory.js';
import type { Request } from '../state.js';
import { removeDurable } from '../submitting.js';
import { isOwn, nameOf, textOf } from './names.js';

/** What a uuid is made with and asked for. */
export interface Titanic {
  readonly memory: Memory;
  /** See `MdpSettings`. */
  readonly sealOf: (ticket: number) => string;
}

/** Hexadecimal digits of the ticket, which has 53 bits; the seal has the other 18. */
const TICKET_DIGITS = 14;
const UUID = /^[0-9a-f]{32}$/;
const MALFORMED = Buffer.from('400');

/** @returns 32 characters of 0-9 and a-f. */
export function ticketUuid(sealOf: Titanic['sealOf'], ticket: number): Bytes {
  return Buffer.from(ticket.toString(16).padStart(TICKET_DIGITS, '0') + sealOf(ticket));
}

/** T1. */
function find({ memory, sealOf }: Titanic, uuid: Bytes): Request | undefined {
  const text = Buffer.from(uuid).toString('latin1');
  if (!UUID.test(text)) return undefined;
  const ticket = Number.parseInt(text.slice(0, TICKET_DIGITS), 16);
  return text.slice(TICKET_DIGITS) === sealOf(ticket) ? memory.journal.session.requests.get(ticket) : undefined;
}

/** What a `titanic.request` asks for. @returns undefined when it is malformed (T2), or for one of the broker's own services. */
export function readSubmission([target, ...frames]: readonly Bytes[]):
  { readonly name: string; readonly frames: readonly Bytes[] } | undefined {
  const name = target === undefined ? undefined : nameOf(target);
  return name === undefined || isOwn(textOf(target as Bytes)) || frames.length === 0 ? undefined : { name, frames };
}

/**
 * titanic.reply: never deletes. 200 and the result (an error looks like one, as ever), 300 while it is not there, 400 for what is not known.
 *
 * @returns what to answer at once; or the settled request, whose outcome is on disk.
 */
export function readTicket(titanic: Titanic, uuid: Bytes | undefined): Bytes[] | Request {
  if (uuid === undefined) return [MALFORMED];
  const { memory } = titanic;
  const request = find(titanic, uuid);
  if (request === undefined)
    return [Buffer.from(memory.journal.state === 'loading' ? '500 still reading the journal' : '400')];
  return request.isSettled ? request : [Buffer.from('300')];
}

/** titanic.close: 200, also for what is not known. What still waits or runs is cancelled. */
export function closeTicket(titanic: Titanic, uuid: Bytes | undefined, now: Milliseconds): Bytes[] {
  if (uuid === undefined) return [MALFORMED];
  const { memory } = titanic;
  const request = find(titanic, uuid);
  if (request === undefined)
    return [Buffer.from(memory.journal.state === 'loading' ? '500 still reading the journal' : '200')];
  if (!request.isSettled) fail(memory, request, { code: 'CANCELLED', message: 'it was closed' }, now, 'cancelled');
  removeDurable(memory, request, now);
  return [Buffer.from('200')];
}
