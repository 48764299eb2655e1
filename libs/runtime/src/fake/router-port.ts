// The listening port of the fake network; behaves as RouterPort does.

import { MajordomoError, type LinkId, type Milliseconds } from '@majordomo/protocol';
import { checkEndpoint } from '../endpoint.js';
import type { ListeningPort, LossReason, PortHandlers } from '../port.js';
import type { Connection, End } from './connection.js';
import type { FakeNetwork, Listener } from './network.js';

/** The listening end of one connection. It has a link once the peer has spoken (router-port.ts A4). */
class PeerEnd implements End {
  link: LinkId = 0;
  /** Closed or lost from this side: nothing more comes from it (A3). */
  isBarred = false;

  constructor(
    readonly connection: Connection,
    readonly owner: {
      isStarted(): boolean;
      take(peer: PeerEnd, frames: Uint8Array[]): void;
      lose(peer: PeerEnd, reason: LossReason): void;
    },
  ) {}

  isStarted(): boolean {
    return this.owner.isStarted();
  }
  arrived(frames: Uint8Array[]): void {
    if (!this.isBarred) this.owner.take(this, frames);
  }
  gone(reason: LossReason): void {
    this.owner.lose(this, reason);
  }
}

export class FakeRouterPort implements ListeningPort, Listener {
  readonly #network: FakeNetwork;
  readonly #peers = new Set<PeerEnd>();
  readonly #byLink = new Map<LinkId, PeerEnd>();
  #lastLink = 0;
  #handlers: PortHandlers | undefined;
  #down: Promise<void> | undefined;

  constructor(network: FakeNetwork) {
    this.#network = network;
  }

  /** The connection of a link, to do something to it; undefined when the link is gone. */
  connection(link: LinkId): Connection | undefined {
    return this.#byLink.get(link)?.connection;
  }

  isStarted(): boolean {
    return this.#handlers !== undefined;
  }

  async bind(endpoint: string): Promise<string> {
    const problem = checkEndpoint(endpoint, 'listen');
    if (problem === undefined) return this.#network.listen(endpoint, this);
    throw new MajordomoError('INVALID_OPTION', `cannot listen on ${endpoint}: ${problem}`, {
      details: { endpoint, reason: 'EINVAL' },
    });
  }

  accept(connection: Connection): End {
    const peer = new PeerEnd(connection, this);
    this.#peers.add(peer);
    return peer;
  }

  start(handlers: PortHandlers): void {
    if (this.#handlers !== undefined) throw new Error('this port was started before');
    this.#handlers = handlers;
    this.#network.clock.setTimer(0, () => {
      for (const peer of this.#peers) peer.connection.flow();
    });
  }

  connect(link: LinkId, endpoint: string): never {
    throw new Error(`a listening port opens no links (link ${link} to ${endpoint})`);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    this.#byLink.get(link)?.connection.send('listener', message);
  }

  close(link: LinkId): void {
    const peer = this.#byLink.get(link);
    if (peer === undefined) return;
    this.#byLink.delete(link);
    peer.isBarred = true;
  }

  afterInput(_lateMs: Milliseconds, then: () => void): void {
    // What arrives at this instant is delivered before its turn ends (clock.ts F1).
    this.#network.clock.endOfTurn(then);
  }

  shutdown(lingerMs: number): Promise<void> {
    if (this.#down !== undefined) return this.#down;
    this.#down = Promise.resolve();
    this.#network.unlisten(this);
    this.#byLink.clear();
    for (const { connection } of this.#peers) connection.end('listener', lingerMs);
    this.#peers.clear();
    return this.#down;
  }

  take(peer: PeerEnd, frames: Uint8Array[]): void {
    if (peer.link === 0) {
      peer.link = ++this.#lastLink;
      this.#byLink.set(peer.link, peer);
    }
    this.#handlers?.message(peer.link, frames);
  }

  lose(peer: PeerEnd, reason: LossReason): void {
    if (reason === 'disconnected') this.#peers.delete(peer);
    else peer.isBarred = true;
    if (this.#byLink.delete(peer.link)) this.#handlers?.lost(peer.link, reason);
  }
}
