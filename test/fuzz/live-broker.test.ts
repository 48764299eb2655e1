// A broker process that is sent everything that has killed a broker, and thousands of spoiled messages, while others work through it.
//
// F1. Every call that is made meanwhile is answered, rightly, and none waits until the strangers are gone.
// F2. The broker lives, and when the strangers are gone it holds nothing of them.

import { connect as connectTcp } from 'node:net';
import { decodeMessage, encodeMessages, Kind, type WireRecord } from '@majordomo/protocol';
import { Dealer } from 'zeromq';
import { Load } from '../e2e/load.js';
import { until, type Program } from '../e2e/processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient, startWorker } from '../e2e/stage.js';
import { anyRecord, goodHello } from './corpus.js';
import { Dice, FUZZ_SEED } from './dice.js';
import { mutated } from './mutation.js';

const MESSAGES = 10_000;
/** Strangers at once. */
const STRANGERS = 12;
/** Calls of the others at once. */
const IN_FLIGHT = 8;
/** After so many strangers it is seen that others are served meanwhile. */
const LOOK_EVERY = 50;

afterEach(clearStage);

/** What the broker says of itself (`majordomo.info`). */
interface Info {
  readonly links: number;
  readonly sessions: number;
  readonly counters: { readonly faults: number; readonly requests: number };
}

interface Stage {
  readonly endpoint: string;
  readonly broker: Program;
  readonly load: Load;
  readonly info: () => Promise<Info>;
}

async function setUp(): Promise<Stage> {
  const broker = await startBroker({ bind: 'tcp://127.0.0.1:0' });
  const endpoint = String((await broker.hear('ready'))['endpoint']);
  await startWorker({ brokers: [endpoint] });
  const client = await startClient(endpoint);
  const load = new Load('through', { client, address: 'lab.echo', inFlight: IN_FLIGHT });
  return { endpoint, broker, load, info: () => client.call<Info>('majordomo.info') };
}

/** F1, F2: what became of the calls, and what the broker says on stderr, once the strangers are gone. */
async function harm({ broker, load, info }: Stage): Promise<object> {
  await until('the strangers are forgotten', async () => (await info()).links === 2);
  await until('others have had their turn', () => load.answers.length > 100);
  const { asked, right, wrong } = await load.end();
  return { wrong, unanswered: asked - right, errors: broker.errors };
}
const NO_HARM = { wrong: [], unanswered: 0, errors: '' };

/** F1: one call more than are in flight has been answered, so one that was asked since. */
async function othersAreServed({ load }: Stage): Promise<void> {
  const answered = load.answers.length;
  await until('others are served meanwhile', () => load.answers.length > answered + IN_FLIGHT);
}

function stranger(endpoint: string): Dealer {
  const socket = new Dealer({ linger: 500, sendTimeout: 2_000 });
  socket.connect(endpoint);
  return socket;
}

const messageOf = (...records: WireRecord[]): Buffer[] => encodeMessages(records)[0] as Buffer[];

/** @returns the code with which the broker ends this native link. */
async function farewellTo(socket: Dealer): Promise<string | undefined> {
  for (;;) {
    const decoded = decodeMessage(await socket.receive());
    for (const record of decoded.fault === undefined ? decoded.records : [])
      if (record.kind === Kind.goodbye) return record.code;
  }
}

