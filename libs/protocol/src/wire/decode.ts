// Messages in, records or a named fault out: the reading half of the wire.
//
// T1. Total: every list of frames gives records or a fault; nothing here throws for what a peer sent.
// T2. No length is believed before it is checked against what is there; nothing is allocated by a length from outside.
// T3. A message is taken whole or not at all: one bad record spoils it.

import { errorCodeOf } from '../errors.js';
import { PROTOCOL_VERSION, WIRE_LIMITS } from '../limits.js';
import { DRAIN, HEARTBEAT, Kind, type OtherBrokers, type WireRecord } from '../records.js';
import {
  body,
  fail,
  fits,
  framesTaken,
  has,
  headers,
  limitTo,
  open,
  pick,
  position,
  problemSoFar,
  text,
  storedTimeMs,
  timeMs,
  u16,
  u32,
  u53,
  u8,
  type FaultName,
} from './cursor.js';
import { readRare } from './decode-rare.js';
import {
  BATCH_HEADER_BYTES,
  BODY_IS_FRAME,
  FIXED_BYTES,
  Flag,
  MAGIC,
  RAN,
  RECORD_HEADER_BYTES,
  STAGES,
} from './layout.js';

export type { FaultName } from './cursor.js';

/** A fault and the byte of the batch frame at which it was seen. */
export interface Fault {
  readonly fault: FaultName;
  readonly at: number;
}

/** Exactly one of the two. */
export type Decoded = { readonly records: WireRecord[]; readonly fault?: undefined } | Fault;

const REQUEST_FLAGS = Flag.waitForService | Flag.confirm | Flag.othersUnasked | Flag.othersAsked | BODY_IS_FRAME;

function otherBrokersOf(flags: number): OtherBrokers {
  if ((flags & (Flag.othersUnasked | Flag.othersAsked)) === 0) return 'none';
  return (flags & Flag.othersAsked) === 0 ? 'unasked' : 'asked';
}

function readRecord(kind: number, flags: number): WireRecord | undefined {
  switch (kind) {
    case Kind.request: {
      if (!fits(FIXED_BYTES.request, flags, REQUEST_FLAGS)) return undefined;
      const ref = u53();
      const name = u16();
      const timeLeftMs = timeMs();
      const ageMs = timeMs();
      const window = u32();
      const received = u32();
      const key = text();
      if (!has(4)) return fail('BAD_LENGTH');
      return {
        kind,
        ref,
        name,
        timeLeftMs,
        ageMs,
        window,
        received,
        waitForService: (flags & Flag.waitForService) !== 0,
        otherBrokers: otherBrokersOf(flags),
        confirm: (flags & Flag.confirm) !== 0,
        key,
        headers: headers(),
        body: body(flags),
      };
    }
    case Kind.submit:
      return fits(FIXED_BYTES.submit, flags, BODY_IS_FRAME) ? readSubmit(kind, flags) : undefined;
    case Kind.dispatch:
      if (!fits(FIXED_BYTES.dispatch, flags, BODY_IS_FRAME)) return undefined;
      return {
        kind,
        ref: u53(),
        service: u16(),
        method: u16(),
        instance: u53(),
        request: u53(),
        attempt: u16(),
        timeLeftMs: timeMs(),
        window: u32(),
        received: u32(),
        headers: headers(),
        body: body(flags),
      };
    case Kind.final:
      if (!fits(FIXED_BYTES.final, flags, Flag.end | BODY_IS_FRAME)) return undefined;
      return {
        kind,
        ref: u53(),
        end: (flags & Flag.end) !== 0,
        count: u32(),
        headers: headers(),
        body: body(flags),
      };
    case Kind.partial:
      if (!fits(FIXED_BYTES.partial, flags, Flag.frameList | BODY_IS_FRAME)) return undefined;
      return {
        kind,
        ref: u53(),
        index: u32(),
        isFrameList: (flags & Flag.frameList) !== 0,
        body: body(flags),
      };
    case Kind.progress:
      if (!fits(FIXED_BYTES.progress, flags, BODY_IS_FRAME)) return undefined;
      return { kind, ref: u53(), body: body(flags) };
    case Kind.error:
      if (!fits(FIXED_BYTES.error, flags, Flag.retry | BODY_IS_FRAME)) return undefined;
      return {
        kind,
        ref: u53(),
        code: errorCodeOf(u16()),
        ran: pick(RAN),
        stage: pick(STAGES),
        retryAfterMs: timeMs(),
        retry: (flags & Flag.retry) !== 0,
        body: body(flags),
      };
    case Kind.settled:
      return fits(FIXED_BYTES.settled, flags, 0) ? { kind, below: u53() } : undefined;
    case Kind.taken:
      return fits(FIXED_BYTES.taken, flags, 0) ? { kind, count: u32() } : undefined;
    case Kind.heartbeat:
      return fits(0, flags, 0) ? HEARTBEAT : undefined;
    case Kind.drain:
      return fits(0, flags, 0) ? DRAIN : undefined;
    case Kind.window:
      if (!fits(FIXED_BYTES.window, flags, Flag.rewind)) return undefined;
      return { kind, ref: u53(), received: u32(), allowed: u32(), rewind: (flags & Flag.rewind) !== 0 };
    default:
      return readRare(kind, flags);
  }
}

