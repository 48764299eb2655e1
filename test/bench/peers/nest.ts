// NestJS microservices over TCP: a controller with a message pattern, a ClientProxy for each worker; bodies are strings, as it speaks JSON.

import 'reflect-metadata';
import type { Server } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import type { Ask, PartInit, System } from '../cell.js';

@Controller()
class Bench {
  @MessagePattern('echo')
  echo(@Payload() body: string): string {
    return body;
  }
}

@Module({ controllers: [Bench] })
class BenchModule {}

async function worker(): Promise<string> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(BenchModule, {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: 0 },
    logger: false,
  });
  await app.listen();
  const address = app.unwrap<Server>().address();
  if (address === null || typeof address === 'string') throw new Error('NestJS listens on no port');
  return `127.0.0.1:${address.port}`;
}

async function client({ endpoint, cell }: PartInit): Promise<Ask> {
  const proxies: ClientProxy[] = [];
  for (const each of endpoint.split(',')) {
    const [host = '', port] = each.split(':');
    const proxy = ClientProxyFactory.create({ transport: Transport.TCP, options: { host, port: Number(port) } });
    await proxy.connect();
    proxies.push(proxy);
  }
  const text = '*'.repeat(cell.bodyBytes);
  let next = 0;
  return (body, done) => {
    (proxies[next++ % proxies.length] as ClientProxy).send<string>('echo', text).subscribe({
      next: (answer) => done(answer.length === body.length),
      error: () => done(false),
    });
  };
}

export const system: System = { name: 'nest', worker, client };
