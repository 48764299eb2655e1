// What one entry of the journal says, and its bytes: a version, a checksum, and the fields one after the other.
//
// E1. Times in an entry are dates (ms since 1970): the clock of the machine means nothing to the next start.
// E2. An entry that is damaged, or of a version that is not known, is a value like any other: it never takes the rest with it.

import {
  checksumOf,
  decodeBody,
  encodeBody,
  ERRORS,
  errorCodeOf,
  Kind,
  type Bytes,
  type ErrorReply,
  type Final,
} from '@majordomo/protocol';
import type { Attempt } from './attempt.js';

/** What an entry keeps of a request from its acceptance until it is removed. */
export interface EntryBase {
  readonly ticket: number;
  readonly service: string;
  readonly method: string;
  /** Idempotency key, '' for none. */
  readonly key: string;
  /** Who handed it over, and under which number. */
  readonly submitter: number;
  readonly ref: number;
  readonly acceptedAt: number;
}

export interface QueuedEntry extends EntryBase {
  readonly state: 'queued';
  readonly orderingKey: string;
  readonly priority: number;
  readonly expiresAt: number;
  readonly notBefore: number;
  /** A worker, or another broker, may have been given it before this was written. */
  readonly isDoubtful: boolean;
  readonly headers: Bytes;
  readonly body: Bytes;
}

export interface SettledEntry extends EntryBase {
  readonly state: 'settled';
  /** Of the body that it was handed over with, to know it again. */
  readonly digest: number;
  readonly settledAt: number;
  /** Until then its outcome is kept. */
  readonly keptUntil: number;
  readonly reply: Final | ErrorReply;
  /** It is a dead letter, and this is what it takes to look into it and to hand it over anew. */
  readonly dead: DeadPart | undefined;
}

export interface DeadPart {
  readonly history: readonly Attempt[];
  readonly headers: Bytes;
  readonly body: Bytes;
}

/** Outcomes that somebody has collected, many in one entry: theirs are not written again for it. */
export interface CollectedEntry {
  readonly state: 'collected';
  /** Its own number, above those of the tickets it names: journal.ts nextNote. */
  readonly ticket: number;
  readonly collectedAt: number;
  readonly tickets: readonly number[];
}

export type Entry = QueuedEntry | SettledEntry | CollectedEntry;

const VERSION = 1;
/** Version, and the checksum of what follows it. */
const HEAD_BYTES = 1 + 8;
const State = { queued: 0, settled: 1, dead: 2, collected: 3 } as const;
const Reply = { value: 0, error: 1 } as const;
const RAN: readonly ErrorReply['ran'][] = ['no', 'yes', 'unknown'];
const STAGES: readonly ErrorReply['stage'][] = ['client', 'queued', 'dispatched', 'running', 'reply-lost'];

/** All that is not text or bytes: of the longest kind of entry, with room. */
const NUMBERS_BYTES = 160;
const NUMBER_BYTES = 8;
/** Bytes of a text in UTF-8, at most, for each of its units. */
const BYTES_PER_UNIT = 3;

let bytes: Buffer = Buffer.alloc(0);
let at = 0;

function putByte(value: number): void {
  bytes[at++] = value;
}
function putNumber(value: number): void {
  at = bytes.writeDoubleBE(value, at);
}
function putText(value: string): void {
  const length = value === '' ? 0 : bytes.write(value, at + 2);
  bytes.writeUInt16BE(length, at);
  at += 2 + length;
}
function putBytes(value: Bytes): void {
  at = bytes.writeUInt32BE(value.length, at);
  if (value.length > 0) bytes.set(value, at);
  at += value.length;
}
function takeByte(): number {
  return bytes.readUInt8(at++);
}
function takeNumber(): number {
  at += 8;
  return bytes.readDoubleBE(at - 8);
}
function takeText(): string {
  const length = bytes.readUInt16BE(at);
  at += 2 + length;
  return length === 0 ? '' : bytes.toString('utf8', at - length, at);
}
/** A copy: what was read may be gone when it is used. */
function takeBytes(): Buffer {
  const length = bytes.readUInt32BE(at);
  at += 4 + length;
  if (at > bytes.length) throw new RangeError('it ends too early');
  return Buffer.from(bytes.subarray(at - length, at));
}

/** @returns the bytes of an entry. They may share a pool with others; do not write to them. */
export function encodeEntry(entry: Entry): Bytes {
  return entry.state === 'collected' ? encodeCollected(entry) : encodeRequest(entry);
}

function encodeCollected({ ticket, collectedAt, tickets }: CollectedEntry): Bytes {
  bytes = Buffer.allocUnsafe(HEAD_BYTES + NUMBERS_BYTES + tickets.length * NUMBER_BYTES);
  at = HEAD_BYTES;
  putByte(State.collected);
  putNumber(ticket);
  putNumber(collectedAt);
  putNumber(tickets.length);
  for (const each of tickets) putNumber(each);
  return sealed();
}

