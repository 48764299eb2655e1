// A broker's port: one ROUTER to which every peer connects, and a link number for each connection that has spoken.
//
// A1. A link is one connection: a routing id that comes back after its connection was lost is a new link.
// A2. A routing id proves nothing; it is an address and no more. Handover is off, so nobody can take over another's.
// A3. A link that was closed or lost is barred: what still comes from its connection is dropped until libzmq says that it is gone.
// A4. Whoever is connected but has said nothing has no link.

import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Context, type Router } from 'zeromq';
import { MajordomoError, type LinkId, type Milliseconds } from '@majordomo/protocol';
import type { Clock } from './clock.js';
import { checkEndpoint } from './endpoint.js';
import { exhausted, isExhaustion } from './exhaustion.js';
import { endpointOf, hostNames, namedHost, unresolved, type HostNames } from './host-names.js';
import { InputDrain } from './input-drain.js';
import { codedError, takeIpcPath, type IpcPath } from './ipc-path.js';
import { untilFree } from './listening.js';
import { Lane } from './lane.js';
import { PORT_LIMITS, type PortLimits } from './limits.js';
import { Outbox } from './outbox.js';
import type { ListeningPort, LossReason, PortHandlers } from './port.js';
import {
  closeSocket,
  codeOf,
  crash,
  hand,
  isNotice,
  NoticeRouter,
  openSocket,
  receiveAll,
  socketOptions,
} from './sockets.js';

export interface RouterPortOptions {
  readonly clock: Clock;
  readonly limits?: Partial<PortLimits>;
  /** How host names are resolved; as this machine does it by default. */
  readonly names?: HostNames;
  /** The libzmq context; the process's own by default, which inproc:// needs. */
  readonly context?: Context;
}

/** A connection that has spoken. */
class Peer extends Lane {
  constructor(
    link: LinkId,
    readonly route: Uint8Array,
    readonly key: string,
  ) {
    super(link);
  }
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there. Stop it or choose another endpoint',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENODEV: 'this machine has no such address or network interface',
  EACCES: 'this user may not listen there',
  EPERM: 'this user may not listen there',
  EROFS: 'its file system is read-only',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'its directory is not a directory',
  EEXIST: 'a file that is not a socket is there, and it was left alone. Remove it or choose another path',
  ENAMETOOLONG: 'the path is too long for a socket',
};

