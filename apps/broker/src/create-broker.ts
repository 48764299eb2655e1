// A running broker: the machine on a ROUTER port, driven turn by turn, in this process.

import { WIRE_LIMITS } from '@majordomo/protocol';
import { Driver, RouterPort, SystemClock, randomInstance, type Counters as TrafficCounters } from '@majordomo/runtime';
import { Broker, type OperatorInput } from './core/broker.js';
import type { BrokerEvent, Counters } from './core/events.js';
import { INTROSPECTION } from './core/introspection.js';
import { resolveBrokerOptions, type BrokerOptions, type BrokerOptionsGiven } from './options.js';

/** What may be given beside the options: ways for the broker to tell what it does. */
export interface BrokerObservers {
  /** Called after each turn with what happened, in order. What it throws is a bug and stops the broker. */
  readonly onEvent?: ((event: BrokerEvent) => void) | undefined;
  /** Called when the broker stopped because of a bug of its own. By default the error is thrown, which ends the process. */
  readonly onBug?: ((error: unknown) => void) | undefined;
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

/** How long what was sent last may take to leave, in ms. */
const CLOSE_LINGER_MS = 500;

class BrokerProcess implements RunningBroker {
  readonly endpoints: readonly string[];
  readonly options: Readonly<BrokerOptions>;
  readonly #machine: Broker;
  readonly #driver: Driver<OperatorInput, BrokerEvent>;
  readonly #clock: SystemClock;
  readonly #drained: ((unsettled: number) => void)[] = [];
  #drainResult: number | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: {
    endpoints: readonly string[];
    options: Readonly<BrokerOptions>;
    port: RouterPort;
    clock: SystemClock;
    observers: BrokerObservers;
  }) {
    const { endpoints, options, port, clock, observers } = parts;
    this.endpoints = endpoints;
    this.options = options;
    this.#clock = clock;
    this.#machine = new Broker({ ...options, instance: randomInstance() }, clock.now());
    this.#driver = new Driver<OperatorInput, BrokerEvent>({
      machine: this.#machine,
      port,
      clock,
      bytesMax: options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes,
      onEvent: (event) => {
        if (event.event === 'drain.ended') this.#tellDrained(event.unsettled);
        observers.onEvent?.(event);
      },
      onBug: observers.onBug ?? crash,
    });
    this.#driver.start();
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
    this.#driver.input({ kind: 'close' });
    await this.#driver.stop(CLOSE_LINGER_MS);
    this.#tellDrained(this.#machine.memory.unsettled);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
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
 * @throws MajordomoError INVALID_OPTION for a bad option, all problems together, and for an endpoint that cannot be bound.
 */
export async function createBroker(given: BrokerOptionsGiven & BrokerObservers = {}): Promise<RunningBroker> {
  const { onEvent, onBug, ...rest } = given;
  const options = resolveBrokerOptions(rest);
  const clock = new SystemClock();
  const port = new RouterPort({
    clock,
    limits: { frameBytesMax: options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes },
  });
  const endpoints: string[] = [];
  try {
    for (const endpoint of options.bind) endpoints.push(await port.bind(endpoint));
  } catch (error) {
    await port.shutdown(0);
    throw error;
  }
  return new BrokerProcess({ endpoints, options, port, clock, observers: { onEvent, onBug } });
}
