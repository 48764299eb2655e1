// What most of these tests play on: broker and worker processes, clients of this process, and an end for all of them.

import { connect, type Client } from '@majordomo/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built, endAll, Program } from './processes.js';

/** What a test with processes may take, in ms: a limit for what hangs, no measure, as a shared machine may be ten times as slow. */
export const LIMIT_MS = 180_000;
/** How long a slow machine may take to connect, in ms. */
const CONNECT_MS = 20_000;

/** How a worker of the fixture answers: which call, from which process, at which attempt. */
export interface Answer {
  readonly id: string;
  readonly pid: number;
  readonly attempt: number;
}

const clients: Client[] = [];
const folders: string[] = [];

/** What a worker of the fixture is told. */
export interface WorkerInit {
  readonly brokers: readonly string[];
  readonly name?: string;
  readonly concurrency?: number;
}

/** Starts a fixture and does not wait until it is ready. */
function launch(fixture: string, init: object): Program {
  return new Program(built(`test/dist/e2e/fixtures/${fixture}.js`), { args: [JSON.stringify(init)] });
}

/** Starts a broker (fixtures/broker.ts). @param init options of createBroker. */
export async function startBroker(init: {
  readonly bind: string;
  readonly [option: string]: unknown;
}): Promise<Program> {
  const broker = launch('broker', init);
  await broker.hear('ready');
  return broker;
}

/** Starts a worker of the service `lab` (fixtures/worker.ts). */
export async function startWorker(init: WorkerInit): Promise<Program> {
  const worker = launchWorker(init);
  await worker.hear('ready');
  return worker;
}

/** Starts one that may not live until it is ready. */
export function launchWorker(init: WorkerInit): Program {
  return launch('worker', init);
}

/** Starts a client in a process of its own (fixtures/client.ts). */
export async function startClientProcess(bind: string): Promise<Program> {
  const client = launch('client', { brokers: [bind] });
  await client.hear('ready');
  return client;
}

/** A client in this process. */
export async function startClient(...brokers: string[]): Promise<Client> {
  const client = await connect({ brokers, connectTimeoutMs: CONNECT_MS });
  clients.push(client);
  return client;
}

/** An empty folder for a journal. It goes with its test. */
export function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'majordomo-data-'));
  folders.push(folder);
  return folder;
}

/** Ends everything that was started here; for afterEach. */
export async function clearStage(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await endAll();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

/** Which of them runs this call, once one does. */
export function holderOf(id: string, workers: readonly Program[]): Promise<Program> {
  const runs = async (worker: Program): Promise<Program> => {
    await worker.hear('run', (line) => line['id'] === id);
    return worker;
  };
  return Promise.race(workers.map(runs));
}

/** How often each call was run over all of these workers, once all that they have said is read. None of them may be stopped. */
export async function allRunsOf(...workers: readonly Program[]): Promise<Map<string, number>> {
  await Promise.all(workers.map((worker) => worker.caughtUp()));
  return runsOf(...workers);
}

/** How often each call was run over all of these workers, as far as is known by now. */
export function runsOf(...workers: readonly Program[]): Map<string, number> {
  const runs = new Map<string, number>();
  for (const worker of workers) {
    for (const { id } of worker.all('run')) runs.set(String(id), (runs.get(String(id)) ?? 0) + 1);
  }
  return runs;
}
