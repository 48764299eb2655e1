// The connecting port of the fake network; behaves as DealerPort does.

import type { LinkId, Milliseconds } from '@majordomo/protocol';
import { checkEndpoint } from '../endpoint.js';
import type { LossReason, Port, PortHandlers } from '../port.js';
import type { Connection } from './connection.js';
import type { FakeNetwork } from './network.js';

export class FakeDealerPort implements Port {
  readonly #network: FakeNetwork;
  readonly #byLink = new Map<LinkId, Connection>();
  #handlers: PortHandlers | undefined;
  #down: Promise<void> | undefined;

  constructor(network: FakeNetwork) {
    this.#network = network;
  }

  /** The connection of a link, to do something to it; undefined when the link is gone. */
  connection(link: LinkId): Connection | undefined {
    return this.#byLink.get(link);
  }

  start(handlers: PortHandlers): void {
    if (this.#handlers !== undefined) throw new Error('this port was started before');
    this.#handlers = handlers;
    this.#network.clock.setTimer(0, () => {
      for (const connection of this.#byLink.values()) connection.flow();
    });
  }

  connect(link: LinkId, endpoint: string): void {
    if (this.#down !== undefined) return;
    if (this.#byLink.has(link)) throw new Error(`link ${link} is open already`);
    if (checkEndpoint(endpoint) !== undefined) {
      this.#network.clock.setTimer(0, () => this.#tell(link, 'unreachable'));
      return;
    }
    const connection = this.#network.connect(endpoint, {
      isStarted: () => this.#handlers !== undefined,
      arrived: (frames) => this.#handlers?.message(link, frames),
      gone: (reason) => this.#lose(link, reason),
    });
    this.#byLink.set(link, connection);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    this.#byLink.get(link)?.send('connector', message);
  }

  close(link: LinkId): void {
    const connection = this.#byLink.get(link);
    this.#byLink.delete(link);
    connection?.end('connector', this.#network.limits.closeLingerMs);
  }

  afterInput(_lateMs: Milliseconds, then: () => void): void {
    // What arrives at this instant is delivered before its turn ends (clock.ts F1).
    this.#network.clock.endOfTurn(then);
  }

  shutdown(lingerMs: number): Promise<void> {
    if (this.#down !== undefined) return this.#down;
    this.#down = Promise.resolve();
    for (const connection of this.#byLink.values()) connection.end('connector', lingerMs);
    this.#byLink.clear();
    return this.#down;
  }

  #lose(link: LinkId, reason: LossReason): void {
    const connection = this.#byLink.get(link);
    this.#byLink.delete(link);
    connection?.end('connector', 0);
    if (connection !== undefined) this.#tell(link, reason);
  }

  #tell(link: LinkId, reason: LossReason): void {
    if (this.#down === undefined) this.#handlers?.lost(link, reason);
  }
}
