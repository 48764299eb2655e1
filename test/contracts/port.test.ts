// The contract of a port, run against the real sockets and against the fakes; then what only one of them can be asked.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Dealer } from 'zeromq';
import { DealerPort, RouterPort, SystemClock, type Port, type PortLimits } from '@majordomo/runtime';
import { FakeClock, FakeDealerPort, FakeNetwork, FakeRouterPort } from '@majordomo/runtime/fake';
import { ipcContract } from './ipc-contract.js';
import { portContract, type PortWorld, type StalledPeer } from './port-contract.js';

/** How long a condition on real sockets may take, in ms. */
const PATIENCE_MS = 20_000;
/** How long an event loop is blocked, in ms: enough for an I/O thread on a busy machine to take in what is on loopback. */
const STALL_MS = 200;
/** How long a message takes in the fake network, in ms. */
const DELAY_MS = 1;

async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

let lastPath = 0;

/** An ipc endpoint that nobody uses. Sockets remove themselves when they are closed. */
function freePath(): string {
  return `ipc://${tmpdir()}/mj-${process.pid}-${++lastPath}.sock`;
}

class RealWorld implements PortWorld {
  readonly endpoint: string;
  readonly #clock = new SystemClock();
  readonly #limits: Partial<PortLimits>;
  readonly #ports: Port[] = [];
  readonly #sockets: Dealer[] = [];

  constructor(limits: Partial<PortLimits>, endpoint = 'tcp://127.0.0.1:0') {
    this.#limits = limits;
    this.endpoint = endpoint;
  }

