// What may be asked of the broker's own service with an argument: tickets and dead letters (D7).
//
// P1. A ticket that this journal never gave out is TICKET_UNKNOWN; one that it gave out and does not keep any more is TICKET_EXPIRED.
// P2. What is said about a ticket is on disk before it leaves (D1).
// P3. DEADLINE_EXCEEDED of the stage `client` ends a question about a ticket; of any other stage it is the outcome of the request.
// P4. One whose entry was damaged on disk, or may have been, is TICKET_DAMAGED.

import {
  CALL_DEFAULTS,
  decodeBody,
  decodeErrorBody,
  encodeBody,
  Kind,
  NO_BYTES,
  requestIdText,
  RESERVED_PREFIX,
  type Bytes,
  type ErrorCode,
  type Milliseconds,
} from '@majordomo/protocol';
import type { DeadLetter } from './dead-letters.js';
import { readFor } from './bodies.js';
import { hasRoomForCall, memoryFull } from './budget.js';
import { fail } from './dispatch.js';
import type { JoinInit } from './joined.js';
import type { Journal } from './journal.js';
import type { Memory, Refusal } from './memory.js';
import type { Reader } from './journal.js';
import { answer, join, refuse, sayReply } from './outcomes.js';
import { busy } from './places.js';
import { writeAccepted } from './keeping.js';
import type { Asker, Durable, NamedAddress, Request } from './state.js';
import { durableRequest, enterJournal, removeDurable, setOut, whyStalled } from './submitting.js';
import { idOf, numberOfTicket, ticketIn } from './tickets.js';

type Operation = (memory: Memory, asker: JoinInit, id: string, now: Milliseconds) => Refusal | undefined;

/** Dead letters in one answer: some 50 KiB. */
const LETTERS_PER_PAGE = 500;

/** By the name of the method; each takes the id of a request, as text. */
const TABLE: Readonly<Record<string, Operation>> = {
  ticketStatus: (memory, asker, id, now) =>
    withTicket(memory, id, (request) => sayStatus(memory, { ...asker, wants: 'status' }, request, now)),
  ticketResult: (memory, asker, id, now) => withTicket(memory, id, (request) => wait(memory, asker, request, now)),
  ticketCancel: (memory, asker, id, now) =>
    withTicket(memory, id, (request) => {
      const wasSettled = request.isSettled;
      if (!wasSettled) {
        fail(memory, request, { code: 'CANCELLED', message: 'it was cancelled by its ticket' }, now, 'cancelled');
      }
      sayStatus(memory, { ...asker, wants: 'status', cancelled: !wasSettled }, request, now);
    }),
  deadLetter: (memory, asker, id, now) =>
    withLetter(memory, { ...asker, method: 'deadLetter' }, id, (letter) =>
      say(memory, asker, describeLetter(letter, now), now),
    ),
  deadLetterReplay: (memory, asker, id, now) =>
    withLetter(memory, { ...asker, method: 'deadLetterReplay' }, id, (letter) => replay(memory, asker, letter, now)),
  deadLetterPurge: (memory, asker, id, now) => {
    const request = unlistedLetter(memory, id);
    if (request !== undefined) removeDurable(memory, request, now);
    else {
      const letter = memory.deadLetters.find(id);
      if (letter === undefined) return whyNoLetter(memory, id);
      purge(memory, letter, now);
    }
    say(memory, asker, { purged: id }, now);
    return undefined;
  },
  deadLettersAfter: (memory, asker, id, now) => {
    say(memory, asker, unlistedAfter(memory, id, now), now);
    return undefined;
  },
};

export const OPERATIONS: readonly string[] = Object.keys(TABLE);

/** Does what the asker wants. @returns false when there is no such method. */
export function operate(memory: Memory, asker: JoinInit, method: string, body: Bytes, now: Milliseconds): boolean {
  const operation = Object.hasOwn(TABLE, method) ? TABLE[method] : undefined;
  if (operation === undefined) return false;
  const id = idOf(body);
  const refusal: Refusal | undefined =
    id !== undefined && isAnsweredFromDisk(memory, method, id)
      ? whyStalled(memory)
      : id === undefined
        ? { code: 'INVALID_ARGUMENT', message: `majordomo.${method} takes the id of a request, as text` }
        : operation(memory, asker, id, now);
  if (refusal !== undefined) refuse(memory, asker.session, asker.ref, refusal, now);
  return true;
}

/** submitting.ts S6. Whoever waits for an outcome that is not there yet waits for more than the disk. */
function isAnsweredFromDisk({ journal }: Memory, method: string, id: string): boolean {
  if (!journal.isStalled) return false;
  const request = journal.session.requests.get(ticketIn(journal, id) ?? 0);
  return request !== undefined && (method !== 'ticketResult' || request.isSettled);
}

/** Does this ask for an entry of the journal that may be unread? */
export function asksForUnread({ journal }: Memory, method: string, body: Bytes): boolean {
  if (!Object.hasOwn(TABLE, method)) return false;
  const ticket = numberOfTicket(journal, body);
  return ticket !== undefined && ticket <= journal.lastUnread && !journal.session.requests.has(ticket);
}