function encodeRequest(entry: QueuedEntry | SettledEntry): Bytes {
  const { service, method, key } = entry;
  const dead = entry.state === 'settled' ? entry.dead : undefined;
  const history = dead === undefined ? undefined : encodeBody(dead.history);
  const texts = service.length + method.length + key.length + (entry.state === 'queued' ? entry.orderingKey.length : 0);
  const blobs = dead === undefined ? 0 : dead.headers.length + dead.body.length + (history?.length ?? 0);
  const held = entry.state === 'queued' ? entry : entry.reply;
  const headers = 'headers' in held ? held.headers.length : 0;
  bytes = Buffer.allocUnsafe(HEAD_BYTES + NUMBERS_BYTES + texts * BYTES_PER_UNIT + blobs + headers + held.body.length);
  at = HEAD_BYTES;
  putByte(entry.state === 'queued' ? State.queued : dead === undefined ? State.settled : State.dead);
  putBase(entry);
  if (entry.state === 'queued') putQueued(entry);
  else putSettled(entry);
  if (dead !== undefined && history !== undefined) {
    putBytes(history);
    putBytes(dead.headers);
    putBytes(dead.body);
  }
  return sealed();
}

function sealed(): Bytes {
  const written = bytes.subarray(0, at);
  written[0] = VERSION;
  written.writeDoubleBE(checksumOf(written.subarray(HEAD_BYTES)), 1);
  return written;
}

function putBase(entry: QueuedEntry | SettledEntry): void {
  putNumber(entry.ticket);
  putText(entry.service);
  putText(entry.method);
  putText(entry.key);
  putNumber(entry.submitter);
  putNumber(entry.ref);
  putNumber(entry.acceptedAt);
}

function putQueued(entry: QueuedEntry): void {
  putText(entry.orderingKey);
  putByte(entry.priority);
  putNumber(entry.expiresAt);
  putNumber(entry.notBefore);
  putByte(entry.isDoubtful ? 1 : 0);
  putBytes(entry.headers);
  putBytes(entry.body);
}

function putSettled(entry: SettledEntry): void {
  putNumber(entry.digest);
  putNumber(entry.settledAt);
  putNumber(entry.keptUntil);
  const { reply } = entry;
  if (reply.kind === Kind.final) {
    putByte(Reply.value);
    putByte(reply.end ? 1 : 0);
    putNumber(reply.count);
    putBytes(reply.headers);
  } else {
    putByte(Reply.error);
    putNumber(ERRORS[reply.code].number);
    putByte(RAN.indexOf(reply.ran));
    putByte(STAGES.indexOf(reply.stage));
    putNumber(reply.retryAfterMs);
  }
  putBytes(reply.body);
}

/** @returns the entry, or why these bytes are none. Nothing of it points into them. */
export function decodeEntry(value: Bytes): Entry | { readonly damage: string } {
  if (value.length <= HEAD_BYTES) return { damage: 'it is cut short' };
  if (value[0] !== VERSION) return { damage: `its version is ${value[0] ?? 0}, this broker knows ${VERSION}` };
  bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.readDoubleBE(1) !== checksumOf(bytes.subarray(HEAD_BYTES))) return { damage: 'its checksum is wrong' };
  at = HEAD_BYTES;
  try {
    return takeEntry();
  } catch (error) {
    return { damage: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The checksum was right: the fields are what this code, or an older one of the same version, wrote. */
function takeEntry(): Entry {
  const state = takeByte();
  const ticket = takeNumber();
  if (state === State.collected) return takeCollected(ticket);
  const service = takeText();
  const method = takeText();
  const key = takeText();
  const submitter = takeNumber();
  const ref = takeNumber();
  const acceptedAt = takeNumber();
  if (state !== State.queued) {
    const base = { ticket, service, method, key, submitter, ref, acceptedAt };
    return { state: 'settled', ...base, ...takeSettled(), dead: state === State.dead ? takeDead() : undefined };
  }
  return {
    state: 'queued',
    ticket,
    service,
    method,
    key,
    submitter,
    ref,
    acceptedAt,
    orderingKey: takeText(),
    priority: takeByte(),
    expiresAt: takeNumber(),
    notBefore: takeNumber(),
    isDoubtful: takeByte() === 1,
    headers: takeBytes(),
    body: takeBytes(),
  };
}

function takeCollected(ticket: number): CollectedEntry {
  const collectedAt = takeNumber();
  const count = takeNumber();
  if (count * NUMBER_BYTES !== bytes.length - at) throw new RangeError('it ends too early');
  return { state: 'collected', ticket, collectedAt, tickets: Array.from({ length: count }, takeNumber) };
}

function takeSettled(): Pick<SettledEntry, 'digest' | 'settledAt' | 'keptUntil' | 'reply'> {
  return { digest: takeNumber(), settledAt: takeNumber(), keptUntil: takeNumber(), reply: takeReply() };
}

function takeReply(): Final | ErrorReply {
  if (takeByte() === Reply.value) {
    const end = takeByte() === 1;
    const count = takeNumber();
    return { kind: Kind.final, ref: 0, end, count, headers: takeBytes(), body: takeBytes() };
  }
  const code = errorCodeOf(takeNumber());
  const ran = RAN[takeByte()] ?? 'unknown';
  const stage = STAGES[takeByte()] ?? 'running';
  const retryAfterMs = takeNumber();
  return { kind: Kind.error, ref: 0, code, ran, stage, retryAfterMs, retry: false, body: takeBytes() };
}

function takeDead(): DeadPart {
  const history = decodeBody(takeBytes()) as readonly Attempt[];
  return { history, headers: takeBytes(), body: takeBytes() };
}
