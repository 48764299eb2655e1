// Records in, messages out: the writing half of the wire.
//
// N1. Small bodies are copied into the batch, large ones become frames of their own by reference.
// N2. A message is sealed when it passes `batchBytes` inline or `messageSealBytes` in all; records never straddle messages.
// N3. What is handed out shares no memory with the scratch space: a socket may keep it for as long as it likes.

import { ERRORS } from '../errors.js';
import { WIRE_LIMITS, PROTOCOL_VERSION } from '../limits.js';
import { CANCEL_REASONS, FOREIGN, Kind, STORED, type Bytes, type Request, type WireRecord } from '../records.js';
import { BATCH_HEADER_BYTES, BODY_IS_FRAME, Flag, MAGIC, RAN, RECORD_HEADER_BYTES, STAGES } from './layout.js';

/** One ZeroMQ message: the batch frame, then body frames. */
export type Message = Uint8Array[];

/** The largest record without its body: an OFFER with all its methods, or headers and key at their bounds. */
const RECORD_ROOM_BYTES = 128 * 1024;
const scratch = Buffer.allocUnsafeSlow(WIRE_LIMITS.batchBytes + RECORD_ROOM_BYTES);

let at = 0;
let frames: Bytes[] = [];
let framesBytes = 0;

function u8(value: number): void {
  scratch[at++] = value;
}
function u16(value: number): void {
  scratch[at] = value >>> 8;
  scratch[at + 1] = value;
  at += 2;
}
function u32(value: number): void {
  scratch[at] = value >>> 24;
  scratch[at + 1] = value >>> 16;
  scratch[at + 2] = value >>> 8;
  scratch[at + 3] = value;
  at += 4;
}
function u53(value: number): void {
  u32(Math.floor(value / 0x1_0000_0000));
  u32(value >>> 0);
}
function text(value: string): void {
  if (value === '') {
    scratch[at++] = 0;
    return;
  }
  const length = scratch.write(value, at + 1);
  scratch[at] = length;
  at += 1 + length;
}
function inline(bytes: Bytes): void {
  const length = bytes.length;
  if (length <= 24) for (let i = 0; i < length; i++) scratch[at + i] = bytes[i] as number;
  else scratch.set(bytes, at);
  at += length;
}
function headers(bytes: Bytes): void {
  u32(bytes.length);
  if (bytes.length > 0) inline(bytes);
}

/** Writes the body of a record that began at `start`: inline, or as a frame with the flag set. */
function body(bytes: Bytes, start: number): void {
  if (bytes.length <= WIRE_LIMITS.bodyInlineBytes) {
    inline(bytes);
    return;
  }
  scratch[start + 5] = (scratch[start + 5] as number) | BODY_IS_FRAME;
  frames.push(bytes);
  framesBytes += bytes.length;
}

/** Leaves room for the length and writes kind and flags. */
function begin(kind: Kind, flags: number): void {
  at += 4;
  u8(kind);
  u8(flags);
}

function requestFlags({ waitForService, otherBrokers, confirm }: Request): number {
  const others = otherBrokers === 'none' ? 0 : otherBrokers === 'asked' ? Flag.othersAsked : Flag.othersUnasked;
  return others | (waitForService ? Flag.waitForService : 0) | (confirm ? Flag.confirm : 0);
}

function write(record: WireRecord): void {
  const start = at;
  switch (record.kind) {
    case Kind.request:
      begin(record.kind, requestFlags(record));
      u53(record.ref);
      u16(record.name);
      u32(record.timeLeftMs);
      u32(record.ageMs);
      u32(record.window);
      u32(record.received);
      text(record.key);
      headers(record.headers);
      body(record.body, start);
      break;
    case Kind.submit:
      begin(record.kind, 0);
      u53(record.ref);
      u16(record.name);
      u32(record.ageMs);
      u53(record.expiresMs);
      u53(record.delayMs);
      u8(record.priority);
      text(record.orderingKey);
      text(record.key);
      headers(record.headers);
      body(record.body, start);
      break;
    case Kind.dispatch:
      begin(record.kind, 0);
      u53(record.ref);
      u16(record.service);
      u16(record.method);
      u53(record.instance);
      u53(record.request);
      u16(record.attempt);
      u32(record.timeLeftMs);
      u32(record.window);
      u32(record.received);
      headers(record.headers);
      body(record.body, start);
      break;
    case Kind.final:
      begin(record.kind, record.end ? Flag.end : 0);
      u53(record.ref);
      u32(record.count);
      headers(record.headers);
      body(record.body, start);
      break;
    case Kind.partial:
      begin(record.kind, record.isFrameList ? Flag.frameList : 0);
      u53(record.ref);
      u32(record.index);
      body(record.body, start);
      break;
    case Kind.progress:
      begin(record.kind, 0);
      u53(record.ref);
      body(record.body, start);
      break;
    case Kind.error:
      begin(record.kind, record.retry ? Flag.retry : 0);
      u53(record.ref);
      u16(ERRORS[record.code].number);
      u8(RAN.indexOf(record.ran));
      u8(STAGES.indexOf(record.stage));
      u32(record.retryAfterMs);
      body(record.body, start);
      break;
    case Kind.settled:
      begin(record.kind, 0);
      u53(record.below);
      break;
    case Kind.taken:
      begin(record.kind, 0);
      u32(record.count);
      break;
    case Kind.heartbeat:
    case Kind.drain:
      begin(record.kind, 0);
      break;
    case Kind.window:
      begin(record.kind, record.rewind ? Flag.rewind : 0);
      u53(record.ref);
      u32(record.received);
      u32(record.allowed);
      break;
    default:
      writeRare(record);
  }
  const length = at - start - 4;
  scratch[start] = length >>> 24;
  scratch[start + 1] = length >>> 16;
  scratch[start + 2] = length >>> 8;
  scratch[start + 3] = length;
}

