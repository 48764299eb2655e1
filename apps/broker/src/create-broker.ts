// A running broker: the machine on a ROUTER port, driven turn by turn, in this process.

import {
  callback,
  optionProblems,
  readThrown,
  refuseProblems,
  refuseWrongOptions,
  stackText,
  WIRE_LIMITS,
  type OptionRules,
} from '@majordomo/protocol';
import { logBrokerEvent } from './broker-log.js';
import {
  DescriptorWatch,
  Driver,
  PORT_LIMITS,
  RouterPort,
  SystemClock,
  hasDescriptors,
  heartbeatLimits,
  randomInstance,
  type Clock,
  type Logger,
  type LoggerOption,
  type Counters as TrafficCounters,
  type Port,
  callOut,
  chooseLogger,
  loggerProblem,
} from '@majordomo/runtime';
import { Broker } from './core/broker.js';
import type { BrokerEvent, Counters } from './core/events.js';
import { INTROSPECTION } from './core/introspection.js';
import type { MdpSettings } from './core/mdp/desk.js';
import { MdpGateway, type GatewayInput } from './core/mdp/gateway.js';
import { LmdbStore } from './store/lmdb-store.js';
import { Room } from './store/room.js';
import { sealWith } from './store/seal.js';
import type { Loaded, Store } from './store/store.js';
import { resolveBrokerOptions, type BrokerOptions, type BrokerOptionsGiven } from './options.js';

/** What may be given beside the options: ways for the broker to tell what it does. */
export interface BrokerObservers {
  /** Called after each turn with what happened, in order. What it throws is logged. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /** Where it logs what happens. Default: stderr; false for none. */
  readonly logger?: LoggerOption;
  /** Called when the broker stopped because of a bug of its own. By default the error is thrown, which ends the process. */
  readonly onBug?: ((error: unknown) => void) | undefined;
  /**
   * Called when the journal can no longer be written: the broker has stopped, and nothing was acknowledged that is not on disk. By default
   * the error is thrown, which ends the process; whatever runs it should start it again.
   */
  readonly onStoreFailure?: ((error: unknown) => void) | undefined;
}

