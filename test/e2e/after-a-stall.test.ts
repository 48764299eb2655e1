// A process that was stopped, or computed for long, reads what has arrived before it judges what has not.

import { encodeMessages, decodeMessage, encodeBody, HEARTBEAT, Kind, Role, type WireRecord } from '@majordomo/protocol';
import { DealerPort, SystemClock } from '@majordomo/runtime';
import { freeEndpoint, until, type Program } from './processes.js';
import {
  allRunsOf,
  clearStage,
  holderOf,
  LIMIT_MS,
  startBroker,
  startClient,
  startClientProcess,
  startWorker,
  type Answer,
} from './stage.js';

const HEARTBEAT_MS = 100;
const SILENCE_MS = 1_000;
/** Longer than the silence after which a peer is lost, and shorter than what ZMTP heartbeats allow (3 s). */
const STOPPED_MS = 1_600;

afterEach(clearStage);

function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Stops a process for a while. */
async function stopFor(program: Program, ms: number): Promise<void> {
  program.signal('SIGSTOP');
  await delay(ms);
  program.signal('SIGCONT');
}

test(
  'an answer that came in time is the outcome, although the caller computed until after the deadline',
  async () => {
    const bind = await freeEndpoint();
    await startBroker({ bind });
    const worker = await startWorker({ brokers: [bind] });
    const client = await startClient(bind);
    const task = (id: string, ms: number) => ({ id, ms });
    await client.call('lab.work', task('first', 0));
    for (const id of ['a', 'b', 'c']) {
      const answer = client.call<Answer>('lab.work', task(id, 40), { deadlineMs: 300 });
      const other = client.call<Answer>('lab.echo', { id: `${id}-echo` }, { deadlineMs: 300 });
      await holderOf(id, [worker]);
      compute(600);
      expect(await Promise.all([answer, other])).toEqual([
        { id, pid: worker.pid, attempt: 1 },
        { id: `${id}-echo`, pid: worker.pid, attempt: 1 },
      ]);
    }
  },
  LIMIT_MS,
);

/** A peer that judges nothing itself: it is told everything, and goes on saying that it is alive. */
class RawPeer {
  readonly heard: WireRecord[] = [];
  readonly losses: string[] = [];
  readonly #port = new DealerPort({ clock: new SystemClock() });
  readonly #beat: NodeJS.Timeout;

  constructor(endpoint: string, instance: number, roles: number) {
    this.#port.start({
      message: (_, frames) => {
        const decoded = decodeMessage(frames, 1_000_000);
        if (decoded.fault === undefined) this.heard.push(...decoded.records);
      },
      lost: (_, reason) => void this.losses.push(reason),
    });
    this.#port.connect(1, endpoint);
    this.say({
      kind: Kind.hello,
      versionMin: 1,
      versionMax: 1,
      roles,
      instance,
      heartbeatMs: HEARTBEAT_MS,
      silenceMaxMs: SILENCE_MS,
      messageBytesMax: 1_000_000,
      identity: `raw-${instance}`,
      software: '',
    });
    this.#beat = setInterval(() => this.say(HEARTBEAT), HEARTBEAT_MS);
  }

  say(...records: WireRecord[]): void {
    for (const message of encodeMessages(records)) this.#port.send(1, message);
  }

  async hear<K extends WireRecord['kind']>(kind: K): Promise<WireRecord & { kind: K }> {
    const found = (): WireRecord | undefined => this.heard.find((record) => record.kind === kind);
    await until(`the peer hears kind ${kind}`, () => found() !== undefined);
    return found() as WireRecord & { kind: K };
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    await this.#port.shutdown(0);
  }
}

test(
  'W46: a broker that was stopped for longer than peers may be silent gives up none that went on speaking, and takes answers that came in time',
  async () => {
    const bind = await freeEndpoint();
    const broker = await startBroker({ bind, heartbeatMs: HEARTBEAT_MS });
    const worker = new RawPeer(bind, 21, Role.worker);
    const clients = Array.from({ length: 20 }, (_, i) => new RawPeer(bind, 31 + i, Role.client));
    try {
      await worker.hear(Kind.welcome);
      // Its limit is over, with the broker's allowance, before the broker goes on.
      const terms = { name: 'go', atMostOnce: false, streams: false, executionTimeoutMs: 500, maxAttempts: 0 };
      worker.say({ kind: Kind.offer, service: 0, credit: 10, name: 'raw', methods: [terms] });
      await worker.hear(Kind.taken);
      const [client] = clients as [RawPeer];
      for (const each of clients) await each.hear(Kind.welcome);
      client.say(
        { kind: Kind.name, number: 0, service: 'raw', method: 'go' },
        {
          kind: Kind.request,
          ref: 1,
          name: 0,
          timeLeftMs: 1_200,
          ageMs: 0,
          window: 0,
          received: 0,
          waitForService: false,
          otherBrokers: 'none',
          confirm: false,
          key: '',
          headers: new Uint8Array(0),
          body: encodeBody('please'),
        },
      );
      const { ref } = await worker.hear(Kind.dispatch);
      const stopped = stopFor(broker, STOPPED_MS);
      const body = encodeBody('done');
      worker.say({ kind: Kind.final, ref, end: false, count: 0, headers: new Uint8Array(0), body });
      await stopped;
      await until('the request is settled', () =>
        client.heard.some(({ kind }) => kind === Kind.final || kind === Kind.error),
      );
      await broker.caughtUp();
      expect(client.heard.find(({ kind }) => kind === Kind.error)).toBeUndefined();
      expect(await client.hear(Kind.final)).toMatchObject({ ref: 1, body: Buffer.from(body) });
      for (const peer of [worker, ...clients]) {
        expect(peer.heard.filter(({ kind }) => kind === Kind.goodbye)).toEqual([]);
        expect(peer.losses).toEqual([]);
      }
      for (const event of ['worker.lost', 'client.lost', 'link.refused']) expect(broker.all(event)).toEqual([]);
    } finally {
      await Promise.all([worker, ...clients].map((peer) => peer.close()));
    }
  },
  LIMIT_MS,
);

test(
  'a client that was stopped with thousands of calls under way finds all their answers when it goes on',
  async () => {
    const COUNT = 6_000;
    const bind = await freeEndpoint();
    // Far fewer than the client has under way: what it has not read is kept beyond them.
    const broker = await startBroker({ bind, dedupeCountMax: 500 });
    const worker = await startWorker({ brokers: [bind], concurrency: COUNT });
    const client = await startClientProcess(bind);
    client.tell({ count: COUNT, ms: 1_500 });
    await until('the worker has them all', () => worker.all('run').length === COUNT);
    client.signal('SIGSTOP');
    // Longer than ZMTP heartbeats allow: the link is lost, and the answers have nowhere to go.
    const observer = await startClient(bind);
    await until('all are settled', async () => {
      const { counters } = await observer.call<{ counters: { settled: number } }>('majordomo.info');
      return counters.settled >= COUNT;
    });
    await delay(4_000);
    client.signal('SIGCONT');
    const { outcomes } = await client.hear('ended');
    expect(outcomes).toEqual({ answered: COUNT });
    expect((await allRunsOf(worker)).size).toBe(COUNT);
    expect(worker.all('run').length).toBe(COUNT);
    await broker.caughtUp();
    expect(broker.all('client.lost')).toEqual([]);
  },
  LIMIT_MS,
);