/** Does this ask once more for the outcome of a durable request that its client waits for already? Then it is no second question. */
export function asksAgain({ journal }: Memory, known: Request, name: NamedAddress, body: Bytes): boolean {
  const isResult = known.durable !== undefined && name.service === RESERVED_PREFIX && name.method === 'ticketResult';
  return isResult && idOf(body) === journal.ticketText(known.ref);
}

/** P1. */
function withTicket(
  memory: Memory,
  id: string,
  act: (request: Request) => Refusal | undefined | void,
): Refusal | undefined {
  const { journal } = memory;
  const ticket = ticketIn(journal, id);
  if (ticket === undefined) return { code: 'TICKET_UNKNOWN', message: `this broker has given out no ticket ${id}` };
  const request = journal.session.requests.get(ticket);
  if (request !== undefined) return act(request) ?? undefined;
  return (
    whyDamaged(journal, ticket, id) ?? { code: 'TICKET_EXPIRED', message: `what became of ${id} is not kept any more` }
  );
}

/** P4. */
function whyDamaged(journal: Journal, ticket: number, id: string): Refusal | undefined {
  if (journal.setAside.has(ticket)) {
    return { code: 'TICKET_DAMAGED', message: `the entry of ${id} was damaged on disk and has been set aside` };
  }
  const { unreachable } = journal.setAside;
  if (unreachable === 0 || ticket > journal.lastUnread) return undefined;
  const message = `${id} is not in the journal, of which ${unreachable} entries are lost in a damaged part: it may be one of them`;
  return { code: 'TICKET_DAMAGED', message };
}

/** The outcome now, or when it is there. */
function wait(memory: Memory, asker: JoinInit, request: Request, now: Milliseconds): Refusal | undefined {
  const { session, ref } = asker;
  if (session.requests.get(ref) !== request) {
    const most = memory.settings.requestsPerSessionMax;
    if ((request.others?.length ?? 0) >= most) return busy(memory, 'too many wait for this ticket');
    if (session.requests.size >= most) return busy(memory, 'this client waits for too many outcomes');
    // A settled one is answered and forgotten: that makes room.
    if (!request.isSettled && !hasRoomForCall(memory, 0)) return memoryFull(memory);
    join(memory, request, asker, now);
  }
  if (request.isSettled) answer(memory, session, ref, request, now);
  return undefined;
}

/** What a ticket says; that of a failed request has the message of its error, which is on disk. */
function sayStatus(memory: Memory, reader: Reader, request: Request, now: Milliseconds): void {
  const { durable, reply } = request;
  if (durable !== undefined && reply?.kind === Kind.error) readFor(memory, request, durable, reader);
  else answerReader(memory, reader, request, reply, now);
}

/** @param reply the outcome, whole. */
export function answerReader(
  memory: Memory,
  reader: Reader,
  request: Request,
  reply: Request['reply'],
  now: Milliseconds,
): void {
  if (reader.wants === 'letter') {
    answerWithLetter(memory, reader, request, now);
    return;
  }
  if (reader.wants === 'outcome') {
    if (reply !== undefined) sayReply(memory, reader, reply, true, now);
    return;
  }
  const { cancelled } = reader;
  const status = statusOf(memory, request, reply, now);
  say(memory, reader, cancelled === undefined ? status : { cancelled, ...status }, now);
}

function statusOf(
  { journal }: Memory,
  request: Request,
  reply: Request['reply'],
  now: Milliseconds,
): Record<string, unknown> {
  const { durable } = request;
  return {
    ticket: journal.ticketText(request.ref),
    address: `${request.service}.${request.methodName}`,
    state: stateOf(request, now),
    attempt: request.attempt,
    acceptedAt: journal.dateOf(request.arrivedAt),
    [request.isSettled ? 'keptUntil' : 'expiresAt']: journal.dateOf(
      request.due === Infinity ? request.deadline : request.due,
    ),
    ...(request.isSettled
      ? { settledAt: journal.dateOf(request.settledAt), collected: durable?.isCollected === true }
      : {}),
    ...(reply?.kind === Kind.error
      ? { error: { code: reply.code, message: decodeErrorBody(reply.body).message } }
      : {}),
  };
}

/** Errors that are a state of their own: nothing has failed. */
const ENDINGS: Partial<Record<ErrorCode, string>> = { CANCELLED: 'cancelled', TICKET_EXPIRED: 'expired' };

function stateOf(request: Request, now: Milliseconds): string {
  if (request.state === 'assigned') return 'running';
  if (request.state === 'queued') return (request.durable?.notBefore ?? 0) > now ? 'delayed' : 'queued';
  if (request.state === 'dead') return 'dead';
  const { reply } = request;
  if (reply?.kind !== Kind.error) return 'done';
  return ENDINGS[reply.code] ?? 'failed';
}

/** P2. */
function say(memory: Memory, { session, ref }: Asker, value: unknown, now: Milliseconds): void {
  const body = encodeBody(value);
  memory.sendStored(session, { kind: Kind.final, ref, end: false, count: 0, headers: NO_BYTES, body }, now);
}

