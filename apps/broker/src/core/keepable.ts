// Bytes that outlive the message in which they came.

import type { Bytes } from '@majordomo/protocol';

/**
 * Bytes to be kept for longer than their message: copied when they are a small part of it, so that a few
 * of them do not keep a whole batch in memory.
 */
export function keepable(bytes: Bytes): Bytes {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes;
}
