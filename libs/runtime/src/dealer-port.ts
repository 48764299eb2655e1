// A peer's port: a DEALER of its own for every link, so that a link is exactly one connection to one broker.
//
// B1. A link that is lost closes its socket at once and lets go of what was queued: a restarted broker gets none of it.
// B2. The port holds its sockets: one that nobody references is closed by the garbage collector.

import { type Context, type Dealer } from 'zeromq';
import { isMajordomoError, type LinkId, type LinkProblem, type Milliseconds } from '@majordomo/protocol';
import type { Clock } from './clock.js';
import { exhausted, hasDescriptors } from './exhaustion.js';
import { InputDrain } from './input-drain.js';
import { Lane } from './lane.js';
import { PORT_LIMITS, type PortLimits } from './limits.js';
import { Outbox } from './outbox.js';
import type { LossReason, Port, PortHandlers } from './port.js';
import { closeSocket, crash, hand, isNotice, NoticeDealer, openSocket, receiveAll, socketOptions } from './sockets.js';

export interface DealerPortOptions {
  readonly clock: Clock;
  readonly limits?: Partial<PortLimits>;
  /** The libzmq context; the process's own by default, which inproc:// needs. */
  readonly context?: Context;
}

/** A link and its socket. */
class Connection extends Lane {
  constructor(
    link: LinkId,
    readonly socket: NoticeDealer,
  ) {
    super(link);
  }
}

/** What the machine should know of a link that could not be opened: an endpoint that is none has been refused before. */
function problemOf(error: unknown): LinkProblem | undefined {
  return isMajordomoError(error) ? { code: error.code, reason: error.message } : undefined;
}

export class DealerPort implements Port {
  readonly #options: DealerPortOptions;
  readonly #limits: PortLimits;
  readonly #outbox: Outbox<Connection>;
  readonly #drain: InputDrain;
  /** The links that are neither closed nor lost. */
  readonly #byLink = new Map<LinkId, Connection>();
  /** B2: these, and those that are closed but still have something to hand over. */
  readonly #connections = new Set<Connection>();
  /** Receive loops. Each ends with its socket. */
  readonly #receiving = new Set<Promise<void>>();
  #handlers: PortHandlers | undefined;
  #down: Promise<void> | undefined;

  constructor(options: DealerPortOptions) {
    this.#options = options;
    this.#limits = { ...PORT_LIMITS, ...options.limits };
    this.#drain = new InputDrain(options.clock, this.#limits);
    this.#outbox = new Outbox<Connection>({
      clock: options.clock,
      limits: this.#limits,
      hand: (connection, message) => hand(connection.socket as Dealer, message),
      lost: (connection, reason) => this.#lose(connection, reason),
      left: (connection) => this.#release(connection, this.#limits.closeLingerMs),
    });
  }

  start(handlers: PortHandlers): void {
    if (this.#handlers !== undefined) throw new Error('this port was started before');
    this.#handlers = handlers;
    for (const connection of this.#connections) this.#listen(connection);
  }

  connect(link: LinkId, endpoint: string): void {
    if (this.#down !== undefined) return;
    if (this.#byLink.has(link)) throw new Error(`link ${link} is open already`);
    let socket: NoticeDealer | undefined;
    try {
      socket = this.#open();
      if (endpoint.startsWith('tcp://[')) socket.ipv6 = true;
      socket.connect(endpoint);
      // The connection itself takes another one, in a thread that tells nobody when there is none.
      if (!hasDescriptors()) throw exhausted(undefined);
    } catch (error) {
      // Not an endpoint (checkEndpoint says why), or no more sockets or file descriptors: for the machine, nobody is there.
      if (socket !== undefined) closeSocket(socket, 0);
      queueMicrotask(() => this.#tell(link, 'unreachable', problemOf(error)));
      return;
    }
    const connection = new Connection(link, socket);
    this.#byLink.set(link, connection);
    this.#connections.add(connection);
    if (this.#handlers !== undefined) this.#listen(connection);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    const connection = this.#byLink.get(link);
    if (connection !== undefined) this.#outbox.send(connection, message);
  }

  close(link: LinkId): void {
    const connection = this.#byLink.get(link);
    if (connection === undefined) return;
    this.#byLink.delete(link);
    this.#outbox.leave(connection);
  }

  afterInput(lateMs: Milliseconds, then: () => void): void {
    this.#drain.run(lateMs, then);
  }

  shutdown(lingerMs: number): Promise<void> {
    this.#down ??= this.#shutDown(lingerMs);
    return this.#down;
  }

  async #shutDown(lingerMs: number): Promise<void> {
    const { clock } = this.#options;
    const end = clock.now() + lingerMs;
    this.#byLink.clear();
    for (const connection of this.#connections) this.#outbox.leave(connection);
    await this.#outbox.settle(lingerMs);
    this.#outbox.stop();
    for (const connection of this.#connections) this.#release(connection, end - clock.now());
    await Promise.all(this.#receiving);
  }

  #open(): NoticeDealer {
    const { context } = this.#options;
    const socket = openSocket(
      () =>
        new NoticeDealer({
          ...socketOptions(this.#limits),
          receiveHighWaterMark: this.#limits.inboxMax,
          reconnectInterval: this.#limits.reconnectMs,
          reconnectMaxInterval: this.#limits.reconnectMaxMs,
          ...(context === undefined ? {} : { context }),
        }),
    );
    socket.noticeLoss();
    return socket;
  }

  #listen(connection: Connection): void {
    const loop = receiveAll(connection.socket as Dealer, (frames) => this.#take(connection, frames)).catch(crash);
    this.#receiving.add(loop);
    void loop.then(() => this.#receiving.delete(loop));
  }

  #take(connection: Connection, frames: Buffer[]): void {
    this.#drain.delivered();
    if (isNotice(frames)) this.#lose(connection, 'disconnected');
    else if (connection.state === 'open' && this.#down === undefined) this.#handlers?.message(connection.link, frames);
  }

  /** port.ts O3, and B1. */
  #lose(connection: Connection, reason: LossReason): void {
    this.#outbox.drop(connection);
    this.#release(connection, 0);
    if (this.#byLink.delete(connection.link)) this.#tell(connection.link, reason);
  }

  #tell(link: LinkId, reason: LossReason, problem?: LinkProblem): void {
    if (this.#down === undefined) this.#handlers?.lost(link, reason, problem);
  }

  #release(connection: Connection, lingerMs: number): void {
    if (this.#connections.delete(connection)) closeSocket(connection.socket, lingerMs);
  }
}
