// NATS request-reply: one subject, workers in a queue group, the client's one inbox for all its answers; no traces, which cost it half its speed.

import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Ask, PartInit, System } from '../cell.js';

/** An answer that takes longer than any cell is meant to is a failure, in ms. */
const TIMEOUT_MS = 60_000;

/** Without `noAsyncTraces` each request keeps a stack for the error it may become; its documentation says to switch that off for speed. */
function connected(endpoint: string): Promise<NatsConnection> {
  return connect({ servers: endpoint, noAsyncTraces: true });
}

async function worker({ endpoint, runId }: PartInit): Promise<string> {
  const connection = await connected(endpoint);
  connection.subscribe(runId, { queue: 'workers', callback: (_error, message) => void message.respond(message.data) });
  await connection.flush();
  return '';
}

async function client({ endpoint, runId }: PartInit): Promise<Ask> {
  const connection = await connected(endpoint);
  return (body, done) => {
    connection.request(runId, body, { timeout: TIMEOUT_MS }).then(
      (answer) => done(answer.data.length === body.length), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

export const system: System = { name: 'nats', worker, client };
