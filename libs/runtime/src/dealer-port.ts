// A peer's port: a DEALER of its own for every link, so that a link is exactly one connection to one broker.
//
// B1. A link that is lost closes its socket at once and lets go of what was queued: a restarted broker gets none of it.
// B2. The port holds its sockets: one that nobody references is closed by the garbage collector.
// B3. A host name is resolved for every link anew, and libzmq gets an address. Until that is known the link waits, and nothing else with it.

import { type Context, type Dealer } from 'zeromq';
import { isMajordomoError, type LinkId, type LinkProblem, type Milliseconds } from '@majordomo/protocol';
import type { Clock } from './clock.js';
import { exhausted, hasDescriptors, isExhaustion } from './exhaustion.js';
import {
  endpointOf,
  hostNames,
  listeningAddress,
  namedHost,
  unresolved,
  type HostNames,
  type NamedHost,
} from './host-names.js';
import { InputDrain } from './input-drain.js';
import { Lane } from './lane.js';
import { PORT_LIMITS, type PortLimits } from './limits.js';
import { Outbox } from './outbox.js';
import type { LossReason, Port, PortHandlers } from './port.js';
import {
  closeSocket,
  codeOf,
  crash,
  hand,
  isNotice,
  NoticeDealer,
  openSocket,
  receiveAll,
  socketOptions,
} from './sockets.js';

export interface DealerPortOptions {
  readonly clock: Clock;
  readonly limits?: Partial<PortLimits>;
  /** How host names are resolved; as this machine does it by default. */
  readonly names?: HostNames;
  /** The libzmq context; the process's own by default, which inproc:// needs. */
  readonly context?: Context;
}

/** A link and its socket. */
class Connection extends Lane {
  /** libzmq knows where it goes. Until then nothing can be handed over. */
  isDirected = false;

  constructor(
    link: LinkId,
    readonly socket: NoticeDealer,
  ) {
    super(link);
  }
}

/** What the machine should know of a link that could not be opened: an endpoint that is none has been refused before. */
function problemOf(error: unknown, host?: string): LinkProblem | undefined {
  const code = codeOf(error);
  const known = isExhaustion(code) ? exhausted(error) : error;
  if (isMajordomoError(known)) return { code: known.code, reason: known.message };
  return host === undefined ? undefined : { code: 'NO_BROKER', reason: unresolved(host, code) };
}

/** Gives libzmq the endpoint of a connection. */
function direct(connection: Connection, endpoint: string): void {
  const { socket } = connection;
  if (endpoint.startsWith('tcp://[')) socket.ipv6 = true;
  socket.connect(endpoint);
  connection.isDirected = true;
  // The connection itself takes another one, in a thread that tells nobody when there is none.
  if (!hasDescriptors()) throw exhausted(undefined);
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
      hand: (connection, message) =>
        connection.isDirected ? hand(connection.socket as Dealer, message) : Promise.resolve('full'),
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
    let connection: Connection | undefined;
    try {
      connection = new Connection(link, this.#open());
      const named = namedHost(endpoint);
      if (named === undefined) direct(connection, endpoint);
      else void this.#find(connection, named);
    } catch (error) {
      // Not an endpoint (checkEndpoint says why), or no more sockets or file descriptors: for the machine, nobody is there.
      if (connection !== undefined) closeSocket(connection.socket, 0);
      queueMicrotask(() => this.#tell(link, 'unreachable', problemOf(error)));
      return;
    }
    this.#byLink.set(link, connection);
    this.#connections.add(connection);
    if (this.#handlers !== undefined) this.#listen(connection);
  }

  /** B3. With several addresses the first on which somebody listens; where nobody does, all are asked again later. Never rejects. */
  async #find(connection: Connection, { host, port }: NamedHost): Promise<void> {
    const { clock, names = hostNames } = this.#options;
    let pauseMs = this.#limits.reconnectMs;
    try {
      for (;;) {
        const addresses = await names.addressesOf(host, clock);
        const [first, ...others] = addresses;
        const address = others.length === 0 ? first : await listeningAddress(addresses, Number(port));
        if (connection.state !== 'open') return;
        if (address !== undefined) return direct(connection, endpointOf(address, port));
        await new Promise<void>((settle) => clock.setTimer(pauseMs, settle));
        if (connection.state !== 'open') return;
        pauseMs = Math.min(this.#limits.reconnectMaxMs, 2 * pauseMs);
      }
    } catch (error) {
      this.#lose(connection, 'unreachable', problemOf(error, host));
    }
  }

  send(link: LinkId, message: Uint8Array[]): void {
    const connection = this.#byLink.get(link);
    if (connection !== undefined) this.#outbox.send(connection, message);
  }

  close(link: LinkId): void {
    const connection = this.#byLink.get(link);
    if (connection === undefined) return;
    this.#byLink.delete(link);
    this.#leave(connection);
  }

  /** What was sent on it leaves first, unless there is nowhere to send it to. */
  #leave(connection: Connection): void {
    if (connection.isDirected) return this.#outbox.leave(connection);
    this.#outbox.drop(connection);
    this.#release(connection, 0);
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
    for (const connection of this.#connections) this.#leave(connection);
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
  #lose(connection: Connection, reason: LossReason, problem?: LinkProblem): void {
    this.#outbox.drop(connection);
    this.#release(connection, 0);
    if (this.#byLink.delete(connection.link)) this.#tell(connection.link, reason, problem);
  }

  #tell(link: LinkId, reason: LossReason, problem?: LinkProblem): void {
    if (this.#down === undefined) this.#handlers?.lost(link, reason, problem);
  }

  #release(connection: Connection, lingerMs: number): void {
    if (this.#connections.delete(connection)) closeSocket(connection.socket, lingerMs);
  }
}
