// Every system that can be measured: what it needs, and which module holds its parts.

import type { Part, System, Work } from './cell.js';

/** A server program that a peer needs; servers.ts knows how each is started. */
export type ServerName =
  'nats-server' | 'nats-server, JetStream' | 'rabbitmq-server' | 'redis-server' | 'redis-server, appendfsync';

export interface Listing {
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** The floor is what Majordomo is built on, a peer what a developer would otherwise use. */
  readonly kind: 'floor' | 'own' | 'peer';
  /** The server that is its broker, started once for the whole bench. */
  readonly server?: ServerName;
  readonly works: readonly Work[];
  /** Which parts are processes of ours; the others are the server, or nobody. */
  readonly parts: readonly Part[];
  /** The packages of test/bench/peers whose versions the figures depend on. */
  readonly packages: readonly string[];
  /** Loads it; peers are compiled to a folder of their own, so their path is not known to the compiler here. */
  load(): Promise<System>;
}

const PEERS = new URL('../../bench/peers/dist/', import.meta.url);

function peer(name: string): () => Promise<System> {
  return async () => ((await import(new URL(`${name}.js`, PEERS).href)) as { readonly system: System }).system;
}

const WORKER_AND_CLIENT = ['worker', 'client'] as const;
const ALL_PARTS = ['broker', 'worker', 'client'] as const;
const CLIENT = ['client'] as const;

/** In the order of the table. */
export const CATALOGUE: readonly Listing[] = [
  {
    name: 'floor',
    title: 'floor',
    kind: 'floor',
    works: ['echo'],
    parts: ALL_PARTS,
    packages: [],
    load: async () => (await import('./systems/floor.js')).floor,
  },
  {
    name: 'lmdb',
    title: 'LMDB',
    kind: 'floor',
    works: ['submit'],
    parts: CLIENT,
    packages: [],
    load: async () => (await import('./systems/lmdb.js')).lmdb,
  },
  {
    name: 'majordomo',
    title: 'Majordomo',
    kind: 'own',
    works: ['echo', 'submit', 'mixed', 'paired'],
    parts: ALL_PARTS,
    packages: [],
    load: async () => (await import('./systems/majordomo.js')).majordomo,
  },
  {
    name: 'nats',
    title: 'NATS',
    kind: 'peer',
    server: 'nats-server',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['@nats-io/transport-node'],
    load: peer('nats'),
  },
  {
    name: 'moleculer',
    title: 'Moleculer/NATS',
    kind: 'peer',
    server: 'nats-server',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['moleculer', 'nats'],
    load: peer('moleculer'),
  },
  {
    name: 'rabbitmq',
    title: 'RabbitMQ RPC',
    kind: 'peer',
    server: 'rabbitmq-server',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['amqplib'],
    load: peer('rabbitmq'),
  },
  {
    name: 'grpc',
    title: 'gRPC',
    kind: 'peer',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['@grpc/grpc-js'],
    load: peer('grpc'),
  },
  {
    name: 'nest',
    title: 'NestJS TCP',
    kind: 'peer',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['@nestjs/core', '@nestjs/microservices'],
    load: peer('nest'),
  },
  {
    name: 'bullmq',
    title: 'BullMQ',
    kind: 'peer',
    server: 'redis-server',
    works: ['echo'],
    parts: WORKER_AND_CLIENT,
    packages: ['bullmq', 'ioredis'],
    load: peer('bullmq'),
  },
  {
    name: 'jetstream',
    title: 'JetStream',
    kind: 'peer',
    server: 'nats-server, JetStream',
    works: ['submit'],
    parts: CLIENT,
    packages: ['@nats-io/transport-node', '@nats-io/jetstream'],
    load: peer('jetstream'),
  },
  {
    name: 'rabbitmq-classic',
    title: 'RabbitMQ classic',
    kind: 'peer',
    server: 'rabbitmq-server',
    works: ['submit'],
    parts: CLIENT,
    packages: ['amqplib'],
    load: peer('rabbitmq-confirms'),
  },
  {
    name: 'rabbitmq-quorum',
    title: 'RabbitMQ quorum',
    kind: 'peer',
    server: 'rabbitmq-server',
    works: ['submit'],
    parts: CLIENT,
    packages: ['amqplib'],
    load: peer('rabbitmq-confirms'),
  },
  {
    name: 'bullmq-durable',
    title: 'BullMQ durable',
    kind: 'peer',
    server: 'redis-server, appendfsync',
    works: ['submit'],
    parts: CLIENT,
    packages: ['bullmq', 'ioredis'],
    load: peer('bullmq-durable'),
  },
];

/** The system of this name. */
export function listing(name: string): Listing | undefined {
  return CATALOGUE.find((each) => each.name === name);
}