function readSubmit(kind: typeof Kind.submit, flags: number): WireRecord | undefined {
  const ref = u53();
  const name = u16();
  const ageMs = timeMs();
  const expiresMs = storedTimeMs();
  const delayMs = storedTimeMs();
  const priority = u8();
  if (priority > WIRE_LIMITS.priorityMax) return fail('NUMBER_OUT_OF_RANGE');
  const orderingKey = text();
  const key = text();
  if (!has(4)) return fail('BAD_LENGTH');
  return {
    kind,
    ref,
    name,
    ageMs,
    expiresMs,
    delayMs,
    priority,
    orderingKey,
    key,
    headers: headers(),
    body: body(flags),
  };
}

/** Does this first frame belong to the native protocol (and not to plain MDP, or to nobody)? */
export function isNative(frame: Uint8Array | undefined): boolean {
  return frame !== undefined && frame.length >= BATCH_HEADER_BYTES && frame[0] === MAGIC;
}

function readBatch(batchEnd: number): WireRecord[] | undefined {
  const records: WireRecord[] = [];
  while (position() < batchEnd) {
    if (position() + RECORD_HEADER_BYTES > batchEnd) return fail('TRUNCATED_RECORD');
    const length = u32();
    if (length < 2) return fail('BAD_LENGTH');
    const end = position() + length;
    if (end > batchEnd) return fail('TRUNCATED_RECORD');
    limitTo(end);
    if (records.length === WIRE_LIMITS.recordsPerMessageMax) return fail('TOO_MANY_RECORDS');
    const kind = u8();
    const record = readRecord(kind, u8());
    if (record === undefined || problemSoFar() !== undefined) return undefined;
    if (position() !== end) return fail('BAD_LENGTH');
    records.push(record);
  }
  return records;
}

/**
 * Decodes one message.
 *
 * @param frames the frames after the routing frame; any list whatever, also an empty one. Bodies and headers of the records
 *   point into them.
 * @param bytesMax the most that all frames together may hold.
 * @returns the records in their order, or the first fault.
 */
export function decodeMessage(
  frames: readonly Uint8Array[],
  bytesMax: number = WIRE_LIMITS.messageBytesMax + WIRE_LIMITS.batchOverheadBytes,
): Decoded {
  const first = frames[0];
  if (first === undefined || !isNative(first)) return { fault: 'NOT_NATIVE', at: 0 };
  if (first[1] !== PROTOCOL_VERSION) return { fault: 'WRONG_VERSION', at: 1 };
  if (first.length === BATCH_HEADER_BYTES) return { fault: 'EMPTY_BATCH', at: BATCH_HEADER_BYTES };
  if (frames.length - 1 > WIRE_LIMITS.bodyFramesMax) return { fault: 'TOO_MANY_FRAMES', at: 0 };
  let total = 0;
  for (let i = 0; i < frames.length; i++) total += (frames[i] as Uint8Array).length;
  if (total > bytesMax) return { fault: 'TOO_LARGE', at: 0 };

  const batch = Buffer.isBuffer(first) ? first : Buffer.from(first.buffer, first.byteOffset, first.byteLength);
  open(frames, batch, BATCH_HEADER_BYTES);
  const records = readBatch(batch.length);
  const problem = problemSoFar();
  if (records === undefined || problem !== undefined) return { fault: problem ?? 'BAD_LENGTH', at: position() };
  if (framesTaken() !== frames.length - 1) return { fault: 'BODY_FRAME_SPARE', at: position() };
  return { records };
}