export interface RunningBroker {
  /** Where it listens: `tcp://127.0.0.1:0` has become the real port. */
  readonly endpoints: readonly string[];
  /** The first of them. */
  readonly endpoint: string;
  readonly options: Readonly<BrokerOptions>;
  readonly counters: Readonly<Counters>;
  /** Messages, records and bytes in and out, and turns taken. */
  readonly traffic: Readonly<TrafficCounters>;
  /** What `majordomo.<method>` answers: info, services, workers, queues, deadLetters. */
  describe(method: string): unknown;
  /**
   * Takes nothing new and finishes what it has.
   *
   * @returns how many requests were still unsettled when the time was over; 0 when all ended. Does not close.
   */
  drain(timeoutMs?: number): Promise<number>;
  /** Says GOODBYE to everybody and frees its endpoints. Unsettled requests are the clients' to ask again. May be called twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const OBSERVER_RULES: OptionRules<BrokerObservers> = {
  onEvent: callback,
  onBug: callback,
  onStoreFailure: callback,
  logger: loggerProblem,
};

/** How long what was sent last may take to leave, in ms. */
const CLOSE_LINGER_MS = 500;

/** A journal that memory cannot carry is read on when there is room; that is looked at this often, in ms. */
const READ_PAUSE_MS = 100;

/** What a running broker is made of. The simulation gives it another time, other links and another disk. */
export interface BrokerParts {
  /** Where its port listens. */
  readonly endpoints: readonly string[];
  readonly options: Readonly<BrokerOptions>;
  readonly machine: Broker;
  readonly port: Port;
  readonly clock: Clock;
  readonly observers: Omit<BrokerObservers, 'logger'>;
  readonly logger?: Logger | undefined;
  readonly journal: OpenJournal | undefined;
  /** Can this process open another file or connection now? Left out where nobody need look. */
  readonly hasDescriptors?: (() => boolean) | undefined;
}

const NO_DESCRIPTORS =
  'no file descriptors are left: nobody else can connect until somebody leaves. Raise the limit of the process (ulimit -n, LimitNOFILE)';

/** Runs from its construction until it is closed. */
export class BrokerProcess implements RunningBroker {
  readonly endpoints: readonly string[];
  readonly options: Readonly<BrokerOptions>;
  readonly #machine: Broker;
  readonly #driver: Driver<GatewayInput, BrokerEvent>;
  readonly #store: Store | undefined;
  readonly #room: Room | undefined;
  readonly #descriptors: DescriptorWatch | undefined;
  readonly #clock: Clock;
  readonly #drained: ((unsettled: number) => void)[] = [];
  #drainResult: number | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: BrokerParts) {
    const { endpoints, options, machine, port, clock, observers, journal } = parts;
    this.endpoints = endpoints;
    this.options = options;
    this.#clock = clock;
    this.#machine = machine;
    this.#store = journal?.store;
    const room = journal?.freeBytes && this.#makeRoom(journal.freeBytes, parts);
    this.#room = room;
    const tellRoom = (hasRoom: boolean): void => this.#tellRoom(hasRoom);
    const onStoreFailure = (error: unknown): void => {
      room?.stop();
      (observers.onStoreFailure ?? crash)(error);
    };
    const speaksMdp = options.mdp === 'on';
    this.#driver = new Driver<GatewayInput, BrokerEvent>({
      machine: speaksMdp ? new MdpGateway(machine, mdpSettings(options, journal?.loaded)) : machine,
      foreignInput: speaksMdp ? (link, frames) => ({ kind: 'foreign', link, frames }) : undefined,
      port,
      clock,
      bytesMax: options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes,
      onEvent: (event) => {
        if (event.event === 'drain.ended') this.#tellDrained(event.unsettled);
        this.#observe(event, parts);
      },
      onBug: observers.onBug ?? crash,
      journal: journal && {
        store: journal.store,
        onRead: (entries) => this.#driver.input({ kind: 'journal-reads', entries }),
        onRoom: (hasRoom) => {
          this.#driver.input({ kind: 'journal-stalled', isStalled: !hasRoom });
          if (room === undefined) tellRoom(hasRoom);
          else room.setStore(hasRoom);
        },
        onFailure: onStoreFailure,
      },
    });
    this.#driver.start();
    this.#descriptors = parts.hasDescriptors && this.#watchDescriptors(parts.hasDescriptors, parts);
    this.#descriptors?.start();
    if (journal === undefined) return;
    const { id, starts, unread, setAside } = journal.loaded;
    this.#driver.input({ kind: 'journal-found', id, starts, unread, setAside, date: clock.date() });
    this.#read(journal.loaded).catch(onStoreFailure);
    room?.start();
  }

  #observe(event: BrokerEvent, { observers: { onEvent }, logger }: BrokerParts): void {
    logBrokerEvent(logger, event);
    if (onEvent === undefined) return;
    callOut(
      () => onEvent(event),
      (error) => logger?.error(`onEvent threw: ${readThrown(error).message}`, { stack: stackText(error) }),
    );
  }

  #watchDescriptors(has: () => boolean, parts: BrokerParts): DescriptorWatch {
    const onExhausted = (): void => this.#observe({ event: 'descriptors.exhausted', help: NO_DESCRIPTORS }, parts);
    return new DescriptorWatch({ clock: parts.clock, hasDescriptors: has, onExhausted });
  }

  #makeRoom(freeBytes: () => Promise<number>, { clock, options }: BrokerParts): Room {
    const { storeReserveBytes: reserveBytes } = options;
    return new Room({ clock, reserveBytes, freeBytes, onRoom: (hasRoom) => this.#tellRoom(hasRoom) });
  }

  #tellRoom(hasRoom: boolean): void {
    this.#driver.input({ kind: 'journal-room', hasRoom });
  }

  /** Serves from the first entries on; what comes in meanwhile is taken between two lots. */
  async #read(loaded: Loaded): Promise<void> {
    for await (const entries of loaded.entries) {
      if (!this.#driver.input({ kind: 'journal-entries', entries })) return;
      while (!this.#machine.mayReadOn && this.#closed === undefined) await this.#pass(READ_PAUSE_MS);
    }
    this.#driver.input({ kind: 'journal-read' });
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(ms, resolve));
  }

  get endpoint(): string {
    return this.endpoints[0] as string;
  }
  get counters(): Readonly<Counters> {
    return this.#machine.counters;
  }

  get traffic(): Readonly<TrafficCounters> {
    return this.#driver.counters;
  }

  describe(method: string): unknown {
    const describe = Object.hasOwn(INTROSPECTION, method) ? INTROSPECTION[method] : undefined;
    return describe?.(this.#machine.memory, this.#clock.now());
  }

  drain(timeoutMs = this.options.drainTimeoutMs): Promise<number> {
    if (this.#drainResult !== undefined) return Promise.resolve(this.#drainResult);
    if (this.#closed !== undefined) return Promise.resolve(this.#machine.memory.unsettled);
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#driver.input({ kind: 'drain', timeoutMs });
    });
  }

  #tellDrained(unsettled: number): void {
    this.#drainResult = unsettled;
    for (const resolve of this.#drained.splice(0)) resolve(unsettled);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#room?.stop();
    this.#descriptors?.stop();
    this.#driver.input({ kind: 'close' });
    await this.#driver.stop(CLOSE_LINGER_MS);
    await this.#store?.close();
    this.#tellDrained(this.#machine.memory.unsettled);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A store, and what it held when it was opened. */
export interface OpenJournal {
  readonly store: Store;
  readonly loaded: Loaded;
  /** How many bytes can still be written to it; left out where nobody need look. */
  readonly freeBytes?: (() => Promise<number>) | undefined;
}

async function openJournal({ data }: BrokerOptions, clock: Clock): Promise<OpenJournal> {
  const store = await LmdbStore.open({ folder: data, date: clock.date() });
  try {
    return { store, loaded: await store.load(), freeBytes: () => store.freeBytes() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function mdpSettings(options: BrokerOptions, loaded: Loaded | undefined): MdpSettings {
  return {
    heartbeatMs: options.mdpHeartbeatMs,
    liveness: options.mdpLiveness,
    busySilenceMaxMs: options.mdpBusySilenceMaxMs,
    expiresMs: options.mdpExpiresMs,
    // Without a journal there are no tickets.
    sealOf: loaded === undefined ? () => '' : sealWith(loaded.secret),
  };
}

/** Nobody asked to be told: a bug ends the process, loudly. */
function crash(error: unknown): never {
  throw error;
}

/**
 * Starts a broker in this process.
 *
 * @param given options and observers, all optional; by default it listens on tcp://127.0.0.1:5555.
 * @returns resolves when it listens.
 * @throws MajordomoError INVALID_OPTION for a bad option, all problems together, for an endpoint that cannot be bound, and for a
 *   data folder that another broker has or that cannot be opened; STORE_FULL when its disk has no room to begin with.
 */
export async function createBroker(given: BrokerOptionsGiven & BrokerObservers = {}): Promise<RunningBroker> {
  refuseWrongOptions('createBroker', given, "createBroker({ bind: 'tcp://127.0.0.1:5555' })");
  const { onEvent, onBug, onStoreFailure, logger: loggerOption, ...rest } = given;
  const observers = { onEvent, onBug, onStoreFailure };
  refuseProblems('createBroker', optionProblems({ ...observers, logger: loggerOption }, OBSERVER_RULES));
  const options = resolveBrokerOptions(rest);
  const logger = chooseLogger(loggerOption, 'majordomo broker');
  const clock = new SystemClock();
  const port = new RouterPort({
    clock,
    limits: {
      ...heartbeatLimits(options.zmtpHeartbeatMs),
      frameBytesMax: options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes,
      queueBytesTotalMax: Math.min(PORT_LIMITS.queueBytesTotalMax, options.memoryBytesMax),
    },
  });
  const endpoints: string[] = [];
  let journal: OpenJournal | undefined;
  try {
    if (options.data !== '') journal = await openJournal(options, clock);
    for (const endpoint of options.bind) endpoints.push(await port.bind(endpoint));
  } catch (error) {
    await Promise.all([port.shutdown(0), journal?.store.close()]);
    throw error;
  }
  logger?.info(`listening on ${endpoints.join(', ')}`, { endpoints });
  const machine = new Broker({ ...options, instance: randomInstance() }, clock.now());
  return new BrokerProcess({
    endpoints,
    options,
    machine,
    port,
    clock,
    observers,
    logger,
    journal,
    hasDescriptors,
  });
}
