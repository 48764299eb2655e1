// ZMTP heartbeats on the wire, from each end: they can be turned off, for peers of ZeroMQ implementations that cannot take a PING.

import { createBroker, type RunningBroker } from '@majordomo/broker';
import { connect, type Client } from '@majordomo/client';
import { Method, serve, Service, type WorkerHandle } from '@majordomo/worker';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { command, GREETING, property, RawConnection, READY } from './zmtp.js';

const INTERVAL_MS = 100;
/** By then the one without heartbeats would have sent some too. */
const PINGS = 5;
/** As many as a broker sends at least before it gives up a peer that does not answer. */
const PINGS_UNANSWERED = 2;
const ROUTER_READY = command('READY', property('Socket-Type', 'ROUTER'), property('Identity', ''));

@Service('lab')
class Lab {
  @Method() echo(input: unknown): unknown {
    return input;
  }
}

/** PING commands in what a socket has sent. */
class Pings {
  count = 0;
  #text = '';

  constructor(
    readonly socket: Socket,
    private readonly tell: () => void,
  ) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
      this.count = this.#text.split('\x04PING').length - 1;
      this.tell();
    });
  }
}

/** A broker that says nothing but what ZMTP 3.0 needs, and counts the PINGs that come. */
async function listener(tell: () => void): Promise<{ server: Server; endpoint: string; pings: Pings[] }> {
  const pings: Pings[] = [];
  const server = createServer((socket) => {
    pings.push(new Pings(socket, tell));
    socket.write(Buffer.concat([GREETING, ROUTER_READY]));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, endpoint: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, pings };
}

const total = (pings: readonly Pings[]): number => pings.reduce((sum, { count }) => sum + count, 0);

test('a broker sends PING at its interval, and none when that is 0', async () => {
  const brokers: RunningBroker[] = [];
  const peers: Pings[] = [];
  await new Promise<void>((enough, fail) => {
    const begin = async (): Promise<void> => {
      for (const zmtpHeartbeatMs of [0, INTERVAL_MS]) {
        const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', zmtpHeartbeatMs, logger: false });
        brokers.push(broker);
        const connection = await RawConnection.open(broker.endpoint);
        peers.push(
          new Pings(connection.socket, () => {
            if (total(peers) >= PINGS_UNANSWERED) enough();
          }),
        );
        await connection.say(GREETING, READY);
      }
    };
    begin().catch(fail);
  });
  expect(peers.map(({ count }) => count > 0)).toEqual([false, true]);
  for (const { socket } of peers) socket.destroy();
  await Promise.all(brokers.map((broker) => broker.close()));
});

test.each(['client', 'worker'])('a %s sends PING at its interval, and none when that is 0', async (kind) => {
  const ends: (Client | WorkerHandle)[] = [];
  const open = async (endpoint: string, zmtpHeartbeatMs: number): Promise<void> => {
    const options = { brokers: [endpoint], zmtpHeartbeatMs, logger: false } as const;
    if (kind === 'client') ends.push(await connect({ ...options, connectTimeoutMs: 0 }));
    // A worker that waits for its first broker: `serve` settles with its close only.
    else void serve({ ...options, services: [new Lab()], connectTimeoutMs: 3_000 }).catch(() => undefined);
  };
  let enough = (): void => undefined;
  const reached = new Promise<void>((resolve) => (enough = resolve));
  const on = await listener(() => {
    if (total(on.pings) >= PINGS && off.pings.length > 0) enough();
  });
  const off = await listener(() => undefined);
  await open(on.endpoint, INTERVAL_MS);
  await open(off.endpoint, 0);
  await reached;
  expect(total(off.pings)).toBe(0);
  await Promise.all(ends.map((end) => end.close()));
  for (const { server, pings } of [on, off]) {
    for (const { socket } of pings) socket.destroy();
    server.close();
  }
});

test('an interval that is too short or no number is refused by every end', async () => {
  const wrong = { zmtpHeartbeatMs: 5 };
  const refusal = { code: 'INVALID_OPTION', message: expect.stringContaining('zmtpHeartbeatMs') as string };
  await expect(createBroker(wrong)).rejects.toMatchObject(refusal);
  await expect(connect(wrong)).rejects.toMatchObject(refusal);
  await expect(serve({ services: [new Lab()], ...wrong })).rejects.toMatchObject(refusal);
});
