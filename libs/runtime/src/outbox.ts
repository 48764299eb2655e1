// The one writer of a port: messages leave in order for each link, and a peer that takes nothing holds up only itself.
//
// X1. One message at a time of each lane: the next one leaves when the last is known to have left. Lanes do not wait for each other, so all
//     that a turn sends is with the sockets when the turn ends; a send settles at once, so one socket may serve many lanes.
// X2. A lane whose socket is full is tried again after 1 ms, then 2, 4, up to 20; the others go on.
// X3. A lane that is blocked for too long is given up; sooner when too much waits for it, at once when too much waits in all.
// X4. `lost` and `left` are never called from within a call to the outbox.
// X5. Time in which this process did not run counts against nobody: a lane is not blocked while nothing tries to send.

import type { Cancel, Clock } from './clock.js';
import { bytesOf, type Lane } from './lane.js';
import type { PortLimits } from './limits.js';

/** What became of a message: the socket took it, is full, or has no such peer. */
export type Handed = 'sent' | 'full' | 'gone';

/** In ms. Below 1 there is no timer; above 20 a peer that reads again would feel it. */
const PAUSE_FIRST_MS = 1;
const PAUSE_MAX_MS = 20;
/** Lanes tried again at one time: an attempt in vain costs 10 µs, so a thousand stalled peers cost 3 % of a core, not half. */
const RETRIES_PER_TIME = 64;

export interface OutboxOptions<L extends Lane> {
  readonly clock: Clock;
  readonly limits: Pick<PortLimits, 'queueBytesMax' | 'overfullMaxMs' | 'queueBytesTotalMax' | 'blockedMaxMs'>;
  /** Offers a message to the lane's socket. Settles at once, never rejects. */
  hand(lane: L, message: Uint8Array[]): Promise<Handed>;
  /** The lane is gone, and with it what waited. */
  lost(lane: L, reason: 'unreachable' | 'blocked'): void;
  /** Everything sent on a leaving lane is with its socket, or was given up. */
  left(lane: L): void;
}

