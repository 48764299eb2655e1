// gRPC unary with a hand-made definition: bytes in, bytes out, no protobuf to encode; workers listen, clients go round them.

import { Client, Server, ServerCredentials, credentials, type MethodDefinition } from '@grpc/grpc-js';
import type { Ask, PartInit, System } from '../cell.js';

const same = (bytes: Buffer): Buffer => bytes;

const ECHO: MethodDefinition<Buffer, Buffer> = {
  path: '/bench.Bench/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** Counters for a debugger, and copies of requests for retries that nobody asked for, are left out. */
const LEAN = { 'grpc.enable_channelz': 0, 'grpc.enable_retries': 0 };
const ROUND_ROBIN = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };

type Reply = (error: null, answer: Buffer) => void;

async function worker(): Promise<string> {
  const server = new Server(LEAN);
  server.addService({ echo: ECHO }, { echo: (call: { request: Buffer }, reply: Reply) => reply(null, call.request) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return `127.0.0.1:${port}`;
}

async function client({ endpoint }: PartInit): Promise<Ask> {
  const grpc = new Client(`ipv4:${endpoint}`, credentials.createInsecure(), { ...LEAN, ...ROUND_ROBIN });
  await new Promise<void>((resolve, reject) => {
    grpc.waitForReady(Date.now() + 10_000, (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
  return (body, done) => {
    grpc.makeUnaryRequest(ECHO.path, same, same, body as Buffer, (error, answer) => {
      done(error === null && answer?.length === body.length);
    });
  };
}

export const system: System = { name: 'grpc', worker, client };
