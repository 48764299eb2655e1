// The numbers by which a broker works: each with its unit, its default and its reason.

import { CALL_DEFAULTS, SESSION_DEFAULTS, WIRE_LIMITS } from '@majordomo/protocol';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;

/** Everything the core needs to know. All times in ms, sizes in bytes, the rest are counts. */
export interface BrokerSettings {
  /** This run of the broker: 53 random bits, said in WELCOME. */
  readonly instance: number;
  /** Heartbeats asked of peers; a peer's own wish within the limits of the protocol is granted when it is more frequent. */
  readonly heartbeatMs: number;
  /** Silence after which a session is lost. */
  readonly silenceMaxMs: number;
  /** Largest message taken from a peer. */
  readonly messageBytesMax: number;
  /** How often a request is handed out before it is a dead letter; a method may set its own. */
  readonly maxAttempts: number;
  /** How long outcomes are remembered for resends. */
  readonly dedupeWindowMs: number;
  /** Bytes of replies remembered; the oldest go first, but not those that a client may not have read (unread.ts). */
  readonly dedupeBytesMax: number;
  /** Outcomes remembered, whatever their size. */
  readonly dedupeCountMax: number;
  /** Requests that may wait in the queue of one service. */
  readonly queueLengthMax: number;
  /** Bytes of bodies and headers that may wait in the queue of one service. */
  readonly queueBytesMax: number;
  /** Unsettled requests of one client session. */
  readonly requestsPerSessionMax: number;
  /** What BUSY tells the caller to wait. */
  readonly busyRetryMs: number;
  /** How long after the broker's own start a name that no worker has offered yet is awaited, before it is NO_SUCH_SERVICE. */
  readonly absenceMaxMs: number;
  /** How long calls wait for a service after its last worker left, before they end as SERVICE_UNAVAILABLE. */
  readonly serviceAwaitMaxMs: number;
  /** How long one of them waits here at a time when its client can ask other brokers. */
  readonly awaitTurnMs: number;
  /** How long a service is remembered after its last worker left; then it is NO_SUCH_SERVICE. */
  readonly serviceKeepMs: number;
  /** Methods without workers that are remembered; the oldest are forgotten first. */
  readonly awayMethodsMax: number;
  /** How long an unknown request that was asked before waits for a worker that may already hold it. */
  readonly resendHoldMs: number;
  /** How long a client may be away before its unsettled calls are given up. */
  readonly clientAwayMaxMs: number;
  /** What the broker allows a worker beyond executionTimeoutMs to say so itself. */
  readonly executionGraceMs: number;
  /** Lost attempts after which a request is handed out only to a worker that holds nothing else, so that it cannot take others with it. */
  readonly isolateAfterAttempts: number;
  /** How long a request that was handed over may take to be done, when it does not say. */
  readonly expiresMs: number;
  /** How long the outcome of a durable request is kept for somebody to collect it. */
  readonly resultKeepMs: number;
  /** How long it is kept after somebody has. */
  readonly collectedKeepMs: number;
  /** How long it is kept after that in any case: then it may make room for new submissions. */
  readonly collectedKeepMinMs: number;
  /** How long a durable request that was given up is kept as a dead letter, collected or not. */
  readonly deadLetterKeepMs: number;
  /** Requests in the journal, their outcomes included. */
  readonly storedCountMax: number;
  /** Bytes in the journal. They are in memory too while they wait. */
  readonly storedBytesMax: number;
  /** Bodies of durable requests that are read ahead for one method: so many requests, and so many bytes. */
  readonly readAheadMax: number;
  readonly readAheadBytesMax: number;
  /** What STORE_FULL tells the caller to wait. */
  readonly storeFullRetryMs: number;
  /** Requests that may wait until the journal has been read: a full resend of some thousand clients fits. */
  readonly deferredCountMax: number;
  /** Bytes of their headers and bodies. */
  readonly deferredBytesMax: number;
  readonly deadLettersMax: number;
  readonly deadLettersBytesMax: number;
  /** Bytes that requests, outcomes, dead letters and what waits for the disk may take in memory, heap and buffers together. */
  readonly memoryBytesMax: number;
  readonly servicesMax: number;
  readonly linksMax: number;
  /** Held runs that one worker may announce. */
  readonly holdingsPerSessionMax: number;
}

/** Defaults; `instance` has none. */
export const BROKER_DEFAULTS: Omit<BrokerSettings, 'instance'> = Object.freeze({
  heartbeatMs: SESSION_DEFAULTS.heartbeatMs,
  silenceMaxMs: SESSION_DEFAULTS.silenceMaxMs,
  messageBytesMax: WIRE_LIMITS.messageBytesMax,
  maxAttempts: CALL_DEFAULTS.maxAttempts,
  dedupeWindowMs: CALL_DEFAULTS.dedupeWindowMs,
  dedupeBytesMax: 64 * MIB,
  dedupeCountMax: 100_000,
  queueLengthMax: 200_000,
  queueBytesMax: 256 * MIB,
  requestsPerSessionMax: 200_000,
  busyRetryMs: 250,
  absenceMaxMs: 2_000,
  // As long as a call lasts by default, and longer than a process takes to be started again.
  serviceAwaitMaxMs: 30_000,
  awaitTurnMs: 2_000,
  serviceKeepMs: 600_000,
  // Some 6 MB.
  awayMethodsMax: 20_000,
  resendHoldMs: 1_000,
  clientAwayMaxMs: SESSION_DEFAULTS.silenceMaxMs,
  executionGraceMs: 500,
  isolateAfterAttempts: 2,
  expiresMs: DAY_MS,
  resultKeepMs: DAY_MS,
  collectedKeepMs: CALL_DEFAULTS.dedupeWindowMs,
  // As long as a call waits: whoever lost the answer on its way asks again within that.
  collectedKeepMinMs: CALL_DEFAULTS.deadlineMs,
  // Somebody has to look at it: two weeks reach over a holiday.
  deadLetterKeepMs: 14 * DAY_MS,
  storedCountMax: 2_000_000,
  storedBytesMax: 4 * 1024 * MIB,
  // A read comes back within two commits, some 10 ms: enough for 50,000 requests/s of one method.
  readAheadMax: 1_024,
  readAheadBytesMax: 4 * MIB,
  storeFullRetryMs: 1_000,
  deferredCountMax: 20_000,
  deferredBytesMax: 64 * MIB,
  deadLettersMax: 1_000,
  deadLettersBytesMax: 32 * MIB,
  memoryBytesMax: 1024 * MIB,
  servicesMax: 10_000,
  linksMax: 20_000,
  holdingsPerSessionMax: 65_536,
});
