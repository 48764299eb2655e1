// A broker of the world: the real process on a fake port and a fake disk, whose every step is checked.

import { Broker, BrokerProcess, type BrokerOptions, type OpenJournal } from '@majordomo/broker';
import { FakeRouterPort } from '@majordomo/runtime/fake';
import { checkInvariants } from '../spec/invariants.js';
import { BrokerRules, checkLost, checkSettled, checkSilence, lastWords } from './broker-rules.js';
import { Disk, DiskStore } from './disk.js';
import { SimProcess } from './sim-process.js';
import { TappedPort } from './tapped-port.js';

export class SimBroker extends SimProcess {
  readonly disk = new Disk(900_000 + this.number);
  readonly rules = new BrokerRules(this);
  machine: Broker | undefined;
  /** It gave up clients that were away. */
  hasDrained = false;
  process: BrokerProcess | undefined;
  #port: FakeRouterPort | undefined;

  get options(): Readonly<BrokerOptions> {
    return this.world.plan.options;
  }
  get endpoint(): string {
    return `ipc://${this.name}`;
  }

  protected open(): void {
    const { world } = this;
    const { options, isDurable } = world.plan;
    const port = new FakeRouterPort(world.network);
    void port.bind(this.endpoint);
    this.#port = port;
    const settings = { ...options, ...world.variant?.settings, instance: this.instance };
    const machine = new Broker(settings, Math.floor(this.clock.now()));
    world.variant?.machine?.(machine, world);
    const tap = new TappedPort(port, this);
    this.#watch(machine, tap);
    this.machine = machine;
    const journal = isDurable ? this.#openJournal() : undefined;
    this.process = new BrokerProcess({
      endpoints: [this.endpoint],
      options,
      machine,
      port: tap,
      clock: this.clock,
      journal,
      observers: {
        onBug: (error) => this.#broken(error),
        onStoreFailure: (error) => this.#storeFailed(error),
      },
    });
  }

  #openJournal(): OpenJournal {
    const { variant } = this.world;
    const store = new DiskStore(this.disk, this.clock);
    const loaded = store.loadNow();
    return { store: variant?.store?.(store, this.disk) ?? store, loaded: variant?.loaded?.(loaded) ?? loaded };
  }

  /** Finishes what it has, leaves, and is started again. */
  leave(): void {
    const { process, starts, world } = this;
    if (process === undefined || !this.isRunning) return;
    world.note(`${this.name} drains`);
    this.hasDrained = true;
    void process
      .drain(1_000)
      .then(() => process.close())
      .then(() => {
        if (starts !== this.starts) return;
        this.kill('it has left');
        world.later(300, () => this.start());
      });
  }

  protected drop(): void {
    void this.#port?.shutdown(0);
    this.machine = undefined;
    this.process = undefined;
    this.disk.crash(this.world.faultDice);
  }

  /** D1 to D8 after every step. */
  #watch(machine: Broker, tap: TappedPort): void {
    const handle = machine.handle.bind(machine);
    this.rules.begin();
    machine.handle = (input, now) => {
      const said = machine.output.records.length;
      const words = lastWords(machine, input);
      this.rules.checkTime(machine, now);
      const links = input.kind === 'wake' ? [...machine.memory.links.keys()] : [];
      handle(input, now);
      checkSilence(machine, links, tap);
      checkInvariants(machine);
      checkSettled(words, machine);
      checkLost(machine, input);
      this.rules.check(machine);
      this.rules.checkAbsence(machine, said, now);
    };
  }

  /** A rule that was broken is named first, for people and for the table of variants. */
  #broken(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.world.fail(/^[A-Z]+\d:/.test(text) ? `${text} (in ${this.name})` : `bug in ${this.name}: ${text}`, error);
  }

  /** What runs it ends it, and starts it again. */
  #storeFailed(error: unknown): void {
    if ((error as { code?: unknown }).code !== 'EIO')
      this.world.fail(`the store of ${this.name}: ${String(error)}`, error);
    this.kill('its disk failed');
    this.world.later(200, () => this.start());
  }
}
