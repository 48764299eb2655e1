// MDP bodies are lists of frames; ours are one piece of bytes. How the one becomes the other.
//
// Y1. One frame is the body as it is. Several travel as a MessagePack list of bytes, and the header `frames` says so, in a PARTIAL its flag.
// Y2. MDP has no error reply. An error is a reply of three frames that begins with a mark; no result may look like it.

import {
  decodeBody,
  decodeErrorBody,
  encodeBody,
  encodeErrorBody,
  type Bytes,
  type ErrorReply,
  type Partial,
} from '@majordomo/protocol';
import type { Version } from './dialect.js';

/** What a body from or for MDP frames has in its headers. */
export interface MdpHeaders {
  /** The protocol of the client: `0.1` or `0.2`; replies of workers have none. */
  readonly mdp?: string;
  /** Y1; absent for one. */
  readonly frames?: number;
}

/** Y2. Not MessagePack that anything encodes, not JSON. */
export const ERROR_MARK = Buffer.from('MAJORDOMO-ERROR');

const EMPTY: Bytes = new Uint8Array(0);

export function bodyOf(frames: readonly Bytes[]): Bytes {
  return frames.length === 1 ? (frames[0] as Bytes) : encodeBody(frames.map((frame) => Buffer.from(frame)));
}

export function headersOf(headers: MdpHeaders): Bytes {
  return encodeBody(headers);
}

/** Of requests with one frame, which is nearly all of them; by the version of the client. */
const HEADERS_OF_ONE = {
  1: Buffer.from(headersOf({ mdp: '0.1' })),
  2: Buffer.from(headersOf({ mdp: '0.2' })),
} as const;

/** @param count frames of its body. */
export function requestHeaders(version: Version, count: number): Bytes {
  return count === 1 ? HEADERS_OF_ONE[version] : headersOf({ mdp: `0.${version}`, frames: count });
}

/** @returns the frames of a body: at least one; nothing at all is an empty frame. */
export function framesOf(headers: Bytes, body: Bytes): readonly Bytes[] {
  if (headers.length === 0 || !hasSeveral(headers)) return [body.length === 0 ? EMPTY : body];
  return listedFrames(body);
}

/** @returns the frames of a body that is to be a list of them; one frame when it is none. */
function listedFrames(body: Bytes): readonly Bytes[] {
  const frames = decode(body);
  const isList = Array.isArray(frames) && frames.length > 0 && frames.every((frame) => frame instanceof Uint8Array);
  return isList ? (frames as Bytes[]) : [body];
}

/** @returns the frames of a value of a stream, which do not point into the message that it came in. */
export function framesOfPartial({ isFrameList, body }: Partial): readonly Bytes[] {
  return (isFrameList ? listedFrames(body) : [body]).map((frame) => Buffer.from(frame));
}

function hasSeveral(headers: Bytes): boolean {
  if (HEADERS_OF_ONE[1].equals(headers) || HEADERS_OF_ONE[2].equals(headers)) return false;
  const map = decode(headers);
  return typeof map === 'object' && map !== null && Number((map as MdpHeaders).frames ?? 1) > 1;
}

function decode(bytes: Bytes): unknown {
  try {
    return decodeBody(bytes);
  } catch {
    return undefined;
  }
}

/** Could this result be taken for an error (Y2)? */
export function looksLikeError(frames: readonly Bytes[]): boolean {
  return frames.length === 3 && ERROR_MARK.equals(frames[0] as Bytes);
}

/** Y2: a result that could be taken for an error becomes one. */
export function resultFrames(frames: readonly Bytes[]): readonly Bytes[] {
  if (!looksLikeError(frames)) return frames;
  const body = encodeErrorBody({ message: 'the reply cannot be passed on: it begins like an error' });
  return errorFrames({ code: 'REPLY_UNSENDABLE', ran: 'yes', stage: 'running', retryAfterMs: 0, body });
}

/** Y2: the mark, the code, and for people and programs a JSON text with the rest. */
export function errorFrames({
  code,
  ran,
  stage,
  retryAfterMs,
  body,
}: Omit<ErrorReply, 'kind' | 'ref' | 'retry'>): Bytes[] {
  const { message, details } = decodeErrorBody(body);
  const text = JSON.stringify({ message, ran, stage, retryAfterMs, details });
  return [ERROR_MARK, Buffer.from(code), Buffer.from(text)];
}
