// Reads the records that are not on the way of every request: greeting, offers, leaving, joining again.

import { errorCodeOf } from '../errors.js';
import { WIRE_LIMITS } from '../limits.js';
import { CANCEL_REASONS, Kind, STORED, type OfferedMethod, type WireRecord } from '../records.js';
import { fail, fits, has, pick, restAsText, text, timeMs, u16, u32, u53, u8 } from './cursor.js';
import { FIXED_BYTES, Flag, METHOD_FIXED_BYTES, RAN } from './layout.js';

/** Reads one of them; undefined after a problem, which an unknown kind is. */
export function readRare(kind: number, flags: number): WireRecord | undefined {
  switch (kind) {
    case Kind.hello:
      if (!fits(FIXED_BYTES.hello, flags, 0)) return undefined;
      return {
        kind,
        versionMin: u8(),
        versionMax: u8(),
        roles: u8(),
        instance: u53(),
        heartbeatMs: timeMs(),
        silenceMaxMs: timeMs(),
        messageBytesMax: u32(),
        identity: text(),
        software: text(),
      };
    case Kind.welcome:
      if (!fits(FIXED_BYTES.welcome, flags, 0)) return undefined;
      return {
        kind,
        version: u8(),
        instance: u53(),
        heartbeatMs: timeMs(),
        silenceMaxMs: timeMs(),
        messageBytesMax: u32(),
        namesMax: u32(),
        requestsMax: u32(),
        dedupeWindowMs: timeMs(),
        journal: u53(),
        software: text(),
      };
    case Kind.goodbye: {
      if (!fits(FIXED_BYTES.goodbye, flags, 0)) return undefined;
      const number = u16();
      const reason = restAsText(WIRE_LIMITS.reasonBytesMax);
      return { kind, code: number === 0 ? undefined : errorCodeOf(number), reason };
    }
    case Kind.name:
      if (!fits(FIXED_BYTES.name, flags, 0)) return undefined;
      return { kind, number: u16(), service: text(), method: text() };
    case Kind.cancel:
      return fits(FIXED_BYTES.cancel, flags, 0) ? { kind, ref: u53(), reason: pick(CANCEL_REASONS) } : undefined;
    case Kind.accepted:
      if (!fits(FIXED_BYTES.accepted, flags, 0)) return undefined;
      return { kind, ref: u53(), stored: pick(STORED), journal: u53(), ticket: u53() };
    case Kind.offer:
      return fits(FIXED_BYTES.offer, flags, 0) ? readOffer() : undefined;
    case Kind.credit:
      return fits(FIXED_BYTES.credit, flags, 0) ? { kind, service: u16(), limit: u32() } : undefined;
    case Kind.holds:
      if (!fits(FIXED_BYTES.holds, flags, Flag.finished)) return undefined;
      return {
        kind,
        instance: u53(),
        ref: u53(),
        attempt: u16(),
        service: u16(),
        finished: (flags & Flag.finished) !== 0,
      };
    case Kind.release:
      return fits(FIXED_BYTES.release, flags, 0) ? { kind, ref: u53(), ran: pick(RAN) } : undefined;
    case Kind.attach:
      if (!fits(FIXED_BYTES.attach, flags, 0)) return undefined;
      return {
        kind,
        ref: u53(),
        instance: u53(),
        request: u53(),
        attempt: u16(),
        timeLeftMs: timeMs(),
        window: u32(),
        received: u32(),
      };
    default:
      return fail('UNKNOWN_KIND');
  }
}

function readOffer(): WireRecord | undefined {
  const service = u16();
  const credit = u32();
  const count = u16();
  if (count > WIRE_LIMITS.methodsPerServiceMax) return fail('TOO_LARGE');
  const name = text();
  const methods: OfferedMethod[] = [];
  for (let i = 0; i < count; i++) {
    if (!has(METHOD_FIXED_BYTES)) return fail('BAD_LENGTH');
    const flags = u8();
    if ((flags & ~(Flag.atMostOnce | Flag.streams)) !== 0) return fail('UNKNOWN_FLAG');
    methods.push({
      atMostOnce: (flags & Flag.atMostOnce) !== 0,
      streams: (flags & Flag.streams) !== 0,
      executionTimeoutMs: timeMs(),
      maxAttempts: u16(),
      name: text(),
    });
  }
  return { kind: Kind.offer, service, credit, name, methods };
}
