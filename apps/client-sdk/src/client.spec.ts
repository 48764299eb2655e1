// Connecting for real, to nobody and to a broker that only says welcome.

import { encodeMessages, Kind, PROTOCOL_VERSION } from '@majordomo/protocol';
import { RouterPort, SystemClock } from '@majordomo/runtime';
import { connect } from './client.js';

async function portThat(welcomes: boolean): Promise<{ port: RouterPort; endpoint: string }> {
  const port = new RouterPort({ clock: new SystemClock() });
  const endpoint = await port.bind('tcp://127.0.0.1:0');
  const welcome = {
    kind: Kind.welcome,
    version: PROTOCOL_VERSION,
    instance: 1,
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1_000_000,
    namesMax: 16,
    requestsMax: 16,
    journal: 0,
    dedupeWindowMs: 600_000,
    software: 'spec',
  };
  port.start({
    message: (link) => welcomes && encodeMessages([welcome]).forEach((message) => port.send(link, message)),
    lost: () => undefined,
  });
  return { port, endpoint };
}

test('where no broker answers, connect rejects in time and names the brokers it tried', async () => {
  const { port, endpoint } = await portThat(false);
  await expect(connect({ brokers: [endpoint], connectTimeoutMs: 30 })).rejects.toMatchObject({
    code: 'NO_BROKER',
    ran: 'no',
    retryable: true,
    message: `no broker answers at ${endpoint}`,
  });
  await port.shutdown(0);
});

test('with connectTimeoutMs 0 nobody waits, and the call says that there is no broker', async () => {
  const { port, endpoint } = await portThat(false);
  const client = await connect({ brokers: [endpoint], connectTimeoutMs: 0 });
  await expect(client.call('a.b', 1, { deadlineMs: 30 })).rejects.toMatchObject({ code: 'NO_BROKER', ran: 'no' });
  await client.close();
  await port.shutdown(0);
});

test('a client is there as soon as one broker of the list has answered, and ends what is open when it is closed', async () => {
  const [silent, open] = await Promise.all([portThat(false), portThat(true)]);
  const kinds: string[] = [];
  const client = await connect({
    brokers: [silent.endpoint, open.endpoint],
    name: 'spec',
    onEvent: ({ kind, endpoint }) => kinds.push(`${kind} ${endpoint}`),
  });
  expect(kinds).toEqual([`broker.connected ${open.endpoint}`]);
  const ends = Promise.allSettled([client.call('a.b'), client.stream('a.c').next()]);
  await client[Symbol.asyncDispose]();
  await expect(ends).resolves.toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }]);
  await Promise.all([silent.port.shutdown(0), open.port.shutdown(0)]);
});

test('wrong options are refused before anything is opened', async () => {
  await expect(connect({ brokers: [] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
