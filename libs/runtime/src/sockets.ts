// zeromq.js as this house uses it: notices of loss, sends that never pend, and a close that can be waited for.
//
// S1. The draft options are reached through setters that TypeScript calls protected. Where libzmq lacks them the ports work
//     without: then EHOSTUNREACH, ZMTP heartbeats and the session clock do the work.

import { randomBytes } from 'node:crypto';
import { Dealer, Router, type Socket } from 'zeromq';
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
    heartbeatInterval: limits.heartbeatMs,
    heartbeatTimeout: limits.heartbeatTimeoutMs,
    heartbeatTimeToLive: limits.heartbeatTimeoutMs,
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
 * Closes a socket.
 *
 * @param lingerMs how long libzmq may go on sending what it has queued.
 * @returns settles when libzmq has let go of it: everything sent or given up, endpoints free. It keeps the process alive until then.
 */
export async function closeSocket(socket: Socket, lingerMs: number): Promise<void> {
  if (socket.closed) return;
  socket.linger = Math.max(0, Math.ceil(lingerMs));
  const { events } = socket;
  socket.close();
  try {
    // The monitor's last word is said when the socket is destroyed, not when `close` returns.
    while ((await events.receive()).type !== 'end');
  } catch {
    // No monitor to be had (out of sockets): the socket is closed all the same, only the moment is not known.
  }
}
