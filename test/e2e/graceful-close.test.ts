// A broker that is closed while its journal is being written: what reaches the disk is acknowledged before the links close.

import { Broker, BrokerProcess, resolveBrokerOptions } from '@majordomo/broker';
import { RouterPort, SystemClock } from '@majordomo/runtime';
import { MemoryJournal, MemoryStore } from '../contracts/memory-store.js';
import { until } from './processes.js';
import { clearStage, LIMIT_MS, startClient } from './stage.js';

const SUBMISSIONS = 50;

afterEach(clearStage);

/** A store whose commits wait until the gate is opened. */
class GatedStore extends MemoryStore {
  /** Writes that have been asked for. */
  writes = 0;
  readonly #gate: Promise<void>;
  open: () => void = () => {};

  constructor(journal: MemoryJournal) {
    super(journal);
    this.#gate = new Promise((resolve) => (this.open = resolve));
  }

  override async commit(writes: Parameters<MemoryStore['commit']>[0]): Promise<void> {
    this.writes += writes.length;
    await this.#gate;
    await super.commit(writes);
  }
}

async function startGatedBroker(): Promise<{ broker: BrokerProcess; store: GatedStore; journal: MemoryJournal }> {
  const journal = new MemoryJournal(5);
  const store = new GatedStore(journal);
  const clock = new SystemClock();
  const options = resolveBrokerOptions({ bind: 'tcp://127.0.0.1:0' });
  const port = new RouterPort({ clock });
  const endpoints = [await port.bind(options.bind[0] as string)];
  const machine = new Broker({ ...options, instance: 7 }, clock.now());
  const loaded = await store.load();
  const observers = {};
  const broker = new BrokerProcess({ endpoints, options, machine, port, clock, observers, journal: { store, loaded } });
  return { broker, store, journal };
}

test(
  'submissions whose write is under way when the broker is closed get their tickets',
  async () => {
    const { broker, store, journal } = await startGatedBroker();
    const client = await startClient(broker.endpoint);
    const submitted = Promise.all(
      Array.from({ length: SUBMISSIONS }, (_, i) => client.submit('nobody.serves', i, { deadlineMs: LIMIT_MS })),
    );
    await until('all are taken', () => broker.counters.requests === SUBMISSIONS);
    expect(store.writes).toBeGreaterThan(0);
    expect(journal.entries.size).toBe(0);
    const closed = broker.close();
    store.open();
    const tickets = await submitted;
    await closed;
    expect(new Set(tickets.map(({ id }) => id)).size).toBe(SUBMISSIONS);
    expect(journal.entries.size).toBe(SUBMISSIONS);
  },
  LIMIT_MS,
);
