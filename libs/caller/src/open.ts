// Opens an asking side on real sockets.

import { Kind, PROTOCOL_VERSION, Role, WIRE_LIMITS, type Milliseconds } from '@majordomo/protocol';
import {
  DealerPort,
  randomInstance,
  randomSeed,
  SystemClock,
  type Clock,
  type Logger,
  type Port,
  heartbeatLimits,
} from '@majordomo/runtime';
import type { Ask } from './ask.js';
import { Caller } from './core/caller.js';
import type { RetryBudgetOptions } from './core/retry-budget.js';
import type { BrokerEvent } from './core/words.js';
import { CallerSession } from './session.js';

/** What an asking side is made of, complete and checked by whoever opens it. Times in ms. */
export interface OpenCallerOptions {
  /** Endpoints, at least one, none twice. */
  readonly brokers: readonly string[];
  /** What brokers and operators call it; 1 to 255 bytes. */
  readonly identity: string;
  /** Name and version of the program, for operators. */
  readonly software: string;
  readonly heartbeatMs: Milliseconds;
  readonly silenceMaxMs: Milliseconds;
  /** ZMTP heartbeats, 0 for none. */
  readonly zmtpHeartbeatMs?: Milliseconds | undefined;
  /** The largest message that is taken. */
  readonly messageBytesMax: number;
  /** Of calls that name none. */
  readonly deadlineMs: Milliseconds;
  readonly inFlightMax: number;
  readonly retryBudget: RetryBudgetOptions;
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /** Undefined for none. */
  readonly logger?: Logger | undefined;
  /** For tests: another time, other links, the same numbers every time. */
  readonly clock?: Clock | undefined;
  readonly port?: Port | undefined;
  readonly instance?: number | undefined;
  readonly seed?: number | undefined;
}

/** @returns a session that is not connected yet: `open` connects it, `close` must follow. */
export function openCaller(options: OpenCallerOptions): CallerSession {
  const bytesMax = options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes;
  const clock = options.clock ?? new SystemClock();
  const caller = new Caller<Ask>({
    brokers: options.brokers,
    hello: {
      kind: Kind.hello,
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      roles: Role.client | Role.readsFrameLists,
      instance: options.instance ?? randomInstance(),
      heartbeatMs: options.heartbeatMs,
      silenceMaxMs: options.silenceMaxMs,
      messageBytesMax: options.messageBytesMax,
      identity: options.identity,
      software: options.software,
    },
    seed: options.seed ?? randomSeed(),
    inFlightMax: options.inFlightMax,
    retryBudget: options.retryBudget,
  });
  return new CallerSession({
    caller,
    port:
      options.port ??
      new DealerPort({ clock, limits: { ...heartbeatLimits(options.zmtpHeartbeatMs), frameBytesMax: bytesMax } }),
    clock,
    bytesMax,
    deadlineMs: options.deadlineMs,
    onEvent: options.onEvent,
    logger: options.logger,
  });
}
