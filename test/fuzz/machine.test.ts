// Peers that keep the wire and break everything else: records that are well-formed, in any order, from anybody.
//
// The broker must not throw, its books must balance, and when all of them are gone it must have forgotten everything in time.

import { BROKER_DEFAULTS, Broker, type BrokerSettings } from '@majordomo/broker';
import { encodeMessages, type WireRecord } from '@majordomo/protocol';
import { checkInvariants } from '../spec/invariants.js';
import { anyRecord, goodHello } from './corpus.js';
import { FUZZ_SEED, type Dice } from './dice.js';
import { playWorlds, type FuzzWorld } from './worlds.js';

const WORLDS = 400;
const STEPS = 150;
const SETTINGS: BrokerSettings = {
  ...BROKER_DEFAULTS,
  instance: 1,
  requestsPerSessionMax: 30,
  queueLengthMax: 10,
  dedupeWindowMs: 20_000,
  dedupeCountMax: 20,
};
/** Said by a peer that means well: what ends a link at once is left to decoder.test.ts. */
const DEADLY = new Set([1, 2, 6, 24, 40, 41, 42]);

class World implements FuzzWorld {
  readonly broker = new Broker(SETTINGS, 0);
  readonly #dice: Dice;
  readonly log: string[] = [];
  readonly #links = new Set<number>();
  #lastLink = 0;
  #now = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  step(): void {
    const dice = this.#dice;
    if (this.#links.size < 3 || dice.oneIn(25)) this.#join();
    const link = dice.of([...this.#links]);
    if (dice.oneIn(20)) this.#handle({ kind: 'link-lost', link, reason: 'disconnected' });
    else this.#handle({ kind: 'records', link, records: this.#records() });
    if (dice.oneIn(3)) this.#advance(dice.oneIn(6) ? dice.below(30_000) : dice.below(400));
  }

  #records(): WireRecord[] {
    const dice = this.#dice;
    const records: WireRecord[] = [];
    for (let i = 1 + dice.below(4); i > 0; i--) {
      const record = anyRecord(dice);
      if (!DEADLY.has(record.kind) || dice.oneIn(60)) records.push(record);
    }
    return records.length === 0 ? [{ kind: 5 }] : records;
  }

  /** A new link; now and then of an instance that is here already. Each numbers a few names, most offer something. */
  #join(): void {
    const link = ++this.#lastLink;
    this.#links.add(link);
    const roles = 1 + this.#dice.below(3);
    this.#handle({
      kind: 'records',
      link,
      records: [
        goodHello(1 + this.#dice.below(6), roles),
        ...['say', 'create', 'watch'].map((method, number) => ({
          kind: 16 as const,
          number,
          service: 'echo',
          method,
        })),
        ...(roles === 1 ? [] : [offerOfAll]),
      ],
    });
  }

  #advance(byMs: number): void {
    this.#now += byMs;
    if (this.broker.wakeAt() <= this.#now) this.#handle({ kind: 'wake' });
  }

  #handle(input: Parameters<Broker['handle']>[0]): void {
    this.log.push(`${this.#now}: ${JSON.stringify(input)}`);
    this.broker.handle(input, this.#now);
    for (const link of this.broker.output.closes) this.#links.delete(link);
    if (input.kind === 'link-lost') this.#links.delete(input.link);
    encodeMessages(this.broker.output.records);
    this.broker.output.clear();
    checkInvariants(this.broker);
  }

  /** Everybody leaves, and time passes. */
  end(): void {
    for (const link of this.#links) this.#handle({ kind: 'link-lost', link, reason: 'disconnected' });
    const end = this.#now + 40 * 24 * 3_600_000;
    while (this.broker.wakeAt() < Infinity && this.#now < end) {
      this.#now = Math.max(this.#now, this.broker.wakeAt());
      this.broker.handle({ kind: 'wake' }, this.#now);
      this.broker.output.clear();
    }
    checkInvariants(this.broker);
  }
}

const offerOfAll: WireRecord = {
  kind: 32,
  service: 0,
  credit: 2,
  name: 'echo',
  methods: [
    { name: 'say', atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0 },
    { name: 'create', atMostOnce: true, streams: false, executionTimeoutMs: 300, maxAttempts: 0 },
    { name: 'watch', atMostOnce: false, streams: true, executionTimeoutMs: 0, maxAttempts: 2 },
  ],
};

test(`${WORLDS} worlds of ${STEPS} steps: the books balance, and at the end nothing is left (seed ${FUZZ_SEED}; W26)`, () => {
  expect(() => playWorlds(WORLDS, STEPS, (dice) => new World(dice))).not.toThrow();
}, 60_000);
