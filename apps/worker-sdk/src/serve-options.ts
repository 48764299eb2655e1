// What serve() may be told, and what it works with: checked as a whole, complete, frozen.

import {
  SESSION_DEFAULTS,
  WIRE_LIMITS,
  callback,
  numberFrom,
  optionProblems,
  refuseProblems,
  refuseWrongOptions,
  textUpTo,
  wholeNumberFrom,
  type OptionRule,
  type OptionRules,
} from '@majordomo/protocol';
import {
  chooseLogger,
  defaultBrokers,
  endpointList,
  loggerProblem,
  type Logger,
  type LoggerOption,
  PORT_LIMITS,
  zmtpHeartbeat,
} from '@majordomo/runtime';
import { WORKER_LIMITS } from './core/limits.js';
import type { WorkerNews } from './news.js';

/** Times in ms. */
export interface ServeOptions {
  /** Instances of classes with @Service. */
  readonly services: readonly object[];
  /** Endpoints of brokers; the worker connects to all of them. Default: MAJORDOMO_BROKER, else one on this machine. */
  readonly brokers?: readonly string[] | undefined;
  /** What brokers and operators call this worker; 1 to 255 bytes. Default: host name and process number. */
  readonly name?: string | undefined;
  /** Requests worked on at once, per service, for services that do not say; 1 to 65,535. Default: 100. */
  readonly concurrency?: number | undefined;
  /**
   * How long `serve` waits for the first broker. Default: 0, which waits for ever, because workers are often started before brokers.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** How long `drain` waits when it is not told. Default: 30,000. */
  readonly drainTimeoutMs?: number | undefined;
  /** We speak at least this often; brokers have the last word. Default: 1,000. */
  readonly heartbeatMs?: number | undefined;
  /** The largest argument that is taken, in bytes; the broker's own bound comes first. 1,024 to 256 MiB. Default: 16 MiB. */
  readonly messageBytesMax?: number | undefined;
  /** A broker that was silent for this long is lost; brokers have the last word. Default: 15,000. */
  readonly silenceMaxMs?: number | undefined;
  /** ZMTP heartbeats to brokers, 0 for none. Default: 1,000. */
  readonly zmtpHeartbeatMs?: number | undefined;
  /** A handler that has not ended this long after it was told to stop is reported: it still uses its slot. Default: 10,000. */
  readonly stuckAfterMs?: number | undefined;
  /** Is told when brokers come and go, and what handlers throw. Default: nobody. */
  readonly onEvent?: ((news: WorkerNews) => void) | undefined;
  /** Where it logs that brokers come and go, what handlers throw, and which handlers do not end. Default: stderr; false for none. */
  readonly logger?: LoggerOption;
}

/** All of it decided. */
export interface ResolvedServeOptions {
  readonly services: readonly unknown[];
  readonly brokers: readonly string[];
  readonly name: string;
  readonly concurrency: number;
  readonly connectTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly messageBytesMax: number;
  readonly silenceMaxMs: number;
  readonly zmtpHeartbeatMs: number;
  readonly stuckAfterMs: number;
  readonly onEvent: ((news: WorkerNews) => void) | undefined;
  readonly logger: Logger | undefined;
}

const brokerList = endpointList();

const serviceList: OptionRule = (value) => {
  if (!Array.isArray(value) || value.length === 0) return 'must be a list of instances, at least one';
  const most = WIRE_LIMITS.servicesPerSessionMax;
  return value.length > most ? `may have ${most} members at most` : undefined;
};

/** Less would refuse what services say of themselves. */
const MESSAGE_BYTES_MIN = 1_024;

const RULES: OptionRules<ServeOptions> = {
  services: serviceList,
  brokers: brokerList,
  name: textUpTo(WIRE_LIMITS.nameBytesMax),
  concurrency: wholeNumberFrom(1, WORKER_LIMITS.concurrencyMax),
  connectTimeoutMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  drainTimeoutMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  messageBytesMax: wholeNumberFrom(MESSAGE_BYTES_MIN, WIRE_LIMITS.messageBytesCap),
  zmtpHeartbeatMs: zmtpHeartbeat,
  heartbeatMs: numberFrom(SESSION_DEFAULTS.heartbeatMinMs, SESSION_DEFAULTS.heartbeatMaxMs),
  silenceMaxMs: numberFrom(SESSION_DEFAULTS.heartbeatMinMs, SESSION_DEFAULTS.silenceCapMs),
  stuckAfterMs: wholeNumberFrom(1, WIRE_LIMITS.timeMaxMs),
  onEvent: callback,
  logger: loggerProblem,
};

/**
 * @param defaultName for a worker that is given none.
 * @throws MajordomoError INVALID_OPTION naming every problem.
 */
export function resolveServeOptions(given: ServeOptions, defaultName: string): ResolvedServeOptions {
  refuseWrongOptions('serve', given, 'serve({ services: [new Orders()] })');
  const problems = optionProblems(given, RULES);
  if (given.services === undefined) problems.push('services must be given');
  const resolved: Omit<ResolvedServeOptions, 'logger'> = {
    services: given.services,
    brokers: given.brokers ?? defaultBrokers(),
    name: given.name ?? defaultName,
    concurrency: given.concurrency ?? WORKER_LIMITS.concurrencyDefault,
    connectTimeoutMs: given.connectTimeoutMs ?? 0,
    drainTimeoutMs: given.drainTimeoutMs ?? WORKER_LIMITS.drainTimeoutMs,
    messageBytesMax: given.messageBytesMax ?? WIRE_LIMITS.messageBytesMax,
    zmtpHeartbeatMs: given.zmtpHeartbeatMs ?? PORT_LIMITS.heartbeatMs,
    heartbeatMs: given.heartbeatMs ?? SESSION_DEFAULTS.heartbeatMs,
    silenceMaxMs: given.silenceMaxMs ?? SESSION_DEFAULTS.silenceMaxMs,
    stuckAfterMs: given.stuckAfterMs ?? WORKER_LIMITS.stuckAfterMs,
    onEvent: given.onEvent,
  };
  const { heartbeatMs, silenceMaxMs } = resolved;
  // What is no number is a problem by itself.
  const areNumbers = Number.isFinite(heartbeatMs) && Number.isFinite(silenceMaxMs);
  if (areNumbers && silenceMaxMs < heartbeatMs * 3) {
    problems.push(`silenceMaxMs (${silenceMaxMs}) must be at least three times heartbeatMs (${heartbeatMs})`);
  }
  // Those of the environment have not been looked at yet.
  const unusable = given.brokers === undefined ? brokerList(resolved.brokers) : undefined;
  if (unusable !== undefined) problems.push(`brokers ${unusable}`);
  refuseProblems('serve', problems);
  return Object.freeze({ ...resolved, logger: chooseLogger(given.logger, `majordomo worker ${resolved.name}`) });
}

/** @throws MajordomoError INVALID_OPTION. */
export function resolveDrainTimeout(options: { readonly timeoutMs?: number | undefined }, defaultMs: number): number {
  refuseWrongOptions('drain', options, 'drain({ timeoutMs: 5_000 })');
  refuseProblems('drain', optionProblems(options, { timeoutMs: numberFrom(0, WIRE_LIMITS.timeMaxMs) }));
  return options.timeoutMs ?? defaultMs;
}
