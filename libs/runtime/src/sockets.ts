// zeromq.js as this house uses it: notices of loss, sends that never pend, and an end that needs no more sockets.
//
// S1. The draft options are reached through setters that TypeScript calls protected. Where libzmq lacks them the ports work
//     without: then EHOSTUNREACH, ZMTP heartbeats and the session clock do the work.
// S2. No monitor is ever opened: it takes two more sockets, and when only the first of them can be had libzmq's I/O thread waits for the
//     second for ever, and with it every connection of the process.
// S3. The context belongs to the whole process. Its limit of sockets is only ever raised.

import { randomBytes } from 'node:crypto';
import { isMainThread } from 'node:worker_threads';
import { context, Dealer, Router, type Socket } from 'zeromq';
import { exhausted, isExhaustion } from './exhaustion.js';
import type { PortLimits } from './limits.js';
import type { Handed } from './outbox.js';

/** Draft options of libzmq 4.3.5: what a socket puts into its own inbox when a connection is gone. */
const ZMQ_DISCONNECT_MSG = 111;
const ZMQ_HICCUP_MSG = 114;

/** Random per process, so that no peer can send it. */
const NOTICE = Buffer.concat([Buffer.from('majordomo.lost.'), randomBytes(17)]);

/** Are these the frames of a notice (without the routing id)? */
export function isNotice(frames: readonly Uint8Array[]): boolean {
  const first = frames[0];
  return frames.length === 1 && first !== undefined && first.length === NOTICE.length && NOTICE.equals(first);
}

/** The socket's own word on whether it will tell of loss (S1). */
function tryNotice(set: () => void): boolean {
  try {
    set();
    return true;
  } catch {
    return false;
  }
}

/** Each link of a client is one; libzmq's 1,023 are few for a process with many clients. 12 bytes of memory each. S3. */
const SOCKETS_MAX = 32_768;

let isRaised = false;

/** libzmq looks at the limit when the first socket of the process is opened, and never again. */
function raiseSocketLimit(): void {
  if (isRaised) return;
  isRaised = true;
  if (context.maxSockets < SOCKETS_MAX) context.maxSockets = Math.min(SOCKETS_MAX, context.maxSocketsLimit);
}

/** Open sockets of a worker thread: one that is open when its thread ends aborts the process. */
const ofThread = new Set<Socket>();

function closeWithThread(socket: Socket): void {
  if (isMainThread) return;
  if (ofThread.size === 0) process.once('exit', closeOfThread);
  ofThread.add(socket);
}

function closeOfThread(): void {
  for (const socket of ofThread) socket.close();
}

/**
 * Opens a socket.
 *
 * @throws MajordomoError RESOURCE_EXHAUSTED when the process has no descriptors or no sockets left.
 */
export function openSocket<S extends Socket>(open: () => S): S {
  raiseSocketLimit();
  let socket: S;
  try {
    socket = open();
  } catch (error) {
    throw isExhaustion(codeOf(error)) ? exhausted(error) : error;
  }
  closeWithThread(socket);
  return socket;
}

export class NoticeRouter extends Router {
  /** @returns false when this libzmq cannot. */
  noticeLoss(): boolean {
    return tryNotice(() => this.setStringOption(ZMQ_DISCONNECT_MSG, NOTICE));
  }
}

export class NoticeDealer extends Dealer {
  /** @returns false when this libzmq cannot. */
  noticeLoss(): boolean {
    return tryNotice(() => this.setStringOption(ZMQ_HICCUP_MSG, NOTICE));
  }
}

/** What both kinds of socket are set to. `sendTimeout` 0: a send settles at once and holds up nobody. */
export function socketOptions(limits: PortLimits) {
  return {
    linger: 0,
    sendTimeout: 0,
    sendHighWaterMark: limits.highWaterMark,
    receiveHighWaterMark: limits.highWaterMark,
    maxMessageSize: limits.frameBytesMax,
    handshakeInterval: limits.handshakeMs,
    ...heartbeatOptions(limits),
  };
}

/** Seconds, as TCP counts: a dead machine is noticed after about 45 s. */
const KEEP_ALIVE = { tcpKeepalive: 1, tcpKeepaliveIdle: 15, tcpKeepaliveInterval: 10, tcpKeepaliveCount: 3 } as const;

/** libzmq sends PING to every peer, also to those of ZMTP 3.0, some of which take it for a message or end. */
function heartbeatOptions({ heartbeatMs, heartbeatTimeoutMs }: PortLimits) {
  if (heartbeatMs === 0) return KEEP_ALIVE;
  return {
    heartbeatInterval: heartbeatMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    heartbeatTimeToLive: heartbeatTimeoutMs,
  };
}

/** The code of what was thrown, '' when it has none. By shape: an addon's errors may come from another realm, where instanceof fails. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Offers a message to a socket with `sendTimeout` 0. */
export async function hand(socket: Router | Dealer, message: Uint8Array[]): Promise<Handed> {
  try {
    await socket.send(message);
    return 'sent';
  } catch (error) {
    return codeOf(error) === 'EAGAIN' ? 'full' : 'gone';
  }
}

/**
 * Hands everything that comes to `take`, until the socket is closed. What `take` throws crashes the process: it is a bug of ours.
 *
 * @returns settles when the socket is closed.
 */
export async function receiveAll(socket: Router | Dealer, take: (frames: Buffer[]) => void): Promise<void> {
  while (!socket.closed) {
    let frames: Buffer[];
    try {
      frames = await socket.receive();
    } catch (error) {
      // Closing ends the receive that is under way with EAGAIN; the binding may also wake without a message.
      if (socket.closed || codeOf(error) === 'EAGAIN') continue;
      throw error;
    }
    take(frames);
  }
}

/** A bug of ours came to light where nobody can catch it: the process ends with it instead of going on with a port that is deaf. */
export function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Closes a socket. libzmq goes on in its own threads: what was queued leaves for as long as `lingerMs`, also when the process ends meanwhile.
 */
export function closeSocket(socket: Socket, lingerMs: number): void {
  ofThread.delete(socket);
  if (socket.closed) return;
  socket.linger = Math.max(0, Math.ceil(lingerMs));
  socket.close();
}