type Rare = Exclude<
  WireRecord,
  {
    kind:
      | typeof Kind.request
      | typeof Kind.submit
      | typeof Kind.dispatch
      | typeof Kind.final
      | typeof Kind.partial
      | typeof Kind.progress
      | typeof Kind.error
      | typeof Kind.settled
      | typeof Kind.taken
      | typeof Kind.heartbeat
      | typeof Kind.drain
      | typeof Kind.window;
  }
>;

/** The records that are not on the way of every request. */
function writeRare(record: Rare): void {
  switch (record.kind) {
    case Kind.hello:
      begin(record.kind, 0);
      u8(record.versionMin);
      u8(record.versionMax);
      u8(record.roles);
      u53(record.instance);
      u32(record.heartbeatMs);
      u32(record.silenceMaxMs);
      u32(record.messageBytesMax);
      text(record.identity);
      text(record.software);
      break;
    case Kind.welcome:
      begin(record.kind, 0);
      u8(record.version);
      u53(record.instance);
      u32(record.heartbeatMs);
      u32(record.silenceMaxMs);
      u32(record.messageBytesMax);
      u32(record.namesMax);
      u32(record.requestsMax);
      u32(record.dedupeWindowMs);
      u53(record.journal);
      text(record.software);
      break;
    case Kind.goodbye:
      begin(record.kind, 0);
      u16(record.code === undefined ? 0 : ERRORS[record.code].number);
      at += scratch.write(record.reason, at);
      break;
    case Kind.name:
      begin(record.kind, 0);
      u16(record.number);
      text(record.service);
      text(record.method);
      break;
    case Kind.cancel:
      begin(record.kind, 0);
      u53(record.ref);
      u8(CANCEL_REASONS.indexOf(record.reason));
      break;
    case Kind.accepted:
      begin(record.kind, 0);
      u53(record.ref);
      u8(STORED.indexOf(record.stored));
      u53(record.journal);
      u53(record.ticket);
      break;
    case Kind.offer:
      begin(record.kind, 0);
      u16(record.service);
      u32(record.credit);
      u16(record.methods.length);
      text(record.name);
      for (const method of record.methods) {
        u8((method.atMostOnce ? Flag.atMostOnce : 0) | (method.streams ? Flag.streams : 0));
        u32(method.executionTimeoutMs);
        u16(method.maxAttempts);
        text(method.name);
      }
      break;
    case Kind.credit:
      begin(record.kind, 0);
      u16(record.service);
      u32(record.limit);
      break;
    case Kind.holds:
      begin(record.kind, record.finished ? Flag.finished : 0);
      u53(record.instance);
      u53(record.ref);
      u16(record.attempt);
      u16(record.service);
      break;
    case Kind.release:
      begin(record.kind, 0);
      u53(record.ref);
      u8(RAN.indexOf(record.ran));
      break;
    case Kind.attach:
      begin(record.kind, 0);
      u53(record.ref);
      u53(record.instance);
      u53(record.request);
      u16(record.attempt);
      u32(record.timeLeftMs);
      u32(record.window);
      u32(record.received);
      break;
    case FOREIGN:
      throw new Error('a message of another protocol is sent as it is');
    default:
      return record satisfies never;
  }
}

function open(): void {
  scratch[0] = MAGIC;
  scratch[1] = PROTOCOL_VERSION;
  at = BATCH_HEADER_BYTES;
  frames = [];
  framesBytes = 0;
}

function seal(): Message {
  const batch = Buffer.allocUnsafeSlow(at);
  scratch.copy(batch, 0, 0, at);
  return frames.length === 0 ? [batch] : [batch, ...frames];
}

/**
 * Encodes records, in their order, into as few messages as the bounds allow.
 * The records must be within WIRE_LIMITS (names, headers, keys, numbers): who builds them has checked.
 *
 * @returns messages whose batch frames are fresh memory; body frames are the very arrays that the records hold.
 */
export function encodeMessages(records: readonly WireRecord[]): Message[] {
  const messages: Message[] = [];
  open();
  for (let i = 0; i < records.length; i++) {
    write(records[i] as WireRecord);
    if (
      at >= WIRE_LIMITS.batchBytes ||
      at + framesBytes >= WIRE_LIMITS.messageSealBytes ||
      frames.length >= WIRE_LIMITS.bodyFramesMax
    ) {
      messages.push(seal());
      open();
    }
  }
  if (at > BATCH_HEADER_BYTES) messages.push(seal());
  frames = [];
  return messages;
}

/** Bytes that a record of these parts takes in its message; for bounds by bytes before encoding. */
export function recordBytes(fixedBytes: number, headersBytes: number, bodyBytes: number): number {
  return RECORD_HEADER_BYTES + fixedBytes + headersBytes + bodyBytes;
}
