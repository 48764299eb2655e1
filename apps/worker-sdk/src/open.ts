// Opens a worker on real sockets, or on what stands in for them.

import { Chance, Kind, PROTOCOL_VERSION, Role, WIRE_LIMITS } from '@majordomo/protocol';
import {
  DealerPort,
  heartbeatLimits,
  randomInstance,
  randomSeed,
  SystemClock,
  type Clock,
  type Port,
} from '@majordomo/runtime';
import { Worker } from './core/worker.js';
import { describeServices } from './describe.js';
import type { ResolvedServeOptions } from './serve-options.js';
import { WorkerSession } from './session.js';

/** Name and version as brokers show them to operators. */
const SOFTWARE = '@majordomo/worker 0.1.0';

/** What a worker is made of, complete and checked by whoever opens it. */
export interface OpenWorkerOptions extends ResolvedServeOptions {
  /** For tests: another time, other links, the same numbers every time. */
  readonly clock?: Clock | undefined;
  readonly port?: Port | undefined;
  readonly instance?: number | undefined;
  readonly seed?: number | undefined;
}

/**
 * @returns a session that is not connected yet: `open` connects it, `close` must follow.
 * @throws MajordomoError INVALID_SERVICE naming every problem, class and method.
 */
export function openWorker(options: OpenWorkerOptions): WorkerSession {
  const plans = describeServices(options.services, options.concurrency);
  const clock = options.clock ?? new SystemClock();
  const chance = new Chance(options.seed ?? randomSeed());
  const machine = new Worker({
    endpoints: options.brokers,
    services: plans.map((plan) => plan.offer),
    chance,
    stuckAfterMs: options.stuckAfterMs,
    hello: {
      kind: Kind.hello,
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      roles: Role.worker,
      instance: options.instance ?? randomInstance(),
      heartbeatMs: options.heartbeatMs,
      silenceMaxMs: options.silenceMaxMs,
      messageBytesMax: options.messageBytesMax,
      identity: options.name,
      software: SOFTWARE,
    },
  });
  const frameBytesMax = options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes;
  const port =
    options.port ?? new DealerPort({ clock, limits: { ...heartbeatLimits(options.zmtpHeartbeatMs), frameBytesMax } });
  return new WorkerSession({ machine, port, clock, chance, plans, options, software: SOFTWARE });
}
