// RabbitMQ RPC with direct reply-to: one transient queue, workers that take without acknowledgements, no confirms.

import { connect } from 'amqplib';
import type { Ask, PartInit, System } from '../cell.js';

/** The pseudo-queue of direct reply-to; its consumer must not acknowledge. */
const REPLY_TO = 'amq.rabbitmq.reply-to';
const QUEUE = { durable: false, autoDelete: true };

async function worker({ endpoint, runId }: PartInit): Promise<string> {
  const channel = await (await connect(`amqp://${endpoint}`, { noDelay: true })).createChannel();
  await channel.assertQueue(runId, QUEUE);
  await channel.consume(
    runId,
    (message) => {
      if (message === null) return;
      const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string };
      channel.sendToQueue(replyTo, message.content, { correlationId });
    },
    { noAck: true },
  );
  return '';
}

async function client({ endpoint, runId }: PartInit): Promise<Ask> {
  const channel = await (await connect(`amqp://${endpoint}`, { noDelay: true })).createChannel();
  const waiting = new Map<string, (bytes: number) => void>();
  await channel.consume(
    REPLY_TO,
    (message) => {
      if (message === null) return;
      const correlationId = message.properties.correlationId as string;
      const answered = waiting.get(correlationId);
      waiting.delete(correlationId);
      answered?.(message.content.length);
    },
    { noAck: true },
  );
  let last = 0;
  return (body, done) => {
    const correlationId = String(++last);
    waiting.set(correlationId, (bytes) => done(bytes === body.length));
    channel.sendToQueue(runId, body as Buffer, { replyTo: REPLY_TO, correlationId });
  };
}

export const system: System = { name: 'rabbitmq', worker, client };
