// Messages beyond the default bound, where all three sides allow them, and whose limit it is where one does not.

import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, serve, Service } from '@majordomo/worker';

const MIB = 1_024 * 1_024;
const messageBytesMax = 40 * MIB;

@Service('blobs')
class Blobs {
  @Method()
  echo(blob: Buffer): Buffer {
    return blob;
  }
}

async function echoed(limits: { worker?: number; client?: number }, bytes: number): Promise<unknown> {
  const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', messageBytesMax, logger: false });
  const brokers = [broker.endpoint];
  const worker = await serve({ services: [new Blobs()], brokers, messageBytesMax: limits.worker, logger: false });
  const client = await connect({ brokers, messageBytesMax: limits.client, logger: false });
  try {
    return await client.call<Buffer>('blobs.echo', Buffer.alloc(bytes, 7)).then(
      (blob) => [blob.length, blob[bytes - 1]],
      (error: unknown) => error,
    );
  } finally {
    await client.close();
    await worker.close();
    await broker.close();
  }
}

test('an argument over 16 MiB reaches its handler and comes back, where everybody allows it', async () => {
  expect(await echoed({ worker: messageBytesMax, client: messageBytesMax }, 20 * MIB)).toEqual([20 * MIB, 7]);
});

test.each([
  ['worker', { client: messageBytesMax }, 'MESSAGE_TOO_LARGE', 'raise messageBytesMax of serve()'],
  ['client', { worker: messageBytesMax }, 'REPLY_UNSENDABLE', 'raise messageBytesMax of connect()'],
])('where the %s does not, the error says whose limit it is', async (_side, limits, code, advice) => {
  expect(await echoed(limits, 20 * MIB)).toMatchObject({ code, message: expect.stringContaining(advice) });
});