/** Frame lists that kill other brokers, for both dialects. */
function killers(): Record<string, (string | Buffer)[]> {
  const binary = Buffer.from([0, 255, 254, 1]);
  const [ready, request1, reply1] = ['\u0001', '\u0002', '\u0003'];
  return {
    'a single frame': ['hello'],
    'a single empty frame': [''],
    'two empty frames': ['', ''],
    'an unknown header': ['', 'MDPX01', ready, 'echo'],
    'an unknown header without delimiter': ['MDPX02', ready, 'echo'],
    'a client header alone': ['', 'MDPC01'],
    'a client header alone, 0.2': ['MDPC02'],
    'a worker header alone': ['', 'MDPW01'],
    'a worker header alone, 0.2': ['MDPW02'],
    'a client request without body': ['', 'MDPC01', 'echo'],
    'a client request without body, 0.2': ['MDPC02', ready, 'echo'],
    'an empty service name': ['', 'MDPC01', '', 'body'],
    'a binary service name': ['', 'MDPC01', binary, 'body'],
    'a binary service name, 0.2': ['MDPC02', ready, binary, 'body'],
    'a delimiter that is not empty': ['x', 'MDPC01', 'echo', 'body'],
    'an unknown worker command': ['', 'MDPW01', '\u0009'],
    'an empty worker command': ['', 'MDPW01', ''],
    'an unknown worker command, 0.2': ['MDPW02', '\u00ff'],
    'READY without a service': ['', 'MDPW01', ready],
    'READY without a service, 0.2': ['MDPW02', ready],
    'REPLY without frames': ['', 'MDPW01', reply1],
    'REPLY without delimiter': ['', 'MDPW01', reply1, 'client', 'body'],
    'REPLY to an empty client': ['', 'MDPW01', reply1, '', '', 'body'],
    'REPLY to a client that never asked': ['', 'MDPW01', reply1, 'nobody', '', 'body'],
    'FINAL to a client that never asked, 0.2': ['MDPW02', '\u0004', 'nobody', '', 'body'],
    'a request as if from a broker': ['', 'MDPW01', request1, 'client', '', 'body'],
    DISCONNECT: ['', 'MDPW01', '\u0005'],
    'HEARTBEAT before READY': ['', 'MDPW01', '\u0004'],
    'our first byte alone': [Buffer.from([0x9d])],
    'our first bytes and no record': [Buffer.from([0x9d, 0x01])],
    'our first bytes and the longest length': [Buffer.from([0x9d, 0x01, 0xff, 0xff, 0xff, 0xff])],
    'a thousand frames': Array.from({ length: 1_000 }, () => 'x'),
    'a thousand empty frames': Array.from({ length: 1_000 }, () => ''),
  };
}

/** A peer that speaks garbage to the TCP port itself. */
function tcpGarbage(endpoint: string, bytes: Buffer): Promise<void> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connectTcp(Number(port), hostname, () => socket.end(bytes));
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.resume();
  });
}

test(
  'what kills other brokers, each on a connection of its own and on one that has said HELLO, does nothing to others (W9)',
  async () => {
    const stage = await setUp();
    const lists = Object.entries(killers());
    for (const [i, [name, frames]] of lists.entries()) {
      const fresh = stranger(stage.endpoint);
      // Twice: REPLY twice, and whatever comes after DISCONNECT.
      await fresh.send(frames);
      await fresh.send(frames);
      const greeted = stranger(stage.endpoint);
      await greeted.send(messageOf(goodHello(100 + i, 3)));
      await greeted.send(frames);
      expect([name, await farewellTo(greeted)]).toEqual([name, 'PROTOCOL_ERROR']);
      await stage.info();
      fresh.close();
      greeted.close();
    }
    const reused = stranger(stage.endpoint);
    for (const [, frames] of lists) await reused.send(frames);
    reused.close();
    for (let length = 0; length < 40; length++) await tcpGarbage(stage.endpoint, Buffer.alloc(length, length));
    // One for each peer that had said HELLO. How many more depends on which of the others' messages come in one turn: the first ends the link.
    expect((await stage.info()).counters.faults).toBeGreaterThanOrEqual(lists.length);
    expect(await harm(stage)).toEqual(NO_HARM);
  },
  LIMIT_MS,
);

test(
  `${MESSAGES} spoiled messages do nothing to others (seed ${FUZZ_SEED}; W9)`,
  async () => {
    const stage = await setUp();
    const dice = new Dice(FUZZ_SEED);
    const message = (): Buffer[] => messageOf(...Array.from({ length: 1 + dice.below(6) }, () => anyRecord(dice)));
    let left = MESSAGES;
    let strangers = 0;
    const attack = async (): Promise<void> => {
      while (left > 0) {
        const socket = stranger(stage.endpoint);
        if (!dice.oneIn(3)) await socket.send(messageOf(goodHello(1 + dice.below(6), 1 + dice.below(3))));
        for (let i = dice.oneIn(10) ? dice.below(10) : 1; i > 0 && left > 0; i--) {
          left -= 1;
          const frames = mutated(message(), message(), dice);
          await socket.send(frames.length === 0 ? [''] : frames);
        }
        // The broker reads it before the connection goes.
        await Promise.race([socket.receive().catch(() => undefined), stage.info()]);
        socket.close();
        strangers += 1;
        if (strangers % LOOK_EVERY === 0) await othersAreServed(stage);
      }
    };
    await Promise.all(Array.from({ length: STRANGERS }, attack));
    await until('most of it has come', async () => (await stage.info()).counters.faults > MESSAGES / 4);
    expect(await harm(stage)).toEqual(NO_HARM);
  },
  LIMIT_MS,
);
