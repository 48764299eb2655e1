// What the store has read for the machine: bodies of requests that a worker is about to get, and outcomes that somebody asked for.
//
// P1. What cannot be read ends its own request and nothing else: it is set aside, reported, and whoever waits is told TICKET_DAMAGED.
// P2. What comes for a request that needs it no more is dropped.

import { Kind, type ErrorReply, type Final, type Milliseconds } from '@majordomo/protocol';
import { loadBody, needBody, stubOf } from './bodies.js';
import { fail, finish, serveIsolated, serveQueue } from './dispatch.js';
import type { DeadLetter } from './dead-letters.js';
import type { Journal } from './journal.js';
import { decodeEntry, type Entry, type SettledEntry } from './journal-entry.js';
import { writeDamaged, writeSettled } from './keeping.js';
import type { Memory } from './memory.js';
import { answerReader } from './operations.js';
import { errorReply } from './outcomes.js';
import type { Durable, Method, Request } from './state.js';

/** An entry as the store has it. */
export interface StoredEntry {
  readonly key: number;
  readonly value: Uint8Array;
  /** What the store itself has found to be wrong with it. */
  readonly damage?: string | undefined;
  /** It is no entry, and stands for so many that cannot be reached. */
  readonly unreachable?: number | undefined;
}

/** The entry, or why there is none under its key. */
export function readEntry({ key, value, damage }: StoredEntry): Entry | { readonly damage: string } {
  if (damage !== undefined) return { damage };
  const entry = decodeEntry(value);
  if ('damage' in entry || entry.ticket === key) return entry;
  return { damage: `it says that it is number ${entry.ticket}` };
}

/** An entry is of no use: it is set aside and reported. @returns why. */
export function setAside(
  memory: Memory,
  { key, value, unreachable }: StoredEntry,
  found: Entry | { readonly damage: string },
): string {
  const reason = 'damage' in found ? found.damage : `it is ${found.state}, which its request is not`;
  memory.journal.damaged += 1;
  memory.journal.setAside.add(key, unreachable);
  writeDamaged(memory, key, value);
  memory.output.tell({ event: 'journal.damaged', key, reason });
  return reason;
}

export function takeRead(memory: Memory, entries: readonly StoredEntry[], now: Milliseconds): void {
  const methods = new Set<Method>();
  for (const stored of entries) {
    const request = memory.journal.session.requests.get(stored.key);
    const durable = request?.durable;
    if (request === undefined || durable === undefined) continue; // P2
    if (request.isSettled) takeOutcome(memory, request, durable, stored, now);
    else if (durable.place === 'reading') {
      if (request.method !== undefined) methods.add(request.method);
      takeBody(memory, request, durable, stored, now);
    }
  }
  for (const method of methods) {
    serveQueue(memory, method, now);
    if (method.service.isolated.length > 0) serveIsolated(memory, method.service, now);
  }
}

function takeBody(memory: Memory, request: Request, durable: Durable, stored: StoredEntry, now: Milliseconds): void {
  const { verdicts } = memory.journal;
  const entry = readEntry(stored);
  if ('damage' in entry || entry.state !== 'queued') {
    const reason = setAside(memory, stored, entry);
    fail(memory, request, { code: 'TICKET_DAMAGED', message: damageMessage(reason) }, now);
    durable.place = 'disk';
    return;
  }
  const verdict = verdicts.get(request.ref);
  const isWanted = verdict !== undefined || request.state === 'assigned' || request.list !== undefined;
  if (isWanted) loadBody(memory, request, durable, entry);
  else durable.place = 'disk'; // P2
  if (verdict !== undefined) finish(memory, request, verdict, now);
}

function takeOutcome(memory: Memory, request: Request, durable: Durable, stored: StoredEntry, now: Milliseconds): void {
  const { readers } = memory.journal;
  const isStale = durable.place === 'stale';
  durable.place = 'disk';
  const waiting = readers.get(request.ref);
  if (waiting === undefined) return;
  if (isStale) {
    needBody(memory, request, durable);
    return;
  }
  readers.delete(request.ref);
  if (waiting.some(({ wants }) => wants === 'letter')) listAgain(memory, stored);
  const reply = replyOf(memory, request, stored);
  for (const reader of waiting) answerReader(memory, reader, request, reply, now);
}

/** A dead letter that had made room for others is wanted: it comes back to the list. */
function listAgain(memory: Memory, stored: StoredEntry): void {
  const entry = readEntry(stored);
  if ('damage' in entry || entry.state !== 'settled') return;
  const letter = letterOf(memory.journal, entry);
  if (letter !== undefined && memory.deadLetters.find(letter.request) === undefined) memory.deadLetters.add(letter);
}

/** What an entry says of a request that was given up. */
export function letterOf(journal: Journal, { dead, reply, ...entry }: SettledEntry): DeadLetter | undefined {
  if (dead === undefined) return undefined;
  return {
    request: journal.ticketText(entry.ticket),
    service: entry.service,
    method: entry.method,
    code: reply.kind === Kind.error ? reply.code : 'INTERNAL',
    history: dead.history.map((attempt) => ({ ...attempt, at: journal.timeOf(attempt.at) })),
    diedAt: journal.timeOf(entry.settledAt),
    headers: dead.headers,
    body: dead.body,
    ticket: entry.ticket,
  };
}

/** P1: the outcome, or that it is lost, which is its outcome from now on. */
function replyOf(memory: Memory, request: Request, stored: StoredEntry): Final | ErrorReply {
  const entry = readEntry(stored);
  if (!('damage' in entry) && entry.state === 'settled') return entry.reply;
  const message = damageMessage(setAside(memory, stored, entry));
  const reply = errorReply(request.ref, { code: 'TICKET_DAMAGED', message }, 'unknown', 'reply-lost');
  writeSettled(memory, request, reply, request.due, undefined);
  request.reply = stubOf(reply);
  return reply;
}

function damageMessage(reason: string): string {
  return `its entry in the journal is damaged: ${reason}`;
}
