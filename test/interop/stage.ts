// What the tests with peers of another make play on: a broker process with the peers around it, and an end for all of them.

import { clearStage, startBroker } from '../e2e/stage.js';
import { until, type Program } from '../e2e/processes.js';
import {
  forgetPeers,
  plainClient,
  plainWorker,
  type PlainClient,
  type PlainWorker,
  type Version,
} from './plain-peers.js';

/** Both versions, for tests of what they have in common. */
export const VERSIONS: readonly Version[] = [1, 2];

/** How the specification of a version is called. */
export const RFC: Readonly<Record<Version, string>> = { 1: 'RFC 7', 2: 'RFC 18' };

export interface Stage {
  readonly broker: Program;
  readonly endpoint: string;
}

/** Starts a broker. @param options of createBroker, beyond where it listens. */
export async function stage(options: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
  const broker = await startBroker({ bind: 'tcp://127.0.0.1:0', ...options });
  const { endpoint } = await broker.hear('ready');
  return { broker, endpoint: String(endpoint) };
}

/** Ends all of it; for afterEach. */
export async function clear(): Promise<void> {
  await clearStage();
  forgetPeers();
}

/** Waits until a service has a worker, or has none any more: READY and DISCONNECT are not answered. */
export async function served(client: PlainClient, service: string, status: '200' | '404' = '200'): Promise<void> {
  await until(`mmi.service says ${status} for ${service}`, async () => {
    const [said] = await client.call('mmi.service', service);
    return said === status;
  });
}

/** The broker still does what it is for: a new worker and a new client of each version find each other. */
export async function expectServing(endpoint: string): Promise<void> {
  for (const version of VERSIONS) {
    const worker = await plainWorker(endpoint, 'proof', { version, echo: true });
    const client = await plainClient(endpoint, { version });
    expect(await client.call('proof', 'of life', String(version))).toEqual(['of life', String(version)]);
    await Promise.all([client.close(), worker.close()]);
  }
}

/** Waits until it is told to go. @returns how much it has heard after that but DISCONNECT again, when it went on speaking (I2). */
export async function heardAfterDismissal(worker: PlainWorker): Promise<number> {
  await worker.hears('disconnect');
  await worker.say('heartbeat');
  await worker.hears('disconnect');
  return worker.unheard;
}