const NAME_ERRORS = ['ENOTFOUND', 'ENODATA', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME', 'ESERVFAIL', 'ETIMEOUT'];

const IPC = 'ipc://';
/** How long a shutdown waits until its endpoints are free, in ms: under 1 as a rule, a busy machine may not run the I/O thread for long. */
const FREE_MAX_MS = 1_000;

export class RouterPort implements ListeningPort {
  readonly #limits: PortLimits;
  readonly #clock: Clock;
  readonly #names: HostNames;
  readonly #socket: NoticeRouter;
  readonly #hasNotices: boolean;
  readonly #outbox: Outbox<Peer>;
  readonly #drain: InputDrain;
  readonly #byRoute = new Map<string, Peer>();
  readonly #byLink = new Map<LinkId, Peer>();
  /** A3, the oldest first. */
  readonly #barred = new Set<Peer>();
  readonly #paths: IpcPath[] = [];
  /** As libzmq names them. */
  readonly #listening: string[] = [];
  #lastLink = 0;
  #handlers: PortHandlers | undefined;
  #received: Promise<void> = Promise.resolve();
  #down: Promise<void> | undefined;

  constructor(options: RouterPortOptions) {
    this.#limits = { ...PORT_LIMITS, ...options.limits };
    this.#clock = options.clock;
    this.#names = options.names ?? hostNames;
    this.#socket = openSocket(
      () =>
        new NoticeRouter({
          ...socketOptions(this.#limits),
          mandatory: true,
          handover: false,
          backlog: this.#limits.backlog,
          ...(options.context === undefined ? {} : { context: options.context }),
        }),
    );
    this.#hasNotices = this.#socket.noticeLoss();
    this.#drain = new InputDrain(options.clock, this.#limits);
    this.#outbox = new Outbox<Peer>({
      clock: options.clock,
      limits: this.#limits,
      hand: (peer, message) => hand(this.#socket as Router, [peer.route, ...message]),
      lost: (peer, reason) => this.#lose(peer, reason),
      left: (peer) => this.#bar(peer),
    });
  }

  /** Will loss be told at once? If not, it shows when something is sent, or by the session clock (sockets.ts S1). */
  get hasNotices(): boolean {
    return this.#hasNotices;
  }

  /** Links that are neither closed nor lost. */
  get links(): number {
    return this.#byLink.size;
  }

  /** Connections that have spoken and are still there, as far as is known: links, and those that are barred. */
  get knownPeers(): number {
    return this.#byRoute.size;
  }

  /** Bytes that wait for peers that take nothing at the moment. */
  get waitingBytes(): number {
    return this.#outbox.bytes;
  }

  async bind(endpoint: string): Promise<string> {
    const refuse = (why: string, reason: string, cause?: unknown): MajordomoError =>
      new MajordomoError('INVALID_OPTION', `cannot listen on ${endpoint}: ${why}`, {
        details: { endpoint, reason },
        cause,
      });
    const problem = checkEndpoint(endpoint, 'listen');
    if (problem !== undefined) throw refuse(problem, 'EINVAL');
    if (this.#down !== undefined) throw refuse('the port is shut down', 'EBADF');
    try {
      return endpoint.startsWith(IPC) ? await this.#bindPath(endpoint) : this.#bindNow(await this.#resolved(endpoint));
    } catch (cause) {
      const reason = codeOf(cause);
      const named = namedHost(endpoint);
      if (named !== undefined && NAME_ERRORS.includes(reason))
        throw refuse(unresolved(named.host, reason), reason, cause);
      if (isExhaustion(reason)) throw exhausted(cause);
      throw refuse(WHY[reason] ?? String(cause), reason, cause);
    }
  }

  /** An address instead of a host name, of IPv4 if it has one; the names of network interfaces are left to libzmq. */
  async #resolved(endpoint: string): Promise<string> {
    const named = namedHost(endpoint);
    if (named === undefined || networkInterfaces()[named.host] !== undefined) return endpoint;
    const addresses = await this.#names.addressesOf(named.host, this.#clock);
    if (this.#down !== undefined) throw codedError('EBADF', 'the port is shut down');
    const address = addresses.find((each) => isIPv4(each)) ?? addresses[0];
    return endpointOf(address as string, named.port);
  }

  #bindNow(endpoint: string): string {
    this.#socket.ipv6 = endpoint.startsWith('tcp://[');
    // Not bind(): that blocks the socket for send and receive until it is done.
    this.#socket.bindSync(endpoint);
    const real = this.#socket.lastEndpoint ?? endpoint;
    this.#listening.push(real);
    return real;
  }

  /** libzmq removes whatever has the name of an ipc endpoint when it binds it, and again when it closes it: also in the case of `@name`. */
  async #bindPath(endpoint: string): Promise<string> {
    const path = endpoint.slice(IPC.length);
    if (path === '*') return this.#bindNow(endpoint);
    if (path.startsWith('@')) {
      if (existsSync(path)) throw codedError('EEXIST', `a file has the name ${path}`);
      return this.#bindNow(endpoint);
    }
    const taken = await takeIpcPath(path, this.#clock, (name) => {
      if (this.#down !== undefined) throw codedError('EBADF', 'the port is shut down');
      this.#bindNow(`${IPC}${name}`);
    });
    this.#paths.push(taken);
    // A shutdown that came in between has not seen it.
    if (this.#down !== undefined) taken.release();
    return endpoint;
  }

  start(handlers: PortHandlers): void {
    if (this.#handlers !== undefined) throw new Error('this port was started before');
    this.#handlers = handlers;
    if (this.#down !== undefined) return;
    this.#received = receiveAll(this.#socket as Router, (frames) => this.#take(frames)).catch(crash);
  }

  connect(link: LinkId, endpoint: string): never {
    throw new Error(`a ROUTER opens no links (link ${link} to ${endpoint})`);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    const peer = this.#byLink.get(link);
    if (peer !== undefined) this.#outbox.send(peer, message);
  }

  close(link: LinkId): void {
    const peer = this.#byLink.get(link);
    if (peer === undefined) return;
    this.#byLink.delete(link);
    this.#outbox.leave(peer);
  }

  afterInput(lateMs: Milliseconds, then: () => void): void {
    this.#drain.run(lateMs, then);
  }

  shutdown(lingerMs: number): Promise<void> {
    this.#down ??= this.#shutDown(lingerMs);
    return this.#down;
  }

  async #shutDown(lingerMs: number): Promise<void> {
    const end = this.#clock.now() + lingerMs;
    for (const peer of this.#byLink.values()) this.#outbox.leave(peer);
    this.#byLink.clear();
    await this.#outbox.settle(lingerMs);
    this.#outbox.stop();
    for (const path of this.#paths) path.release();
    closeSocket(this.#socket, end - this.#clock.now());
    await this.#received;
    for (const endpoint of this.#listening) await untilFree(endpoint, this.#clock, FREE_MAX_MS);
    this.#byRoute.clear();
    this.#barred.clear();
  }

  #take(frames: Buffer[]): void {
    this.#drain.delivered();
    if (this.#down !== undefined) return;
    const route = frames.shift();
    if (route === undefined) return;
    const key = route.toString('latin1');
    let peer = this.#byRoute.get(key);
    if (isNotice(frames)) {
      if (peer !== undefined) this.#gone(peer);
      return;
    }
    if (frames.length === 0) return;
    peer ??= this.#greet(route, key);
    if (peer.state === 'open') this.#handlers?.message(peer.link, frames);
  }

  #greet(route: Buffer, key: string): Peer {
    // A copy: a long routing id would keep alive the message that it came in.
    const peer = new Peer(++this.#lastLink, Buffer.from(route), key);
    this.#byRoute.set(key, peer);
    this.#byLink.set(peer.link, peer);
    return peer;
  }

  /** The connection is gone: its routing id is free for another one (A1). */
  #gone(peer: Peer): void {
    this.#byRoute.delete(peer.key);
    this.#barred.delete(peer);
    this.#outbox.drop(peer);
    if (this.#byLink.delete(peer.link)) this.#handlers?.lost(peer.link, 'disconnected');
  }

  /** The outbox could not reach it. What of the connection is still to be read must not become a link again (A3). */
  #lose(peer: Peer, reason: LossReason): void {
    if (!this.#byLink.delete(peer.link)) return;
    // Without notices nobody would ever lift the bar, and a routing id of the peer's own choosing would be shut out for ever.
    if (this.#hasNotices || reason !== 'unreachable') this.#bar(peer);
    else this.#byRoute.delete(peer.key);
    if (this.#down === undefined) this.#handlers?.lost(peer.link, reason);
  }

  #bar(peer: Peer): void {
    if (this.#byRoute.get(peer.key) !== peer) return;
    this.#barred.add(peer);
    if (this.#barred.size <= this.#limits.barredMax) return;
    const [oldest] = this.#barred;
    if (oldest === undefined) return;
    this.#barred.delete(oldest);
    this.#byRoute.delete(oldest.key);
  }
}
