// What every port must keep, whatever carries it (libs/runtime/src/port.ts, O1 to O7): one suite for the real ones and the fakes.

import type { LinkId } from '@majordomo/protocol';
import type { ListeningPort, LossReason, Port, PortLimits } from '@majordomo/runtime';

/** A peer that connects, says one thing, and then takes nothing until `resume`. */
export interface StalledPeer {
  resume(): void;
  /** First frames of what it has taken, as text. */
  readonly taken: readonly string[];
}

/** A place in which ports meet; all have the same limits. */
export interface PortWorld {
  /** Where to listen; any free place. */
  readonly endpoint: string;
  router(): ListeningPort;
  dealer(): Port;
  stalledPeer(endpoint: string): StalledPeer;
  /** Sends, and calls `act` before anything else of this process runs, though what was sent has arrived in the meantime. */
  stall(send: () => void, act: () => void): Promise<void>;
  /** Settles when the condition holds; rejects when it does not for long. */
  until(condition: () => boolean): Promise<void>;
  /** Shuts down whatever was made here. */
  end(): Promise<void>;
}

/** Small, so that a stalled peer is noticed soon. */
const WORLD_LIMITS: Partial<PortLimits> = { highWaterMark: 4, blockedMaxMs: 300 };
/** What waits for a stalled peer comes to its bound in bytes long before its bound in time. */
const FEW_BYTES: Partial<PortLimits> = {
  highWaterMark: 4,
  queueBytesMax: 1024 * 1024,
  // Longer than a busy machine lets a thread wait: a peer that takes what comes is not lost.
  overfullMaxMs: 500,
  blockedMaxMs: 60_000,
};

const CHUNK = new Uint8Array(256 * 1024);
/** Twice what a full socket and the buffers of the kernel take on loopback, and a quarter of what may wait. */
const CHUNKS_THAT_BLOCK = 64;

/** What a port has told. */
class Told {
  readonly messages: { readonly link: LinkId; readonly texts: string[] }[] = [];
  readonly lost: { readonly link: LinkId; readonly reason: LossReason }[] = [];
  #isInCall = false;

  constructor(readonly port: Port) {
    port.start({
      message: (link, frames) => {
        this.#mustBeCalm();
        this.messages.push({ link, texts: frames.map((frame) => Buffer.from(frame).toString()) });
      },
      lost: (link, reason) => {
        this.#mustBeCalm();
        this.lost.push({ link, reason });
      },
    });
  }

  /** Sends text frames. */
  send(link: LinkId, ...texts: string[]): void {
    this.within(() =>
      this.port.send(
        link,
        texts.map((text) => Buffer.from(text)),
      ),
    );
  }

  /** Calls the port; nothing may be told meanwhile (O4). */
  within(call: () => void): void {
    this.#isInCall = true;
    call();
    this.#isInCall = false;
  }

  #mustBeCalm(): void {
    if (this.#isInCall) throw new Error('told something from within a call (O4)');
  }

  firsts(link?: LinkId): (string | undefined)[] {
    return this.messages.filter((message) => link === undefined || message.link === link).map(({ texts }) => texts[0]);
  }

  has(text: string): boolean {
    return this.messages.some(({ texts }) => texts[0] === text);
  }

  /** The link on which this was said. */
  linkOf(text: string): LinkId {
    return this.messages.find(({ texts }) => texts[0] === text)?.link ?? -1;
  }
}

async function bound(world: PortWorld, endpoint = world.endpoint): Promise<{ broker: Told; endpoint: string }> {
  const router = world.router();
  const real = await router.bind(endpoint);
  return { broker: new Told(router), endpoint: real };
}

/** A peer whose link 1 the broker knows. */
async function met(world: PortWorld, endpoint: string, broker: Told): Promise<{ peer: Told; link: LinkId }> {
  const peer = new Told(world.dealer());
  const before = broker.messages.length;
  peer.within(() => peer.port.connect(1, endpoint));
  peer.send(1, 'hello');
  await world.until(() => broker.messages.length > before);
  return { peer, link: broker.messages[before]?.link ?? -1 };
}

