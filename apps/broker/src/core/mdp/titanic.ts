// Titanic (RFC 9) over the journal of durable requests: a ticket is a uuid of 32 characters.

import { Kind, type Bytes, type Milliseconds } from '@majordomo/protocol';
import { fail } from '../dispatch.js';
import type { Memory } from '../memory.js';
import type { Request } from '../state.js';
import { removeDurable } from '../submitting.js';
import { errorFrames, framesOf, resultFrames } from './bodies.js';

/** Hexadecimal digits of the journal's number and of the ticket: 53 bits each, and together 32 characters. */
const DIGITS = 16;

/** @returns 32 characters of 0-9 and a-f. */
export function ticketUuid(journal: number, ticket: number): Bytes {
  return Buffer.from(journal.toString(16).padStart(DIGITS, '0') + ticket.toString(16).padStart(DIGITS, '0'));
}

function find({ journal }: Memory, uuid: Bytes | undefined): Request | undefined {
  const text = uuid === undefined ? '' : Buffer.from(uuid).toString('latin1');
  if (!/^[0-9a-f]{32}$/.test(text) || Number.parseInt(text.slice(0, DIGITS), 16) !== journal.id) return undefined;
  return journal.session.requests.get(Number.parseInt(text.slice(DIGITS), 16));
}

/** titanic.reply: never deletes. 200 and the result (an error looks like one, as ever), 300 while it is not there, 400 for what is not known. */
export function readTicket(memory: Memory, uuid: Bytes | undefined): Bytes[] {
  const request = find(memory, uuid);
  if (request === undefined)
    return [Buffer.from(memory.journal.state === 'loading' ? '500 still reading the journal' : '400')];
  const { reply } = request;
  if (reply === undefined) return [Buffer.from('300')];
  const frames = reply.kind === Kind.final ? resultFrames(framesOf(reply.headers, reply.body)) : errorFrames(reply);
  return [Buffer.from('200'), ...frames];
}

/** titanic.close: 200, also for what is not known. What still waits or runs is cancelled. */
export function closeTicket(memory: Memory, uuid: Bytes | undefined, now: Milliseconds): Bytes[] {
  const request = find(memory, uuid);
  if (request === undefined)
    return [Buffer.from(memory.journal.state === 'loading' ? '500 still reading the journal' : '200')];
  if (!request.isSettled) fail(memory, request, { code: 'CANCELLED', message: 'it was closed' }, now, 'cancelled');
  removeDurable(memory, request);
  return [Buffer.from('200')];
}