  router(): RouterPort {
    const port = new RouterPort({ clock: this.#clock, limits: this.#limits });
    this.#ports.push(port);
    return port;
  }

  dealer(): DealerPort {
    const port = new DealerPort({ clock: this.#clock, limits: this.#limits });
    this.#ports.push(port);
    return port;
  }

  stalledPeer(endpoint: string): StalledPeer {
    const socket = new Dealer({ linger: 0, receiveHighWaterMark: 1 });
    this.#sockets.push(socket);
    socket.connect(endpoint);
    void socket.send('stalled');
    const taken: string[] = [];
    const resume = async (): Promise<void> => {
      for await (const [first] of socket) taken.push(String(first));
    };
    return { taken, resume: () => void resume() };
  }

  /** Sends go on in microtasks; then the event loop is blocked, and its timers are the first to run. */
  async stall(send: () => void, act: () => void): Promise<void> {
    setTimeout(act, 1);
    send();
    for (let i = 0; i < 5_000; i++) await Promise.resolve();
    const end = performance.now() + STALL_MS;
    while (performance.now() < end);
  }

  until(condition: () => boolean): Promise<void> {
    return eventually(condition);
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.close();
    await Promise.all(this.#ports.splice(0).map((port) => port.shutdown(0)));
  }
}

class FakeWorld implements PortWorld {
  readonly endpoint = 'tcp://127.0.0.1:0';
  readonly clock = new FakeClock();
  readonly network: FakeNetwork;

  constructor(limits: Partial<PortLimits> = {}) {
    this.network = new FakeNetwork({ clock: this.clock, limits });
  }

  router(): FakeRouterPort {
    return new FakeRouterPort(this.network);
  }

  dealer(): FakeDealerPort {
    return new FakeDealerPort(this.network);
  }

  stalledPeer(endpoint: string): StalledPeer {
    const port = this.dealer();
    const taken: string[] = [];
    port.start({ message: (_, [first]) => taken.push(Buffer.from(first ?? []).toString()), lost: () => {} });
    port.connect(1, endpoint);
    port.send(1, [Buffer.from('stalled')]);
    port.connection(1)?.stall('connector');
    return { taken, resume: () => port.connection(1)?.resume('connector') };
  }

  async stall(send: () => void, act: () => void): Promise<void> {
    // Set before the messages that arrive at the same instant: it runs before them (clock.ts F1).
    this.clock.setTimer(DELAY_MS, act);
    send();
  }

  async until(condition: () => boolean): Promise<void> {
    const end = this.clock.now() + PATIENCE_MS;
    while (!condition()) {
      if (this.clock.now() >= end) throw new Error(`not within ${PATIENCE_MS} virtual ms: ${condition.toString()}`);
      await this.clock.run(1);
    }
  }

  async end(): Promise<void> {
    await this.clock.run(0);
  }
}

portContract('the sockets of zeromq', (limits) => new RealWorld(limits));
portContract('the sockets of zeromq over ipc', (limits) => new RealWorld(limits, freePath()));
ipcContract('the ROUTER of zeromq', () => new RouterPort({ clock: new SystemClock() }));
portContract('the fakes', (limits) => new FakeWorld(limits));

describe('real sockets', () => {
  test('tell of loss by themselves', async () => {
    const port = new RouterPort({ clock: new SystemClock() });
    expect(port.hasNotices).toBe(true);
    await port.shutdown(0);
  });

  test('a process whose ports are shut down comes to its end', async () => {
    const script = `
      import { DealerPort, RouterPort, SystemClock } from '@majordomo/runtime';
      const clock = new SystemClock();
      const router = new RouterPort({ clock });
      const dealer = new DealerPort({ clock });
      const endpoint = await router.bind('tcp://127.0.0.1:0');
      router.start({ message: (link, frames) => router.send(link, frames), lost() {} });
      dealer.start({ message: () => Promise.all([dealer.shutdown(1000), router.shutdown(1000)]), lost() {} });
      dealer.connect(1, 'tcp://127.0.0.1:1');
      dealer.connect(2, endpoint);
      dealer.send(1, [Buffer.from('to nobody')]);
      dealer.send(2, [Buffer.from('to myself')]);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: new URL('.', import.meta.url),
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 2 * PATIENCE_MS,
    });
    await expect(once(child, 'exit')).resolves.toEqual([0, null]);
  });

  test('a routing id that comes back after its connection was lost is a new link', async () => {
    const router = new RouterPort({ clock: new SystemClock() });
    const endpoint = await router.bind('tcp://127.0.0.1:0');
    const told: string[] = [];
    router.start({
      message: (link, [first]) => told.push(`${link} ${Buffer.from(first ?? []).toString()}`),
      lost: (link, reason) => told.push(`${link} ${reason}`),
    });
    for (const word of ['one', 'two', 'three']) {
      const before = told.length;
      const peer = new Dealer({ linger: 0, routingId: 'mine' });
      peer.connect(endpoint);
      await peer.send(word);
      await eventually(() => told.length === before + 1);
      if (word === 'two') router.close(2);
      peer.close();
      await eventually(() => router.knownPeers === 0);
    }
    expect(told).toEqual(['1 one', '1 disconnected', '2 two', '3 three', '3 disconnected']);
    await router.shutdown(0);
  });

  test('an oversize routing id or frame from a stranger harms nobody', async () => {
    const clock = new SystemClock();
    const router = new RouterPort({ clock, limits: { frameBytesMax: 1_000 } });
    const endpoint = await router.bind('tcp://127.0.0.1:0');
    const heard: string[] = [];
    router.start({
      message: (link, [first]) => heard.push(`${link} ${Buffer.from(first ?? []).toString()}`),
      lost: () => {},
    });
    const stranger = new Dealer({ linger: 0, routingId: 'r'.repeat(255) });
    stranger.connect(endpoint);
    await stranger.send('short');
    await eventually(() => heard.length === 1);
    await stranger.send(Buffer.alloc(1_001));
    const other = new Dealer({ linger: 0 });
    other.connect(endpoint);
    await other.send('fine');
    await eventually(() => heard.length === 2);
    expect(heard.sort()).toEqual(['1 short', '2 fine']);
    stranger.close();
    other.close();
    await router.shutdown(0);
  });
});

describe('the fake network', () => {
  /** A broker and a peer that know each other, and what they were told. */
  const pair = async () => {
    const world = new FakeWorld();
    const router = world.router();
    const dealer = world.dealer();
    const told: string[] = [];
    const tell = (who: string) => ({
      message: (link: number, [first]: Uint8Array[]) =>
        void told.push(`${world.clock.now()} ${who} ${link} ${Buffer.from(first ?? []).toString()}`),
      lost: (link: number, reason: string) => void told.push(`${world.clock.now()} ${who} ${link} lost: ${reason}`),
    });
    const endpoint = await router.bind(world.endpoint);
    router.start(tell('broker'));
    dealer.start(tell('peer'));
    dealer.connect(7, endpoint);
    dealer.send(7, [Buffer.from('hello')]);
    world.clock.advance(10);
    return { world, router, dealer, endpoint, told };
  };

  test('a message takes as long as its connection says', async () => {
    const { world, router, dealer, told } = await pair();
    dealer.connection(7)!.delayMs = 40;
    router.send(1, [Buffer.from('slow')]);
    world.clock.advance(100);
    expect(told).toEqual(['1 broker 1 hello', '50 peer 7 slow']);
  });

  test('a cut connection is told to both ends, and what was on its way is lost', async () => {
    const { world, router, dealer, told } = await pair();
    router.send(1, [Buffer.from('lost')]);
    dealer.connection(7)?.cut();
    world.clock.advance(100);
    expect(told.slice(1)).toEqual(['10 peer 7 lost: disconnected', '10 broker 1 lost: disconnected']);
  });

  test('a short isolation delays, a long one breaks', async () => {
    const { world, router, dealer, endpoint, told } = await pair();
    world.network.isolate(endpoint);
    router.send(1, [Buffer.from('late')]);
    world.clock.advance(1_000);
    world.network.heal(endpoint);
    world.clock.advance(1_000);
    world.network.isolate(endpoint);
    dealer.send(7, [Buffer.from('never')]);
    dealer.connect(8, endpoint);
    dealer.send(8, [Buffer.from('patient')]);
    world.clock.advance(5_000);
    world.network.heal(endpoint);
    world.clock.advance(10);
    expect(told.slice(1)).toEqual([
      '1010 peer 7 late',
      '5010 peer 7 lost: disconnected', // 3 s after the second isolation
      '5010 broker 1 lost: disconnected',
      '7010 broker 2 patient',
    ]);
  });
});
