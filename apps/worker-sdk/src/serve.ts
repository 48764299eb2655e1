// Serves decorated instances: checks them, connects to every broker, and hands over the worker.

import { hostname } from 'node:os';
import { pid } from 'node:process';
import { openWorker } from './open.js';
import { resolveServeOptions, type ServeOptions } from './serve-options.js';
import type { WorkerHandle } from './session.js';

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
  const session = openWorker(resolved);
  try {
    await session.open();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}
