// A worker that knows nothing but docs/protocol.md: it sends the bytes of section 11 and reads by the tables of section 5.

import { createBroker, type RunningBroker } from '@majordomo/broker';
import { connect, type Client } from '@majordomo/client';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Dealer } from 'zeromq';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** The bytes of a block `hex NAME` of the document. */
function example(name: string): Buffer {
  const [, block = ''] = new RegExp(`^\`\`\`hex ${name}\n([^\`]*)\`\`\``, 'm').exec(text) ?? [];
  return Buffer.from(block.replaceAll(/;.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
}

/** What is read of a message: the kind of each record, and where it begins. */
function records(batch: Buffer): { kind: number; at: number }[] {
  const found: { kind: number; at: number }[] = [];
  for (let at = 2; at < batch.length; at += 4 + batch.readUInt32BE(at))
    found.push({ kind: batch[at + 4] as number, at });
  return found;
}

const WELCOME = 2;
const DISPATCH = 40;

let broker: RunningBroker;
let client: Client;
let socket: Dealer;

beforeEach(async () => {
  broker = await createBroker({ bind: ['tcp://127.0.0.1:0'], absenceMaxMs: 0, serviceAwaitMaxMs: 0 });
  client = await connect({ brokers: [broker.endpoint] });
  socket = new Dealer({ linger: 0 });
  socket.connect(broker.endpoint);
});
afterEach(async () => {
  socket.close();
  await client.close();
  await broker.close();
});

/** The next record of this kind, and the batch in which it is. */
async function next(kind: number): Promise<{ batch: Buffer; at: number }> {
  for (;;) {
    const [batch] = (await socket.receive()) as [Buffer];
    const found = records(batch).find((record) => record.kind === kind);
    if (found !== undefined) return { batch, at: found.at };
  }
}

test('the bytes of the worked example serve a real client through a real broker', async () => {
  await socket.send(example('HELLO'));
  const { batch, at } = await next(WELCOME);
  // But for the instance, at offset 7, WELCOME is what the document shows.
  const shown = example('WELCOME');
  batch.copy(shown, 2 + 7, at + 7, at + 15);
  expect(batch.subarray(at).toString('hex')).toBe(shown.subarray(2).toString('hex'));

  await socket.send(example('OFFER'));
  await socket.send(example('CREDIT'));
  const call = client.call('echo.say', 'hi', { waitForService: true });
  const dispatch = await next(DISPATCH);
  const lease = dispatch.batch.readBigUInt64BE(dispatch.at + 6);
  const shownDispatch = example('DISPATCH');
  expect(lease).toBe(1n);
  expect(dispatch.batch.readUInt16BE(dispatch.at + 34)).toBe(1);
  const end = dispatch.at + 4 + dispatch.batch.readUInt32BE(dispatch.at);
  expect(dispatch.batch.subarray(dispatch.at + 52, end).toString('hex')).toBe(
    shownDispatch.subarray(2 + 52).toString('hex'),
  );

  await socket.send(example('FINAL'));
  expect(await call).toBe('hi');
});

test('its error and its leaving are understood as well', async () => {
  await socket.send(example('HELLO'));
  await next(WELCOME);
  await socket.send([Buffer.concat([example('OFFER'), example('CREDIT').subarray(2)])]);
  const call = client.call('echo.say', 'hi', { waitForService: true });
  await next(DISPATCH);
  await socket.send(example('ERROR'));
  await expect(call).rejects.toMatchObject({ code: 'HANDLER_FAILED', message: 'no', ran: 'yes' });
  await socket.send(example('HEARTBEAT'));
  await socket.send(example('GOODBYE'));
  // Two sockets: the call must not overtake the leaving.
  while ((broker.describe('workers') as unknown[]).length > 0) await setTimeout(5);
  await expect(client.call('echo.say', 'hi')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', ran: 'no' });
});
