// RabbitMQ with publisher confirms: persistent messages into a durable queue, classic or quorum as the system's name says; nobody consumes.

import { connect, type ConfirmChannel } from 'amqplib';
import type { Ask, PartInit, System } from '../cell.js';

let made: { readonly channel: ConfirmChannel; readonly queue: string } | undefined;

async function submitter({ endpoint, runId, system: name }: PartInit): Promise<Ask> {
  const connection = await connect(`amqp://${endpoint}`, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  const type = name === 'rabbitmq-quorum' ? 'quorum' : 'classic';
  await channel.assertQueue(runId, { durable: true, arguments: { 'x-queue-type': type } });
  made = { channel, queue: runId };
  return (body, done) => {
    channel.sendToQueue(runId, body as Buffer, { persistent: true }, (error: unknown) => done(error === null));
  };
}

async function tidy(): Promise<unknown> {
  return made?.channel.deleteQueue(made.queue);
}

export const system: System = { name: 'rabbitmq-confirms', submitter, tidy };
