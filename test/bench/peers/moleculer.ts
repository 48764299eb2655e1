// Moleculer over NATS, without logs, metrics, tracing and validation; bodies are strings, which its JSON serializer likes best.

import { ServiceBroker, type Context } from 'moleculer';
import type { Ask, PartInit, System } from '../cell.js';

interface Echo {
  readonly body: string;
}

function node({ endpoint, runId }: PartInit): ServiceBroker {
  return new ServiceBroker({
    namespace: runId,
    transporter: { type: 'NATS', options: { url: `nats://${endpoint}` } },
    logger: false,
    validator: false,
    metrics: false,
    tracing: false,
  });
}

async function worker(init: PartInit): Promise<string> {
  const broker = node(init);
  broker.createService({ name: 'bench', actions: { echo: (context: Context<Echo>) => context.params.body } });
  await broker.start();
  return '';
}

async function client(init: PartInit): Promise<Ask> {
  const broker = node(init);
  await broker.start();
  await broker.waitForServices('bench');
  // The client asks as soon as one worker is known; the others are found during the warm-up.
  const text = '*'.repeat(init.cell.bodyBytes);
  return (body, done) => {
    broker.call<string, Echo>('bench.echo', { body: text }).then(
      (answer) => done(answer.length === body.length), // oxlint-disable-line promise/no-callback-in-promise -- the harness counts answers by callback
      () => done(false), // oxlint-disable-line promise/no-callback-in-promise -- as above
    );
  };
}

export const system: System = { name: 'moleculer', worker, client };
