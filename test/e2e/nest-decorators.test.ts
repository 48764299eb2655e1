// Classes with our decorators that a Nest container makes, with what it injects into them, are served like any others.

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Method, serve, Service, type RequestContext } from '@majordomo/worker';
import { freeEndpoint } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient } from './stage.js';

@Injectable()
class Prices {
  of(sku: string): number {
    return sku.length;
  }
}

@Injectable()
@Service('orders', { concurrency: 16 })
class Orders {
  constructor(private readonly prices: Prices) {}

  @Method() async create(order: { readonly sku: string }, ctx: RequestContext): Promise<object> {
    return { sku: order.sku, price: this.prices.of(order.sku), attempt: ctx.attempt };
  }

  @Method() async *prefixes(sku: string): AsyncGenerator<number> {
    for (let end = 1; end <= sku.length; end++) yield this.prices.of(sku.slice(0, end));
  }
}

@Module({ providers: [Prices, Orders] })
class Shop {}

afterEach(clearStage);

test(
  'a class that Nest makes is served with what Nest injects',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    const app = await NestFactory.createApplicationContext(Shop, { logger: false });
    const worker = await serve({ brokers: [bind], services: [app.get(Orders)] });
    try {
      const client = await startClient(bind);
      expect(await client.call('orders.create', { sku: 'abc' })).toEqual({ sku: 'abc', price: 3, attempt: 1 });
      const values: unknown[] = [];
      for await (const value of client.stream('orders.prefixes', 'abc')) values.push(value);
      expect(values).toEqual([1, 2, 3]);
    } finally {
      await worker.drain();
      await app.close();
    }
  },
  LIMIT_MS,
);
