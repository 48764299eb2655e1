// NATS JetStream: publish and wait for its acknowledgement, into a stream in files whose subject is the run's own; nobody consumes.
//
// How strictly the server writes to disk before it acknowledges is its own setting, `sync_interval` (server-programs.ts).

import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Ask, PartInit, System } from '../cell.js';

/** An acknowledgement that takes longer than any cell is meant to is a failure, in ms. */
const TIMEOUT_MS = 60_000;

let made: { readonly manager: JetStreamManager; readonly stream: string } | undefined;

async function submitter({ endpoint, runId }: PartInit): Promise<Ask> {
  const connection = await connect({ servers: endpoint, noAsyncTraces: true });
  const manager = await jetstreamManager(connection);
  // Duplicates are looked for only when a message names its own id; none does.
  await manager.streams.add({ name: runId, subjects: [runId], storage: 'file', num_replicas: 1 });
  made = { manager, stream: runId };
  const stream = jetstream(connection, { timeout: TIMEOUT_MS });
  return (body, done) => {
    stream.publish(runId, body).then(
      (ack) => done(ack.seq > 0), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

async function tidy(): Promise<unknown> {
  return made?.manager.streams.delete(made.stream);
}

export const system: System = { name: 'jetstream', submitter, tidy };
