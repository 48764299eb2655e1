// The floor of durable requests writes what the journal writes: as many bytes for each.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { open } from 'lmdb';
import { ENTRY_BYTES } from './systems/lmdb.js';

test('an entry of the journal is as long as a record of the floor', async () => {
  const data = await mkdtemp(join(tmpdir(), 'majordomo-entry-'));
  const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', data });
  const client = await connect({ brokers: [broker.endpoint] });
  const body = Buffer.alloc(256);
  await client.submit('bench.echo', body);
  await client.close();
  await broker.close();
  const root = open({ path: data, noSubdir: false });
  const entries = root.openDB<Buffer, Buffer>({ name: 'entries', encoding: 'binary', keyEncoding: 'binary' });
  const lengths = [...entries.getRange()].map(({ value }) => value.length);
  await root.close();
  await rm(data, { recursive: true });
  expect(lengths).toEqual([body.length + ENTRY_BYTES]);
});