/** Runs the contract. */
export function portContract(name: string, makeWorld: (limits: Partial<PortLimits>) => PortWorld): void {
  describe(`${name} keeps the contract of a port`, () => {
    let world: PortWorld;
    beforeEach(() => {
      world = makeWorld(WORLD_LIMITS);
    });
    afterEach(() => world.end());

    messages(() => world);
    losses(() => world);
    stalls(() => world);
    endings(() => world);
  });

  describe(`${name} after a stall`, () => {
    let world: PortWorld;
    beforeEach(() => {
      world = makeWorld({});
    });
    afterEach(() => world.end());

    arrivals(() => world);
  });

  describe(`${name} with room for few bytes`, () => {
    let world: PortWorld;
    beforeEach(() => {
      world = makeWorld(FEW_BYTES);
    });
    afterEach(() => world.end());

    overfull(() => world);
  });
}

function messages(world: () => PortWorld): void {
  test('messages arrive whole and in order, both ways', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    const big = 'x'.repeat(300_000);
    for (let i = 0; i < 300; i++) peer.send(1, `up${i}`, '', i % 50 === 0 ? big : 'small');
    for (let i = 0; i < 300; i++) broker.send(link, `down${i}`, i % 50 === 0 ? big : 'small', 'end');
    await world().until(() => broker.messages.length === 301 && peer.messages.length === 300);
    expect(broker.firsts(link)).toEqual(['hello', ...Array.from({ length: 300 }, (_, i) => `up${i}`)]);
    expect(peer.firsts(1)).toEqual(Array.from({ length: 300 }, (_, i) => `down${i}`));
    expect(broker.messages[1]?.texts).toEqual(['up0', '', big]);
    expect(peer.messages[1]?.texts).toEqual(['down1', 'small', 'end']);
  });

  test('what is sent before anybody listens waits for them', async () => {
    const { broker, endpoint } = await bound(world());
    await broker.port.shutdown(0);
    const peer = new Told(world().dealer());
    peer.port.connect(1, endpoint);
    peer.send(1, 'early');
    const { broker: later } = await bound(world(), endpoint);
    await world().until(() => later.has('early'));
    expect(peer.lost).toEqual([]);
  });

  test('each link has a number of its own, and a fresh one is new', async () => {
    const { broker, endpoint } = await bound(world());
    const peer = new Told(world().dealer());
    peer.port.connect(1, endpoint);
    peer.port.connect(2, endpoint);
    peer.send(1, 'a');
    peer.send(2, 'b');
    await world().until(() => broker.has('a') && broker.has('b'));
    peer.port.close(1);
    await world().until(() => broker.lost.length === 1);
    peer.port.connect(3, endpoint);
    peer.send(3, 'c');
    await world().until(() => broker.has('c'));
    const links = [broker.linkOf('a'), broker.linkOf('b'), broker.linkOf('c')];
    expect(new Set(links).size).toBe(3);
    expect(broker.lost).toEqual([{ link: links[0], reason: 'disconnected' }]);
    broker.send(broker.linkOf('b'), 'to b');
    broker.send(broker.linkOf('c'), 'to c');
    await world().until(() => peer.messages.length === 2);
    expect([peer.linkOf('to b'), peer.linkOf('to c')]).toEqual([2, 3]);
  });
}

