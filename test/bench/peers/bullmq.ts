// BullMQ over Redis: a job for each request, its result by QueueEvents; bodies are strings, as it keeps JSON.
//
// Measured and left out, as they made it slower here: automatic pipelining of ioredis, and a concurrency of 1,000.

import { Queue, QueueEvents, Worker } from 'bullmq';
import type { Ask, PartInit, System } from '../cell.js';

/** Jobs a worker runs at a time; they wait for nothing, so that more would only be more fetches that find nothing. */
const CONCURRENCY = 100;
const FINISHED_KEPT_MIN = 1_000;

interface Echo {
  readonly body: string;
}

function connection({ endpoint }: PartInit): object {
  const [host = '', port] = endpoint.split(':');
  return { host, port: Number(port), maxRetriesPerRequest: null };
}

async function worker(init: PartInit): Promise<string> {
  const running = new Worker<Echo, string>(init.runId, (job) => Promise.resolve(job.data.body), {
    connection: connection(init),
    concurrency: CONCURRENCY,
  });
  running.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await running.waitUntilReady();
  return '';
}

async function client(init: PartInit): Promise<Ask> {
  const { cell, runId } = init;
  // A result is looked for once after its job was added, so that finished jobs must stay for a while.
  const kept = Math.max(FINISHED_KEPT_MIN, 4 * cell.inFlight * cell.clients);
  const queue = new Queue<Echo, string>(runId, {
    connection: connection(init),
    defaultJobOptions: { removeOnComplete: { count: kept }, removeOnFail: { count: kept } },
    streams: { events: { maxLen: kept * 4 } },
  });
  queue.setMaxListeners(0);
  const events = new QueueEvents(runId, { connection: connection(init) });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const text = '*'.repeat(cell.bodyBytes);
  const request = async (): Promise<number> => {
    const job = await queue.add('echo', { body: text });
    return (await job.waitUntilFinished(events)).length;
  };
  return (body, done) => {
    request().then(
      (bytes) => done(bytes === body.length), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

export const system: System = { name: 'bullmq', worker, client };
