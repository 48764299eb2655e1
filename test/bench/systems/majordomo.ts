// Majordomo as a user meets it: createBroker, a decorated service, client.call and client.submit.

import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, Service, serve } from '@majordomo/worker';
import type { Ask, PartInit, System } from '../cell.js';

@Service('bench', { concurrency: 4_096 })
class Bench {
  @Method()
  echo(body: Uint8Array): Uint8Array {
    return body;
  }
}

async function broker({ folder: data }: PartInit): Promise<string> {
  const running = await createBroker({ bind: 'tcp://127.0.0.1:0', data, logger: false });
  return running.endpoint;
}

async function worker(init: PartInit): Promise<string> {
  await serve({ brokers: [init.endpoint], logger: false, services: [new Bench()] });
  return '';
}

async function client(init: PartInit): Promise<Ask> {
  const majordomo = await connect({ brokers: [init.endpoint], logger: false });
  return (body, done) => {
    majordomo.call<Uint8Array>('bench.echo', body).then(
      (answer) => done(answer.length === body.length), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

async function submitter(init: PartInit): Promise<Ask> {
  const majordomo = await connect({ brokers: [init.endpoint], logger: false });
  return (body, done) => {
    majordomo.submit('bench.echo', body).then(
      (ticket) => done(ticket.id !== ''), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

export const majordomo: System = { name: 'majordomo', broker, worker, client, submitter };
