// What the exit code of the command says. Scripts decide by it; the text on stderr is for people.

import type { ErrorCode } from '@majordomo/protocol';

/** Every exit code, with what it means for whoever reads --help. */
export const EXIT_CODES = {
  ok: { code: 0, help: 'done' },
  handlerFailed: {
    code: 1,
    help: 'the handler failed, or its answer could not be sent (demo: a request was lost or answered twice)',
  },
  usage: { code: 2, help: 'a flag, setting, argument or input is wrong: correct it' },
  noBroker: { code: 3, help: 'no broker answers' },
  noSuchMethod: { code: 4, help: 'no such service or method' },
  deadline: { code: 5, help: 'no answer before the deadline' },
  busy: { code: 6, help: 'the broker would not take it now and nothing ran: try again later' },
  givenUp: { code: 7, help: 'the request was given up and may have run: find out before asking again' },
  refused: { code: 8, help: 'the broker does not allow or does not offer this' },
  internal: { code: 70, help: 'a bug in Majordomo, or a peer that breaks the protocol' },
  storeFailed: {
    code: 74,
    help: 'broker: its journal cannot be read or written; nothing was acknowledged that is not on disk',
  },
} as const;

export type ExitReason = keyof typeof EXIT_CODES;

/** Each error of the catalogue has one. */
const REASONS: Readonly<Record<ErrorCode, ExitReason>> = {
  HANDLER_FAILED: 'handlerFailed',
  EXECUTION_TIMEOUT: 'handlerFailed',
  REPLY_UNSENDABLE: 'handlerFailed',
  INVALID_ARGUMENT: 'usage',
  INVALID_OPTION: 'usage',
  UNENCODABLE: 'usage',
  MESSAGE_TOO_LARGE: 'usage',
  STREAM_EXPECTED: 'usage',
  REQUEST_CONFLICT: 'usage',
  // The answer is there; --codec, or its absence, does not fit it.
  UNDECODABLE: 'usage',
  NO_BROKER: 'noBroker',
  NO_SUCH_SERVICE: 'noSuchMethod',
  NO_SUCH_METHOD: 'noSuchMethod',
  DEADLINE_EXCEEDED: 'deadline',
  BUSY: 'busy',
  STORE_FULL: 'busy',
  RESOURCE_EXHAUSTED: 'busy',
  TICKET_UNKNOWN: 'usage',
  TICKET_EXPIRED: 'givenUp',
  TICKET_DAMAGED: 'givenUp',
  DRAINING: 'busy',
  SERVICE_UNAVAILABLE: 'busy',
  WORKER_LOST: 'givenUp',
  ATTEMPTS_EXHAUSTED: 'givenUp',
  STREAM_BROKEN: 'givenUp',
  REQUEST_FORGOTTEN: 'givenUp',
  SESSION_LOST: 'givenUp',
  CANCELLED: 'givenUp',
  CLOSED: 'givenUp',
  UNAUTHORIZED: 'refused',
  SUPERSEDED: 'refused',
  UNSUPPORTED: 'refused',
  PROTOCOL_ERROR: 'internal',
  VERSION_MISMATCH: 'internal',
  INVALID_SERVICE: 'internal',
  INTERNAL: 'internal',
};

/** The exit code for an error of the catalogue. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[REASONS[code]].code;
}

/** Why the error of the catalogue ends a command. */
export function exitReasonOf(code: ErrorCode): ExitReason {
  return REASONS[code];
}

/** A process that a signal ended: 128 and the number of the signal, as shells have it. */
export function exitCodeOfSignal(signal: 'SIGINT' | 'SIGTERM'): number {
  return signal === 'SIGINT' ? 130 : 143;
}