export class Outbox<L extends Lane> {
  readonly #options: OutboxOptions<L>;
  #blocked: L[] = [];
  #bytes = 0;
  #length = 0;
  #isStopped = false;
  #cancelRetry: Cancel | undefined;
  #retryAt = Infinity;
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions<L>) {
    this.#options = options;
  }

  /** Bytes that wait, of all lanes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sends a message on an open lane; nothing happens on another one. The first that waits on a lane is with its socket on return. */
  send(lane: L, message: Uint8Array[]): void {
    if (lane.state !== 'open') return;
    const bytes = bytesOf(message);
    lane.push(message, bytes);
    this.#bytes += bytes;
    this.#length += 1;
    if (lane.blockedAt === undefined) void this.#serve(lane);
    else this.#checkBounds(lane);
  }

  /** Ends a lane after what was sent on it. */
  leave(lane: L): void {
    if (lane.state !== 'open') return;
    lane.become('leaving');
    if (lane.first === undefined) this.#end(lane, undefined);
  }

  /** Ends a lane at once: its connection is gone. Nothing is told. */
  drop(lane: L): void {
    if (lane.state === 'gone') return;
    lane.become('gone');
    this.#forget(lane);
  }

  /** @returns settles when nothing waits any more, after `withinMs` at the latest. */
  settle(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(withinMs, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
      this.#tellIdle();
    });
  }

  /** Gives up whatever still waits. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const lane of blocked) this.#forget(lane);
  }

  /** Hands over what waits on a lane, until it is full, gone or through. The first message is with the socket on return. */
  async #serve(lane: L): Promise<void> {
    if (lane.isServed) return;
    lane.isServed = true;
    for (let message = lane.first; message !== undefined; message = lane.first) {
      const handed = await this.#options.hand(lane, message);
      if (lane.first !== message) continue; // it was given up meanwhile
      if (this.#isStopped) break;
      if (handed === 'sent') this.#sent(lane, bytesOf(message));
      else if (handed === 'gone') this.#end(lane, 'unreachable');
      else {
        this.#block(lane);
        break;
      }
    }
    lane.isServed = false;
    if (this.#isStopped) this.#forget(lane);
  }

  #sent(lane: L, bytes: number): void {
    lane.shift(bytes);
    this.#bytes -= bytes;
    this.#length -= 1;
    lane.blockedAt = undefined;
    lane.pauseMs = 0;
    if (lane.first === undefined && lane.state === 'leaving') this.#end(lane, undefined);
    this.#tellIdle();
  }

  #block(lane: L): void {
    const now = this.#options.clock.now();
    lane.blockedAt ??= now;
    lane.pauseMs = Math.min(PAUSE_MAX_MS, lane.pauseMs === 0 ? PAUSE_FIRST_MS : lane.pauseMs * 2);
    lane.retryAt = now + lane.pauseMs;
    this.#blocked.push(lane);
    this.#arm(lane.retryAt, now);
    this.#checkBounds(lane);
  }

  /** X3. */
  #checkBounds(lane: L): void {
    const { queueBytesMax, overfullMaxMs, queueBytesTotalMax, blockedMaxMs } = this.#options.limits;
    const blockedMs = this.#options.clock.now() - (lane.blockedAt ?? Infinity);
    if (blockedMs >= (lane.bytes > queueBytesMax ? overfullMaxMs : blockedMaxMs)) this.#end(lane, 'blocked');
    if (this.#bytes <= queueBytesTotalMax) return;
    let most: L | undefined;
    for (const other of this.#blocked) if (most === undefined || other.bytes > most.bytes) most = other;
    if (most !== undefined) this.#end(most, 'blocked');
  }

  #arm(at: number, now: number): void {
    if (at >= this.#retryAt) return;
    this.#cancelRetry?.();
    this.#retryAt = at;
    this.#cancelRetry = this.#options.clock.setTimer(at - now, () => this.#retry());
  }

  /** X2: serves the blocked lanes whose pause is over, the longest waiting first. */
  #retry(): void {
    const now = this.#options.clock.now();
    // X5.
    const lateMs = now - this.#retryAt;
    if (lateMs > PAUSE_MAX_MS) for (const lane of this.#blocked) lane.blockedAt = (lane.blockedAt ?? now) + lateMs;
    this.#cancelRetry = undefined;
    this.#retryAt = Infinity;
    const waiting: L[] = [];
    let served = 0;
    let next = Infinity;
    for (const lane of this.#blocked) {
      if (served < RETRIES_PER_TIME && lane.retryAt <= now) {
        served += 1;
        void this.#serve(lane);
      } else {
        waiting.push(lane);
        next = Math.min(next, lane.retryAt);
      }
    }
    this.#blocked = waiting;
    if (next !== Infinity) this.#arm(Math.max(next, now + PAUSE_FIRST_MS), now);
  }

  /** The lane is over: after a leave when `reason` is undefined, else for that reason. */
  #end(lane: L, reason: 'unreachable' | 'blocked' | undefined): void {
    const wasOpen = lane.state === 'open';
    lane.become('gone');
    this.#forget(lane);
    queueMicrotask(() => {
      if (wasOpen && reason !== undefined) this.#options.lost(lane, reason);
      else this.#options.left(lane);
    });
  }

  #forget(lane: L): void {
    this.#bytes -= lane.bytes;
    this.#length -= lane.length;
    lane.clear();
    const at = lane.blockedAt === undefined ? -1 : this.#blocked.indexOf(lane);
    if (at >= 0) this.#blocked.splice(at, 1);
    lane.blockedAt = undefined;
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#length > 0 || this.#idle.length === 0) return;
    for (const tell of this.#idle) tell();
    this.#idle = [];
  }
}
