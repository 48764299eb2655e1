// What the person at the command line can do about an error, where that is more than the catalogue of errors can know.

import type { ErrorCode } from '@majordomo/protocol';

/** Said after the help of the catalogue. */
export const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  NO_BROKER: 'Start one with majordomo broker, or name another one with --broker.',
  NO_SUCH_SERVICE: 'majordomo services lists what is there; --wait waits for a worker.',
  NO_SUCH_METHOD: 'majordomo services lists the methods.',
  DEADLINE_EXCEEDED: 'More time is given with --timeout, a key with --idempotency-key.',
  STREAM_EXPECTED: 'Here: add --stream.',
  ATTEMPTS_EXHAUSTED: 'majordomo dead-letters show has the history, majordomo dead-letters replay hands it over again.',
  UNDECODABLE: '--codec msgpack, json or raw says how the bytes are meant.',
  UNSUPPORTED: 'A broker keeps requests unless it was started with --data off.',
};
