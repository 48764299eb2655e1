// The text of a ticket: which journal gave it out, and under which number.

import { decodeBody, type Bytes } from '@majordomo/protocol';
import type { Journal } from './journal.js';

const TICKET = /^([0-9a-f]{14})-([1-9][0-9]{0,15})$/;

/** @returns the id of a request that an argument names; undefined when it is no string. */
export function idOf(body: Bytes): string | undefined {
  try {
    const value = decodeBody(body);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the number of the ticket that this text names; undefined when this journal has not given it out. */
export function ticketIn(journal: Journal, id: string): number | undefined {
  const [, instance = '', number = ''] = TICKET.exec(id) ?? [];
  const ticket = Number(number);
  const isOurs = journal.state !== 'none' && Number.parseInt(instance, 16) === journal.id;
  return isOurs && ticket <= journal.lastTicket ? ticket : undefined;
}

/** @returns the same for an argument. */
export function numberOfTicket(journal: Journal, body: Bytes): number | undefined {
  const id = idOf(body);
  return id === undefined ? undefined : ticketIn(journal, id);
}