/** A letter that had to make room in memory is read from the disk. */
function withLetter(
  memory: Memory,
  reader: Omit<Reader, 'wants'>,
  id: string,
  act: (letter: DeadLetter) => Refusal | undefined | void,
): Refusal | undefined {
  const letter = memory.deadLetters.find(id);
  if (letter !== undefined) return act(letter) ?? undefined;
  const request = unlistedLetter(memory, id);
  if (request?.durable === undefined) return whyNoLetter(memory, id);
  readFor(memory, request, request.durable, { ...reader, wants: 'letter' });
  return undefined;
}

/** A dead letter that is on disk only: in memory there is room for `deadLettersMax`. */
function unlistedLetter({ journal, deadLetters }: Memory, id: string): Request | undefined {
  const request = journal.session.requests.get(ticketIn(journal, id) ?? 0);
  return request?.state === 'dead' && deadLetters.find(id) === undefined ? request : undefined;
}

/** Those that are on disk only, in the order of their tickets, from behind this one. What became of their attempts is on disk, too. */
function unlistedAfter({ journal, deadLetters }: Memory, id: string, now: Milliseconds): unknown[] {
  const after = ticketIn(journal, id) ?? 0;
  const listed = new Set(deadLetters.all.map(({ request }) => request));
  return journal.session.requests
    .values()
    .filter(({ ref, state }) => state === 'dead' && ref > after && !listed.has(journal.ticketText(ref)))
    .sort((a, b) => a.ref - b.ref)
    .slice(0, LETTERS_PER_PAGE)
    .map(({ ref, service, methodName, reply, settledAt }) => ({
      request: journal.ticketText(ref),
      address: `${service}.${methodName}`,
      code: reply?.kind === Kind.error ? reply.code : 'INTERNAL',
      agoMs: Math.round(now - settledAt),
    }));
}

function whyNoLetter(memory: Memory, id: string): Refusal {
  const ticket = ticketIn(memory.journal, id);
  const damaged = ticket === undefined ? undefined : whyDamaged(memory.journal, ticket, id);
  return damaged ?? { code: 'TICKET_UNKNOWN', message: `no dead letter has the id ${id}` };
}

function describeLetter(letter: DeadLetter, now: Milliseconds): unknown {
  const { request, service, method, code, history, diedAt, headers, body } = letter;
  return {
    request,
    address: `${service}.${method}`,
    code,
    agoMs: Math.round(now - diedAt),
    attempts: history.map(({ attempt, worker, ended, at, error }) => ({
      attempt,
      worker,
      ended,
      ...(error === undefined ? {} : { error }),
      agoMs: Math.round(now - at),
    })),
    headers: read(headers),
    body: read(body),
    durable: letter.ticket !== 0,
  };
}

/** The letter has been read, and is the last one that makes room for others (reading.ts). */
function answerWithLetter(memory: Memory, reader: Reader, request: Request, now: Milliseconds): void {
  const { session, ref, method = '' } = reader;
  const id = memory.journal.ticketText(request.ref);
  if (memory.deadLetters.find(id) === undefined) {
    refuse(memory, session, ref, { code: 'TICKET_DAMAGED', message: `the dead letter ${id} cannot be read` }, now);
  } else operate(memory, { session, ref, deadline: now }, method, encodeBody(id), now);
}

/** For people: what cannot be read is shown as it is. */
function read(bytes: Bytes): unknown {
  try {
    return decodeBody(bytes);
  } catch {
    return bytes;
  }
}

/** Hands it over anew, under a new ticket; the letter goes. */
function replay(memory: Memory, asker: Asker, letter: DeadLetter, now: Milliseconds): Refusal | undefined {
  const { journal, settings } = memory;
  if (journal.state !== 'open') {
    return { code: 'UNSUPPORTED', message: 'a dead letter is replayed through the journal, and this broker has none' };
  }
  if (journal.isFull)
    return { code: 'STORE_FULL', message: 'the disk has no room', retryAfterMs: settings.storeFullRetryMs };
  const durable: Durable = {
    submitter: 0,
    ref: 0,
    orderingKey: '',
    priority: CALL_DEFAULTS.priority,
    notBefore: 0,
    bytes: 0,
    place: 'memory',
    isDoubtful: false,
    isCollected: false,
    lane: undefined,
  };
  const { service, method, headers, body } = letter;
  const init = {
    service,
    method,
    key: '',
    headers,
    body,
    arrivedAt: now,
    deadline: now + settings.expiresMs,
    resent: false,
  };
  const request = durableRequest(memory, durable, { ticket: journal.nextTicket(), ...init });
  enterJournal(memory, request, now);
  writeAccepted(memory, request, durable);
  purge(memory, letter, now);
  say(memory, asker, { replayed: letter.request, ticket: requestIdText(journal.id, request.ref) }, now);
  setOut(memory, request, now);
  return undefined;
}

function purge(memory: Memory, letter: DeadLetter, now: Milliseconds): void {
  memory.deadLetters.remove(letter);
  const request = letter.ticket === 0 ? undefined : memory.journal.session.requests.get(letter.ticket);
  if (request !== undefined) removeDurable(memory, request, now);
}