/** O7. */
function arrivals(world: () => PortWorld): void {
  const COUNT = 200;

  /** How many messages a port had delivered when it was asked for all that has arrived, and when it said that this was all. */
  const countAround = async (told: Told, send: () => void): Promise<number[]> => {
    const before = told.messages.length;
    const counts: number[] = [];
    const count = (): void => void counts.push(told.messages.length - before);
    await world().stall(send, () => {
      count();
      told.within(() => told.port.afterInput(1_000, count));
      count();
    });
    await world().until(() => counts.length === 3);
    return counts;
  };

  test('a broker is given what its peers have sent before timers are judged', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer } = await met(world(), endpoint, broker);
    const { peer: other } = await met(world(), endpoint, broker);
    const counts = await countAround(broker, () => {
      for (let i = 0; i < COUNT / 2; i++) for (const each of [peer, other]) each.send(1, `up${i}`);
    });
    expect(counts).toEqual([0, 0, COUNT]);
  });

  test('a peer is given what its brokers have sent before timers are judged', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    const counts = await countAround(peer, () => {
      for (let i = 0; i < COUNT; i++) broker.send(link, `down${i}`);
    });
    expect(counts).toEqual([0, 0, COUNT]);
  });
}

function losses(world: () => PortWorld): void {
  test('a broker is told once that a peer has gone', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    const { peer: other } = await met(world(), endpoint, broker);
    await peer.port.shutdown(0);
    await world().until(() => broker.lost.length > 0);
    other.send(1, 'still here');
    await world().until(() => broker.has('still here'));
    expect(broker.lost).toEqual([{ link, reason: 'disconnected' }]);
  });

  test('a peer is told once that the broker has gone, and a new link to its successor works', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer } = await met(world(), endpoint, broker);
    await broker.port.shutdown(0);
    await world().until(() => peer.lost.length > 0);
    const { broker: successor } = await bound(world(), endpoint);
    peer.send(1, 'on the lost link');
    peer.port.connect(2, endpoint);
    peer.send(2, 'on the new link');
    await world().until(() => successor.has('on the new link'));
    expect(successor.firsts()).toEqual(['on the new link']);
    expect(peer.lost).toEqual([{ link: 1, reason: 'disconnected' }]);
  });

  test('sending to a peer that has gone never throws, and the loss is told', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    const gone = peer.port.shutdown(0);
    for (let i = 0; i < 10; i++) broker.send(link, 'into the void');
    await gone;
    broker.send(link, 'into the void');
    await world().until(() => broker.lost.length > 0);
    broker.send(link, 'into the void');
    broker.send(4711, 'to nobody');
    broker.port.close(link);
    broker.port.close(4711);
    expect(broker.lost.map((loss) => loss.link)).toEqual([link]);
  });

  test('an endpoint that is none is told as unreachable, not thrown', async () => {
    const peer = new Told(world().dealer());
    peer.within(() => peer.port.connect(1, 'nonsense'));
    peer.send(1, 'nothing');
    await world().until(() => peer.lost.length > 0);
    expect(peer.lost).toEqual([{ link: 1, reason: 'unreachable' }]);
  });

  test('a link that the broker closed is heard no more, and no loss is told', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    const { peer: other } = await met(world(), endpoint, broker);
    broker.send(link, 'last words');
    broker.within(() => broker.port.close(link));
    broker.send(link, 'too late');
    await world().until(() => peer.has('last words'));
    for (let i = 0; i < 10; i++) peer.send(1, 'ignored');
    peer.port.close(1);
    peer.port.connect(2, endpoint);
    peer.send(2, 'a new link');
    other.send(1, 'from the other');
    await world().until(() => broker.has('a new link') && broker.has('from the other'));
    expect(broker.has('ignored')).toBe(false);
    expect(peer.has('too late')).toBe(false);
    expect(broker.lost).toEqual([]);
  });

  test('what a peer says just before it closes a link still arrives', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    peer.send(1, 'goodbye');
    peer.within(() => peer.port.close(1));
    await world().until(() => broker.lost.length > 0);
    expect(broker.firsts(link)).toEqual(['hello', 'goodbye']);
    expect(peer.lost).toEqual([]);
  });
}

/** A broker with a stalled peer on `link` and a lively one on `other`. */
async function stalled(world: PortWorld) {
  const { broker, endpoint } = await bound(world);
  const slow = world.stalledPeer(endpoint);
  await world.until(() => broker.messages.length === 1);
  const { peer, link: other } = await met(world, endpoint, broker);
  return { broker, slow, peer, link: broker.messages[0]?.link ?? -1, other };
}

