// What a broker can be told, in one table: the embedding call, the CLI's flags, its environment and its file all read it.

import {
  DEFAULT_BROKER,
  SESSION_DEFAULTS,
  WIRE_LIMITS,
  resolveOptions,
  type OptionSpec,
  type OptionTable,
} from '@majordomo/protocol';
import { endpointList, PORT_LIMITS, zmtpHeartbeat } from '@majordomo/runtime';
import { memoryBytesDefault } from './memory-limit.js';
import { BROKER_DEFAULTS, type BrokerSettings } from './core/settings.js';

/** Options of `createBroker`: all optional, times in ms, sizes in bytes. The table below says what each is for. */
export interface BrokerOptions extends Omit<BrokerSettings, 'instance'> {
  /** Endpoints to listen on. */
  readonly bind: readonly string[];
  /** Folder of the journal; '' for none, and then nothing can be submitted. */
  readonly data: string;
  /** With less than this many bytes free for the journal nothing new is submitted; what was submitted goes on. */
  readonly storeReserveBytes: number;
  /** `on` or `off`: are plain Majordomo peers (RFC 7 and RFC 18) served on the same port? */
  readonly mdp: string;
  /** Heartbeats to workers of theirs, and silent intervals after which one is gone. */
  readonly mdpHeartbeatMs: number;
  readonly mdpLiveness: number;
  /**
   * Interval of the ZMTP heartbeats to all peers, 0 for none: old ZeroMQ implementations cannot take them, and they slow down the return of
   * thousands of sessions after a restart (docs/mdp.md).
   */
  readonly zmtpHeartbeatMs: number;
  /** How long one of them that holds a request may be silent: a single-threaded worker sends nothing while its handler runs. */
  readonly mdpBusySilenceMaxMs: number;
  /** How long a request of a client of theirs may take: it has no deadline of its own. */
  readonly mdpExpiresMs: number;
  /** How long `drain()` and SIGTERM wait for what is unsettled. */
  readonly drainTimeoutMs: number;
}

const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;

const ms = (fallback: number, help: string, min = 0, max = 24 * HOUR_MS): OptionSpec<number> => ({
  type: 'milliseconds',
  fallback,
  help,
  min,
  max,
});
const count = (fallback: number, help: string, min = 1, max = 100_000_000): OptionSpec<number> => ({
  type: 'count',
  fallback,
  help,
  min,
  max,
});
const bytes = (fallback: number, help: string, min = 0, max = 64 * GIB): OptionSpec<number> => ({
  type: 'bytes',
  fallback,
  help,
  min,
  max,
});

/** What one second may write before the disk is looked at again (room.ts), and what settling takes that was accepted before. */
const STORE_RESERVE_BYTES = 64 * 1024 ** 2;

const D = BROKER_DEFAULTS;

