// After the storm: everything works again, and within bounded time whatever was begun has ended, and nothing is left of it.

import { STICK_MS } from './bench.js';
import type { Handed } from './tickets.js';
import { SETTLED_WITHIN_MS, type Operation } from './history.js';
import { TIMES } from './plan.js';
import type { SimBroker } from './sim-broker.js';
import type { SimClient } from './sim-client.js';
import type { Town } from './town.js';

/** The longest that a durable request may take: its expiry, and the way there. */
const DURABLE_MS = 40_000;
/** A probe is an ordinary request; it may have to wait for a link that is being opened again. */
const PROBE_MS = 5_000;
/** Tickets asked for at one time: brokers let a client wait for so many at least. */
const LOT = 10;

export class Calm {
  readonly #world: Town;

  constructor(world: Town) {
    this.#world = world;
  }

  /** S2. */
  async run(): Promise<void> {
    const world = this.#world;
    this.#mend();
    await world.pass(TIMES.silenceMaxMs * 2);
    await world.pass(SETTLED_WITHIN_MS, () => world.history.open.length === 0);
    world.history.checkAllEnded();
    await this.#collect();
    await this.#probe();
    await this.#leave();
  }

  #mend(): void {
    const { network, processes, brokers } = this.#world;
    for (const { disk } of brokers) {
      disk.isFull = false;
      disk.failsNext = false;
      disk.syncMs = 3;
    }
    for (const broker of brokers) network.heal(broker.endpoint);
    for (const connection of network.connections) {
      connection.heal();
      connection.resume('connector');
      connection.resume('listener');
      connection.delayMs = 1;
    }
    for (const process of processes) {
      process.stepsToLive = Infinity;
      process.continue();
      process.start();
    }
  }

  /** Every ticket has its outcome, for two who ask one after the other. */
  async #collect(): Promise<void> {
    const world = this.#world;
    const { tickets, clients } = world;
    const isEnded = ({ broker, number }: Handed): boolean => broker.rules.over.has(number);
    await world.pass(DURABLE_MS, () => [...tickets.all.values()].every(isEnded));
    // Handlers that stick may be at work still.
    await world.pass(STICK_MS);
    const all = [...tickets.all.values()];
    for (let turn = 0; turn < 2; turn++) {
      for (let at = 0; at < all.length; at += LOT) {
        const client = clients[turn % clients.length] as SimClient;
        await this.#ended(all.slice(at, at + LOT).map((handed) => world.askResult(client, handed, PROBE_MS)));
      }
    }
    if (world.problem === undefined) tickets.checkAllEnded();
  }

  async #ended(asked: readonly Operation[]): Promise<void> {
    await this.#world.pass(PROBE_MS + 1_000, () => asked.every(({ outcome }) => outcome !== undefined));
    this.#world.history.checkAllEnded();
  }

  /** Services answer again: every client gets a value. */
  async #probe(): Promise<void> {
    const world = this.#world;
    if (world.problem !== undefined) return;
    const probes = world.clients.map((client, i) => {
      const task = { work: `probe-${i}`, does: 'return', ms: 5, attempts: 0 } as const;
      const asked = {
        kind: 'call',
        client: client.name,
        method: 'echo',
        task,
        key: '',
        deadlineMs: PROBE_MS,
        lane: '',
        runAt: 0,
      } as const;
      const operation = world.history.asked(asked);
      client.call(operation, Infinity);
      return operation;
    });
    await this.#ended(probes);
    for (const { outcome, task } of probes) {
      if (outcome?.is !== 'value')
        world.fail(`S2: ${task.work} was not answered after the storm: ${JSON.stringify(outcome)}`);
    }
  }

  /** Clients and workers leave, time passes, and brokers have forgotten everything. */
  async #leave(): Promise<void> {
    const world = this.#world;
    if (world.problem !== undefined) return;
    const leaving = [...world.clients, ...world.workers].map((process) => process.session?.close());
    let left = 0;
    for (const promise of leaving) void promise?.then(() => (left += 1));
    await world.pass(10_000, () => left === leaving.length);
    if (left < leaving.length) world.fail(`S2: ${leaving.length - left} processes do not leave`);
    await world.pass(TIMES.resultKeepMs + TIMES.dedupeWindowMs * 2);
    for (const broker of world.brokers) this.#checkEmpty(broker);
  }

  #checkEmpty({ machine, name, disk }: SimBroker): void {
    if (machine === undefined) return;
    const { memory } = machine;
    const { journal } = memory;
    const left = {
      unsettled: memory.unsettled,
      sessions: memory.sessions.size - (journal.state === 'none' ? 0 : 1),
      services: memory.services.size,
      outcomes: memory.settled.length,
      keyed: memory.keyed.size,
      holdings: memory.holdings.size,
      lanes: journal.lanes.size,
      journal: journal.count,
      journalBytes: journal.bytes,
      submits: journal.submits.size,
      disk: disk.durable.size,
      damaged: disk.damaged.size,
    };
    const full = Object.entries(left).filter(([, count]) => count !== 0);
    if (full.length > 0)
      this.#world.fail(`S2: ${name} has not forgotten ${full.map(([what, count]) => `${count} ${what}`).join(', ')}`);
  }
}