function sendChunks(broker: Told, link: LinkId, first: number, count: number): void {
  broker.within(() => {
    for (let i = first; i < first + count; i++) broker.port.send(link, [Buffer.from(`${i}`), CHUNK]);
  });
}

function stalls(world: () => PortWorld): void {
  test('a stalled peer holds up nobody else and is lost after a while', async () => {
    const { broker, peer, link, other } = await stalled(world());
    sendChunks(broker, link, 0, CHUNKS_THAT_BLOCK);
    broker.send(other, 'prompt');
    await world().until(() => peer.has('prompt'));
    expect(broker.lost).toEqual([]);
    await world().until(() => broker.lost.length > 0);
    expect(broker.lost).toEqual([{ link, reason: 'blocked' }]);
    broker.send(other, 'after');
    await world().until(() => peer.has('after'));
    expect(broker.lost.length).toBe(1);
  });

  test('the order is kept when a queue filled up in between', async () => {
    const { broker, slow, link } = await stalled(world());
    sendChunks(broker, link, 0, CHUNKS_THAT_BLOCK);
    slow.resume();
    sendChunks(broker, link, CHUNKS_THAT_BLOCK, 20);
    await world().until(() => slow.taken.length === CHUNKS_THAT_BLOCK + 20);
    expect(slow.taken).toEqual(Array.from({ length: CHUNKS_THAT_BLOCK + 20 }, (_, i) => `${i}`));
    expect(broker.lost).toEqual([]);
  });
}

function overfull(world: () => PortWorld): void {
  test('what waits for a stalled peer is bounded in bytes', async () => {
    const { broker, link } = await stalled(world());
    sendChunks(broker, link, 0, CHUNKS_THAT_BLOCK);
    await world().until(() => broker.lost.length > 0);
    expect(broker.lost).toEqual([{ link, reason: 'blocked' }]);
  });

  test('a burst beyond the bound reaches a peer that takes it', async () => {
    const { broker, peer, other } = await stalled(world());
    sendChunks(broker, other, 0, CHUNKS_THAT_BLOCK);
    await world().until(() => peer.messages.length === CHUNKS_THAT_BLOCK);
    expect(broker.lost).toEqual([]);
  });
}

function endings(world: () => PortWorld): void {
  test('shutdown gets rid of what was sent, settles, and may be called twice', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    broker.send(link, 'the last');
    const down = broker.port.shutdown(1_000);
    expect(broker.port.shutdown(0)).toBe(down);
    await down;
    await world().until(() => peer.lost.length > 0);
    expect(peer.firsts()).toEqual(['the last']);
    const done = peer.port.shutdown(1_000);
    await done;
    peer.port.connect(2, endpoint);
    peer.send(1, 'after the end');
    peer.port.close(1);
    expect(peer.lost.length).toBe(1);
  });

  test('nothing is told after shutdown was asked for', async () => {
    const { broker, endpoint } = await bound(world());
    const { peer, link } = await met(world(), endpoint, broker);
    peer.send(1, 'unheard');
    const down = broker.port.shutdown(100);
    broker.send(link, 'unsaid');
    await down;
    await world().until(() => peer.lost.length > 0);
    expect(broker.firsts()).toEqual(['hello']);
    expect(broker.lost).toEqual([]);
    expect(peer.messages).toEqual([]);
  });

  test('an endpoint is held by one port at a time, and is free after its shutdown', async () => {
    const { broker, endpoint } = await bound(world());
    await expect(world().router().bind(endpoint)).rejects.toMatchObject({
      name: 'MajordomoError',
      code: 'INVALID_OPTION',
      details: { endpoint, reason: 'EADDRINUSE' },
      message: expect.stringContaining(endpoint) as string,
    });
    await broker.port.shutdown(0);
    await expect(world().router().bind(endpoint)).resolves.toBe(endpoint);
  });
}