/** Every option of a broker: its default, its range, and a sentence. */
export const BROKER_OPTIONS: OptionTable<BrokerOptions> = {
  bind: {
    type: 'texts',
    fallback: [DEFAULT_BROKER],
    help: 'endpoints to listen on',
    check: endpointList('listen'),
  },
  data: { type: 'text', fallback: '', help: 'folder of the journal, where submitted requests are kept' },
  mdp: {
    type: 'text',
    fallback: 'on',
    help: 'on or off: serve plain Majordomo peers (RFC 7, RFC 18) on the same port',
    check: (value) => (value === 'on' || value === 'off' ? undefined : 'must be on or off'),
  },
  mdpHeartbeatMs: ms(
    2_500,
    'heartbeats to plain Majordomo workers',
    SESSION_DEFAULTS.heartbeatMinMs,
    SESSION_DEFAULTS.heartbeatMaxMs,
  ),
  mdpLiveness: count(3, 'silent heartbeats after which a plain Majordomo worker is gone', 3, 10),
  // Minutes, not hours: where a machine vanishes without closing its connections, its request waits this long for another worker.
  mdpBusySilenceMaxMs: ms(300_000, 'how long a plain Majordomo worker that holds a request may be silent'),
  mdpExpiresMs: ms(60_000, 'how long a request of a plain Majordomo client may take', 1, WIRE_LIMITS.timeMaxMs),
  zmtpHeartbeatMs: {
    ...ms(PORT_LIMITS.heartbeatMs, 'ZMTP heartbeats to peers; 0 for none, which old ZeroMQ implementations need'),
    check: zmtpHeartbeat,
  },
  drainTimeoutMs: ms(10_000, 'how long a drain waits for unsettled requests'),
  heartbeatMs: ms(
    D.heartbeatMs,
    'heartbeats asked of peers',
    SESSION_DEFAULTS.heartbeatMinMs,
    SESSION_DEFAULTS.heartbeatMaxMs,
  ),
  silenceMaxMs: ms(D.silenceMaxMs, 'silence after which a peer is lost', 150, SESSION_DEFAULTS.silenceCapMs),
  messageBytesMax: bytes(
    D.messageBytesMax,
    'largest message taken from a peer',
    64 * 1024,
    WIRE_LIMITS.messageBytesCap,
  ),
  maxAttempts: count(
    D.maxAttempts,
    'how often a request is handed out before it is a dead letter',
    1,
    WIRE_LIMITS.attemptsMax,
  ),
  dedupeWindowMs: ms(D.dedupeWindowMs, 'how long outcomes are remembered for resends', 1_000),
  dedupeBytesMax: bytes(D.dedupeBytesMax, 'bytes of outcomes remembered'),
  dedupeCountMax: count(D.dedupeCountMax, 'outcomes remembered'),
  queueLengthMax: count(D.queueLengthMax, 'requests that may wait for one service'),
  queueBytesMax: bytes(D.queueBytesMax, 'bytes that may wait for one service'),
  requestsPerSessionMax: count(D.requestsPerSessionMax, 'unsettled requests of one client'),
  busyRetryMs: ms(D.busyRetryMs, 'what BUSY tells a caller to wait', 1),
  absenceMaxMs: ms(
    D.absenceMaxMs,
    'how long after the start a service that no worker has offered yet is awaited before it is NO_SUCH_SERVICE',
  ),
  serviceAwaitMaxMs: ms(
    D.serviceAwaitMaxMs,
    'how long calls wait for a service whose last worker has left before they end as SERVICE_UNAVAILABLE',
  ),
  awaitTurnMs: ms(
    D.awaitTurnMs,
    'how long such a call waits at this broker at a time when its client can ask other brokers',
    50,
  ),
  serviceKeepMs: ms(D.serviceKeepMs, 'how long a service is remembered after its last worker has left'),
  awayMethodsMax: count(D.awayMethodsMax, 'methods without workers that are remembered'),
  resendHoldMs: ms(
    D.resendHoldMs,
    'how long an unknown request that was asked before waits for a worker that may hold it',
  ),
  clientAwayMaxMs: ms(D.clientAwayMaxMs, 'how long a client may be away before its calls are given up'),
  executionGraceMs: ms(D.executionGraceMs, 'what a worker is allowed beyond executionTimeoutMs to say so itself'),
  isolateAfterAttempts: count(D.isolateAfterAttempts, 'lost attempts after which a request runs alone'),
  expiresMs: ms(D.expiresMs, 'how long a submitted request may take when it does not say', 1, WIRE_LIMITS.timeMaxMs),
  resultKeepMs: ms(D.resultKeepMs, 'how long the outcome of a submitted request is kept', 1_000, WIRE_LIMITS.timeMaxMs),
  collectedKeepMs: ms(D.collectedKeepMs, 'how long it is kept after somebody has collected it'),
  collectedKeepMinMs: ms(
    D.collectedKeepMinMs,
    'how long it is kept after that in any case, when its place is needed for new submissions',
  ),
  deadLetterKeepMs: ms(
    D.deadLetterKeepMs,
    'how long a submitted request that was given up is kept as a dead letter',
    1_000,
    WIRE_LIMITS.timeMaxMs,
  ),
  storedCountMax: count(D.storedCountMax, 'requests and outcomes in the journal'),
  storedBytesMax: bytes(D.storedBytesMax, 'bytes in the journal'),
  readAheadMax: count(D.readAheadMax, 'submitted requests of one method whose bodies are read ahead of its workers'),
  readAheadBytesMax: bytes(D.readAheadBytesMax, 'bytes of bodies that are read ahead for one method'),
  storeFullRetryMs: ms(D.storeFullRetryMs, 'what STORE_FULL tells a caller to wait', 1),
  storeReserveBytes: bytes(
    STORE_RESERVE_BYTES,
    'free bytes on the disk of the journal below which nothing new is submitted',
  ),
  deferredCountMax: count(D.deferredCountMax, 'requests that may wait until the journal has been read'),
  deferredBytesMax: bytes(D.deferredBytesMax, 'bytes of requests that may wait until the journal has been read'),
  deadLettersMax: count(D.deadLettersMax, 'dead letters kept'),
  deadLettersBytesMax: bytes(D.deadLettersBytesMax, 'bytes of dead letters kept'),
  memoryBytesMax: bytes(
    memoryBytesDefault(),
    'bytes that requests and outcomes may take in memory; beyond it BUSY and STORE_FULL. By default half of the heap limit',
    4 * 1024,
  ),
  servicesMax: count(D.servicesMax, 'services known at once'),
  linksMax: count(D.linksMax, 'peers connected at once'),
  holdingsPerSessionMax: count(D.holdingsPerSessionMax, 'held runs that one worker may announce'),
};

/** Options as a caller gives them: any of them, and one endpoint may stand for a list of one. */
export type BrokerOptionsGiven = {
  readonly [Key in keyof Omit<BrokerOptions, 'bind'>]?: BrokerOptions[Key] | undefined;
} & {
  readonly bind?: string | readonly string[] | undefined;
};

/**
 * Resolves the options of a broker.
 *
 * @throws MajordomoError INVALID_OPTION that names every problem at once.
 */
export function resolveBrokerOptions(given: BrokerOptionsGiven): Readonly<BrokerOptions> {
  const bind = typeof given.bind === 'string' ? [given.bind] : given.bind;
  return resolveOptions('createBroker()', BROKER_OPTIONS, { ...given, bind }, contradictions);
}

function contradictions(options: BrokerOptions): string[] {
  const problems: string[] = [];
  if (options.silenceMaxMs < 3 * options.heartbeatMs) {
    problems.push(
      `silenceMaxMs (${options.silenceMaxMs}) must be at least three heartbeats (heartbeatMs is ${options.heartbeatMs})`,
    );
  }
  if (options.resendHoldMs >= options.dedupeWindowMs) problems.push('resendHoldMs must be shorter than dedupeWindowMs');
  if (options.collectedKeepMinMs > options.collectedKeepMs)
    problems.push('collectedKeepMinMs must not be longer than collectedKeepMs');
  for (const name of ['resultKeepMs', 'collectedKeepMs'] as const) {
    if (options[name] < options.dedupeWindowMs) {
      problems.push(`${name} (${options[name]}) must be at least dedupeWindowMs (${options.dedupeWindowMs})`);
    }
  }
  return problems;
}
