// A network of fake ports in virtual time: who listens where, and what befalls the connections to it.

import { MajordomoError } from '@majordomo/protocol';
import type { Clock } from '../clock.js';
import { PORT_LIMITS, type PortLimits } from '../limits.js';
import { Connection, type End } from './connection.js';

/** Who listens on an endpoint. */
export interface Listener {
  /** @returns what to put at the listening end. */
  accept(connection: Connection): End;
}

export interface FakeNetworkOptions {
  readonly clock: Clock;
  /** How long a message takes on a new connection, in ms. */
  readonly delayMs?: number;
  readonly limits?: Partial<PortLimits>;
}

const FIRST_FREE_PORT = 49_152;

export class FakeNetwork {
  readonly clock: Clock;
  readonly limits: PortLimits;
  readonly #delayMs: number;
  readonly #listeners = new Map<string, Listener>();
  readonly #connections = new Set<Connection>();
  readonly #isolated = new Set<string>();
  #nextPort = FIRST_FREE_PORT;

  constructor(options: FakeNetworkOptions) {
    this.clock = options.clock;
    this.limits = { ...PORT_LIMITS, ...options.limits };
    this.#delayMs = options.delayMs ?? 1;
  }

  /** Every connection that is not closed, the oldest first. */
  get connections(): Connection[] {
    return [...this.#connections];
  }

  /** Connections to an endpoint that are not closed, the oldest first. */
  connectionsTo(endpoint: string): Connection[] {
    return [...this.#connections].filter((connection) => connection.endpoint === endpoint);
  }

  /** Nothing reaches or leaves this endpoint; its connections break when the heartbeats notice, new ones wait. */
  isolate(endpoint: string): void {
    this.#isolated.add(endpoint);
    for (const connection of this.connectionsTo(endpoint)) connection.silence();
  }

  /** Undoes `isolate`. What had not broken goes on, what was waiting is accepted. */
  heal(endpoint: string): void {
    this.#isolated.delete(endpoint);
    for (const connection of this.connectionsTo(endpoint)) connection.heal();
    this.#acceptWaiting();
  }

  /**
   * For listening ports.
   *
   * @returns the real endpoint.
   * @throws MajordomoError INVALID_OPTION as a real port does when somebody listens there already.
   */
  listen(endpoint: string, listener: Listener): string {
    const isOpenPort = /^tcp:\/\/.*:[0*]$/.test(endpoint);
    const free = isOpenPort ? endpoint.replace(/[0*]$/, String(this.#nextPort++)) : endpoint;
    const real = free.replace(/^tcp:\/\/\*/, 'tcp://0.0.0.0');
    if (this.#listeners.has(real)) {
      throw new MajordomoError('INVALID_OPTION', `cannot listen on ${endpoint}: another process listens there`, {
        details: { endpoint, reason: 'EADDRINUSE' },
      });
    }
    this.#listeners.set(real, listener);
    this.#acceptWaiting();
    return real;
  }

  /** For listening ports that shut down. */
  unlisten(listener: Listener): void {
    for (const [endpoint, other] of this.#listeners) if (other === listener) this.#listeners.delete(endpoint);
  }

  /** For connecting ports. */
  connect(endpoint: string, connector: End): Connection {
    const connection = new Connection(endpoint, connector, this, this.#delayMs);
    this.#connections.add(connection);
    connection.onClosed = () => this.#connections.delete(connection);
    this.clock.setTimer(this.#delayMs, () => this.#accept(connection));
    return connection;
  }

  #acceptWaiting(): void {
    for (const connection of this.#connections) this.#accept(connection);
  }

  #accept(connection: Connection): void {
    if (connection.state !== 'connecting' || this.#isolated.has(connection.endpoint)) return;
    const listener = this.#listenerAt(connection.endpoint);
    if (listener !== undefined) connection.open(listener.accept(connection));
  }

  #listenerAt(endpoint: string): Listener | undefined {
    return this.#listeners.get(endpoint) ?? this.#listeners.get(endpoint.replace(/^tcp:\/\/.*:/, 'tcp://0.0.0.0:'));
  }
}
