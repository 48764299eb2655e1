// BullMQ as a place for work to wait: a job is added, and Redis has it in its file, synced (`appendfsync always`), before it says so; nobody takes it.

import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { Ask, PartInit, System } from '../cell.js';

/** Empty until it is connected; a list, because without the peers' packages the linter takes a union with their types for a mistake. */
const connections: Redis[] = [];

async function submitter({ endpoint, runId, cell }: PartInit): Promise<Ask> {
  const [host = '', port] = endpoint.split(':');
  const connection = new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
  connections.push(connection);
  const queue = new Queue<{ readonly body: string }>(runId, { connection, streams: { events: { maxLen: 0 } } });
  queue.setMaxListeners(0);
  await queue.waitUntilReady();
  // A string, as it keeps JSON.
  const text = '*'.repeat(cell.bodyBytes);
  return (_body, done) => {
    queue.add('echo', { body: text }).then(
      (job) => done(job.id !== undefined), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

/** The server is the bench's own, and nothing in it is wanted any more. */
async function tidy(): Promise<unknown> {
  return connections[0]?.flushall();
}

export const system: System = { name: 'bullmq-durable', submitter, tidy };
