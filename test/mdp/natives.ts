// What native workers say in these scenes.

import { encodeBody, Kind, NO_BYTES, type ErrorCode, type WireRecord } from '@majordomo/protocol';

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** FINAL with a value. */
export function value(ref: number, body: Uint8Array, headers: Uint8Array = NO_BYTES): WireRecord {
  return { kind: Kind.final, ref, end: false, count: 0, headers, body };
}

/** A value of a stream. */
export function part(ref: number, index: number, text: string): WireRecord {
  return { kind: Kind.partial, ref, index, isFrameList: false, body: bytes(text) };
}

/** FINAL of a stream of so many values. */
export function end(ref: number, count: number): WireRecord {
  return { kind: Kind.final, ref, end: true, count, headers: NO_BYTES, body: NO_BYTES };
}

export function failed(ref: number, code: ErrorCode = 'HANDLER_FAILED', ran: 'no' | 'yes' = 'yes'): WireRecord {
  const body = encodeBody({ message: 'no beans', details: { left: 0 } });
  return { kind: Kind.error, ref, code, ran, stage: 'running', retryAfterMs: 0, retry: false, body };
}

/** Frames as they travel natively. */
export function several(...frames: readonly string[]): { readonly headers: Uint8Array; readonly body: Uint8Array } {
  return { headers: encodeBody({ frames: frames.length }), body: encodeBody(frames.map(bytes)) };
}
