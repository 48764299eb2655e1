// Where the bytes of each record lie (docs/protocol.md, section 3). Numbers are in network order.
//
// A message is a batch frame and the body frames that its records point to. The batch frame is
//   magic u8 | version u8 | record*        record = length u32 | kind u8 | flags u8 | fields
// with `length` counting what follows it.

import { CANCEL_REASONS, STORED } from '../records.js';
import type { Ran, Stage } from '../errors.js';

/** First byte of every native batch; no MDP header begins with it, so that one port serves both. */
export const MAGIC = 0x9d;
/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 2;
/** length, kind and flags. */
export const RECORD_HEADER_BYTES = 6;

/** Flag on any record with a body: it is the next body frame, not inline. */
export const BODY_IS_FRAME = 0x80;
/** Flags of single kinds. */
export const Flag = {
  waitForService: 0x01,
  confirm: 0x02,
  othersUnasked: 0x04,
  othersAsked: 0x08,
  rewind: 0x01,
  frameList: 0x01,
  end: 0x01,
  retry: 0x01,
  finished: 0x01,
  atMostOnce: 0x01,
  streams: 0x02,
} as const;

/** Bytes of the fixed fields after the record header, by kind. What is variable follows them, the body last. */
export const FIXED_BYTES = {
  hello: 1 + 1 + 1 + 8 + 4 + 4 + 4,
  welcome: 1 + 8 + 4 + 4 + 4 + 4 + 4 + 4 + 8,
  goodbye: 2,
  name: 2,
  request: 8 + 2 + 4 + 4 + 4 + 4 + 1 + 4,
  cancel: 8 + 1,
  window: 8 + 4 + 4,
  settled: 8,
  submit: 8 + 2 + 4 + 8 + 8 + 1 + 1 + 1 + 4,
  accepted: 8 + 1 + 8 + 8,
  partial: 8 + 4,
  progress: 8,
  final: 8 + 4 + 4,
  error: 8 + 2 + 1 + 1 + 4,
  offer: 2 + 4 + 2,
  credit: 2 + 4,
  holds: 8 + 8 + 2 + 2,
  release: 8 + 1,
  dispatch: 8 + 2 + 2 + 8 + 8 + 2 + 4 + 4 + 4 + 4,
  attach: 8 + 8 + 8 + 2 + 4 + 4 + 4,
  taken: 4,
} as const;
/** The part of an offered method before its name. */
export const METHOD_FIXED_BYTES = 1 + 4 + 2;

/** The order is the number on the wire. */
export const RAN: readonly Ran[] = ['no', 'yes', 'unknown'];
export const STAGES: readonly Stage[] = ['client', 'queued', 'dispatched', 'running', 'reply-lost'];
export { CANCEL_REASONS, STORED };
