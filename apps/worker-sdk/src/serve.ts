// Serves decorated instances: checks them, connects to every broker, and hands over the worker.

import { Chance, Kind, PROTOCOL_VERSION, Role, WIRE_LIMITS } from '@majordomo/protocol';
import { DealerPort, randomInstance, randomSeed, SystemClock } from '@majordomo/runtime';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { Worker } from './core/worker.js';
import { describeServices } from './describe.js';
import { resolveServeOptions, type ServeOptions } from './serve-options.js';
import { WorkerSession, type WorkerHandle } from './session.js';

/** Name and version as brokers show them to operators. */
const SOFTWARE = '@majordomo/worker 0.1.0';

/**
 * Serves the methods of these instances through brokers, until `drain` or `close`. The worker stays connected by itself: handlers
 * go on while a broker is away, and their replies are delivered when it is back.
 *
 * No signal handlers are installed. To leave with the work done when the process is told to end:
 *
 *     const worker = await serve({ brokers: ['tcp://127.0.0.1:5555'], services: [new Orders()] });
 *     process.once('SIGTERM', () => void worker.drain());
 *
 * @returns the worker, as soon as a broker has confirmed that it knows the services: a call made after that finds them.
 * @throws MajordomoError INVALID_OPTION or INVALID_SERVICE naming every problem, class and method; NO_BROKER when `connectTimeoutMs`
 *   is given and no broker answers in that time.
 */
export async function serve(options: ServeOptions): Promise<WorkerHandle> {
  const resolved = resolveServeOptions(options, `${hostname()}/${pid}`);
  const plans = describeServices(resolved.services, resolved.concurrency);
  const clock = new SystemClock();
  const machine = new Worker({
    endpoints: resolved.brokers,
    services: plans.map((plan) => plan.offer),
    chance: new Chance(randomSeed()),
    hello: {
      kind: Kind.hello,
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      roles: Role.worker,
      instance: randomInstance(),
      heartbeatMs: resolved.heartbeatMs,
      silenceMaxMs: resolved.silenceMaxMs,
      messageBytesMax: WIRE_LIMITS.messageBytesMax,
      identity: resolved.name,
      software: SOFTWARE,
    },
  });
  const port = new DealerPort({ clock });
  const session = new WorkerSession({ machine, port, clock, plans, options: resolved, software: SOFTWARE });
  try {
    await session.open();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}
