// Majordomo as a user meets it: createBroker, a decorated service, client.call.

import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, Service, serve } from '@majordomo/worker';
import type { PartInit, System } from '../cell.js';

@Service('bench', { concurrency: 4_096 })
class Bench {
  @Method()
  echo(body: Uint8Array): Uint8Array {
    return body;
  }
}

async function broker(): Promise<string> {
  const running = await createBroker({ bind: 'tcp://127.0.0.1:0' });
  return running.endpoint;
}

async function worker(init: PartInit): Promise<void> {
  await serve({ brokers: [init.endpoint], services: [new Bench()] });
}

async function client(init: PartInit): ReturnType<System['client']> {
  const majordomo = await connect({ brokers: [init.endpoint] });
  return (body, done) => {
    majordomo.call<Uint8Array>('bench.echo', body).then(
      (answer) => done(answer.length === body.length), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

export const majordomo: System = { name: 'majordomo', broker, worker, client };
