// What connect() may be told, and what it works with: checked as a whole, complete, frozen.

import { CALLER_LIMITS, RETRY_BUDGET, type BrokerEvent, type RetryBudgetOptions } from '@majordomo/caller';
import {
  CALL_DEFAULTS,
  SESSION_DEFAULTS,
  WIRE_LIMITS,
  callback,
  numberFrom,
  optionProblems,
  plainRecord,
  refuseProblems,
  refuseWrongOptions,
  textUpTo,
  wholeNumberFrom,
  type Contract,
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

/** What `connect` may be told. Times in ms. */
export interface ConnectOptions<Contracts extends readonly Contract[] = readonly Contract[]> {
  /** Endpoints of brokers. Calls are spread over those that answer; when one is lost, others are asked. Default: MAJORDOMO_BROKER, else one on this machine. */
  readonly brokers?: readonly string[] | undefined;
  /** With contracts, addresses, inputs and outputs are typed. They change nothing at run time. */
  readonly contracts?: Contracts | undefined;
  /** What brokers and operators call this client; 1 to 255 bytes. Default: `client-` and random letters. */
  readonly name?: string | undefined;
  /** How long a call without a deadline of its own may take. Default: 30,000. */
  readonly deadlineMs?: number | undefined;
  /**
   * How long `connect` waits for the first broker. Default: 5,000. With 0 it does not wait at all, and calls wait for a broker up to
   * their own deadline.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** We speak at least this often; brokers have the last word. Default: 1,000. */
  readonly heartbeatMs?: number | undefined;
  /** A broker that was silent for this long is lost; brokers have the last word. Default: 15,000. */
  readonly silenceMaxMs?: number | undefined;
  /** ZMTP heartbeats to brokers, 0 for none. Default: 1,000. */
  readonly zmtpHeartbeatMs?: number | undefined;
  /** The largest reply that is taken, in bytes. Default: 16 MiB. */
  readonly messageBytesMax?: number | undefined;
  /** Requests in flight; beyond it a call ends as BUSY at once. Default: 100,000. */
  readonly inFlightMax?: number | undefined;
  /** How often BUSY brokers are asked again. Default: 10 at start, 0.1 for each call, 100 at most. */
  readonly retryBudget?: Partial<RetryBudgetOptions> | undefined;
  /** Is told when brokers come and go. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /** Where it logs that brokers come and go, and what callbacks throw. Default: stderr; false for none. */
  readonly logger?: LoggerOption;
}

/** All of it decided. */
export interface ResolvedConnectOptions {
  readonly brokers: readonly string[];
  readonly name: string;
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly silenceMaxMs: number;
  readonly zmtpHeartbeatMs: number;
  readonly messageBytesMax: number;
  readonly inFlightMax: number;
  readonly retryBudget: RetryBudgetOptions;
  readonly onEvent: ((event: BrokerEvent) => void) | undefined;
  readonly logger: Logger | undefined;
}

const KIB = 1_024;
/** What 32 bits hold, less what a batch adds. */
const MESSAGE_BYTES_CAP = 2 ** 32 - 1 - WIRE_LIMITS.batchOverheadBytes;
const IN_FLIGHT_CAP = 10_000_000;
const RETRIES_CAP = 1_000_000;

const brokerList = endpointList();

const contractList: OptionRule = (value) => {
  const isContract = (item: unknown): boolean =>
    typeof item === 'object' && item !== null && 'service' in item && 'methods' in item;
  return Array.isArray(value) && value.every(isContract) ? undefined : 'must be a list of contracts';
};

const BUDGET_RULES: OptionRules<RetryBudgetOptions> = {
  start: numberFrom(0, RETRIES_CAP),
  max: numberFrom(0, RETRIES_CAP),
  perCall: numberFrom(0, RETRIES_CAP),
};

const retryBudget: OptionRule = (value) => {
  const problem = plainRecord(value);
  if (problem !== undefined) return problem;
  const problems = optionProblems(value as object, BUDGET_RULES);
  return problems.length === 0 ? undefined : `is wrong: ${problems.join(', ')}`;
};

const RULES: OptionRules<ConnectOptions> = {
  brokers: brokerList,
  contracts: contractList,
  name: textUpTo(WIRE_LIMITS.nameBytesMax),
  deadlineMs: numberFrom(1, WIRE_LIMITS.timeMaxMs),
  connectTimeoutMs: numberFrom(0, WIRE_LIMITS.timeMaxMs),
  heartbeatMs: wholeNumberFrom(SESSION_DEFAULTS.heartbeatMinMs, SESSION_DEFAULTS.heartbeatMaxMs),
  silenceMaxMs: wholeNumberFrom(SESSION_DEFAULTS.heartbeatMinMs, SESSION_DEFAULTS.silenceCapMs),
  zmtpHeartbeatMs: zmtpHeartbeat,
  messageBytesMax: wholeNumberFrom(KIB, MESSAGE_BYTES_CAP),
  inFlightMax: wholeNumberFrom(1, IN_FLIGHT_CAP),
  retryBudget,
  onEvent: callback,
  logger: loggerProblem,
};

/**
 * Checks what was given and fills in the rest.
 *
 * @param randomName the name for a client that is given none.
 * @throws MajordomoError INVALID_OPTION naming every problem.
 */
export function resolveConnectOptions(given: ConnectOptions, randomName: string): ResolvedConnectOptions {
  refuseWrongOptions('connect', given, "connect({ brokers: ['tcp://127.0.0.1:5555'] })");
  const options: Omit<ResolvedConnectOptions, 'logger'> = {
    brokers: Object.freeze([...(Array.isArray(given.brokers) ? given.brokers : defaultBrokers())]),
    name: given.name ?? randomName,
    deadlineMs: given.deadlineMs ?? CALL_DEFAULTS.deadlineMs,
    connectTimeoutMs: given.connectTimeoutMs ?? 5_000,
    heartbeatMs: given.heartbeatMs ?? SESSION_DEFAULTS.heartbeatMs,
    silenceMaxMs: given.silenceMaxMs ?? SESSION_DEFAULTS.silenceMaxMs,
    zmtpHeartbeatMs: given.zmtpHeartbeatMs ?? PORT_LIMITS.heartbeatMs,
    messageBytesMax: given.messageBytesMax ?? WIRE_LIMITS.messageBytesMax,
    inFlightMax: given.inFlightMax ?? CALLER_LIMITS.inFlightMax,
    retryBudget: Object.freeze({ ...RETRY_BUDGET, ...given.retryBudget }),
    onEvent: given.onEvent,
  };
  const problems = [...optionProblems(given, RULES), ...contradictions(options)];
  // Those of the environment have not been looked at yet.
  const unusable = given.brokers === undefined ? brokerList(options.brokers) : undefined;
  if (unusable !== undefined) problems.push(`brokers ${unusable}`);
  refuseProblems('connect', problems);
  return Object.freeze({ ...options, logger: chooseLogger(given.logger, `majordomo client ${options.name}`) });
}

/** What is right by itself and wrong together. */
function contradictions(options: Omit<ResolvedConnectOptions, 'logger'>): string[] {
  const { heartbeatMs, silenceMaxMs, retryBudget: budget } = options;
  const problems: string[] = [];
  // What is no number is a problem by itself.
  if (![heartbeatMs, silenceMaxMs, budget.start, budget.max].every(Number.isFinite)) return problems;
  if (silenceMaxMs < 2 * heartbeatMs) {
    problems.push(`silenceMaxMs (${silenceMaxMs}) must be at least twice heartbeatMs (${heartbeatMs})`);
  }
  if (budget.start > budget.max) {
    problems.push(`retryBudget.start (${budget.start}) must not be more than retryBudget.max (${budget.max})`);
  }
  return problems;
}
