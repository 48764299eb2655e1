// One connection of the fake network: two ways on which messages travel in order, and everything that can befall them.
//
// F2. What is on its way arrives before the news that the other end has closed, as on TCP.
// F3. A way that is held (nobody accepted yet, a silent network, a reader that takes nothing) keeps its messages in order.
// F4. A connection that is cut carries nothing more; its ends may learn of it late, each at its own time.

import type { Cancel, Clock } from '../clock.js';
import { bytesOf } from '../lane.js';
import type { PortLimits } from '../limits.js';
import type { LossReason } from '../port.js';

/** What a fake port puts at its end of a connection. */
export interface End {
  /** Does its port take messages already? */
  isStarted(): boolean;
  arrived(frames: Uint8Array[]): void;
  gone(reason: LossReason): void;
}

/** Who connected, and who accepted. */
export type Side = 'connector' | 'listener';

const OTHER = { connector: 'listener', listener: 'connector' } as const;
const NEXT = { connecting: ['open', 'closed'], open: ['closed'], closed: [] } as const;
type State = keyof typeof NEXT;

/** One direction, named by its reader. */
class Way {
  /** No frames: the writer has closed. */
  readonly items: { readonly frames: Uint8Array[] | undefined; readonly at: number }[] = [];
  bytes = 0;
  lastAt = 0;
  isStalled = false;
  /** The network carries nothing this way. */
  isSilent = false;
  isOverfull = false;
  /** The writer has closed; it neither reads nor writes any more. */
  isEnded = false;
  cancelBlocked: Cancel | undefined;
}

export class Connection {
  #state: State = 'connecting';
  #cancelHeartbeat: Cancel | undefined;
  readonly #clock: Clock;
  readonly #limits: PortLimits;
  readonly #ends: { connector: End; listener: End | undefined };
  readonly #to = { connector: new Way(), listener: new Way() };
  /** Called when it is closed, for whoever keeps a list. */
  onClosed: () => void = () => {};

  constructor(
    readonly endpoint: string,
    connector: End,
    surroundings: { readonly clock: Clock; readonly limits: PortLimits },
    /** How long a message takes, in ms; may be changed at any time, order is kept. */
    public delayMs: number,
  ) {
    this.#ends = { connector, listener: undefined };
    this.#clock = surroundings.clock;
    this.#limits = surroundings.limits;
  }

  get state(): State {
    return this.#state;
  }

  /** Somebody accepted. */
  open(listener: End): void {
    this.#become('open');
    this.#ends.listener = listener;
    this.flow();
  }

  /** One side sends. */
  send(from: Side, frames: Uint8Array[]): void {
    const way = this.#to[OTHER[from]];
    if (this.#state === 'closed' || way.isEnded) return;
    // Fresh memory, as from a socket: nobody may count on sharing it.
    this.#put(
      OTHER[from],
      frames.map((frame) => Buffer.from(frame)),
    );
    way.bytes += bytesOf(frames);
    if (way.isStalled) this.#checkBlocked(OTHER[from]);
  }

  /** One side closes: what it sent still arrives if it can within `lingerMs`, nothing reaches it any more, the other side is told. */
  end(from: Side, lingerMs: number): void {
    const way = this.#to[OTHER[from]];
    if (this.#state === 'closed' || way.isEnded) return;
    way.isEnded = true;
    this.#clear(from);
    if (this.#state === 'connecting' && lingerMs <= 0) return this.#close();
    if (lingerMs <= 0 && this.#isHeld(OTHER[from])) this.#clear(OTHER[from]);
    this.#put(OTHER[from], undefined);
    this.#clock.setTimer(Math.max(lingerMs, this.delayMs), () => this.#expire(from));
  }

  /**
   * The network breaks it: what is on its way is lost, both sides are told, at once or late (F4).
   *
   * @param toldAfterMs how long each side goes on without knowing.
   */
  cut(toldAfterMs: { readonly connector?: number; readonly listener?: number } = {}): void {
    if (this.#state === 'closed') return;
    const { connector, listener } = this.#ends;
    const isConnectorThere = !this.#to.listener.isEnded;
    const isListenerThere = !this.#to.connector.isEnded;
    this.#close();
    const tell = (end: End | undefined, afterMs = 0): void => {
      this.#clock.setTimer(afterMs, () => end?.gone('disconnected'));
    };
    if (isConnectorThere) tell(connector, toldAfterMs.connector);
    if (isListenerThere) tell(listener, toldAfterMs.listener);
  }

  /** One side takes nothing from now on; it is still there. */
  stall(side: Side): void {
    this.#to[side].isStalled = true;
    this.#checkBlocked(side);
  }

  /** It takes again. */
  resume(side: Side): void {
    this.#to[side].isStalled = false;
    this.#drain(side);
  }

  /**
   * The network carries nothing; messages wait, and the ZMTP heartbeats break it after their timeout.
   *
   * @param reader only what goes to this side; both ways when it is not said.
   */
  silence(reader?: Side): void {
    if (reader !== 'listener') this.#to.connector.isSilent = true;
    if (reader !== 'connector') this.#to.listener.isSilent = true;
    this.#cancelHeartbeat ??= this.#clock.setTimer(this.#limits.heartbeatTimeoutMs, () => {
      if (this.#state === 'open') this.cut();
    });
  }

  /** It carries again. */
  heal(): void {
    this.#to.connector.isSilent = false;
    this.#to.listener.isSilent = false;
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = undefined;
    this.flow();
  }

  /** Is there a way that carries nothing? */
  get isSilent(): boolean {
    return this.#to.connector.isSilent || this.#to.listener.isSilent;
  }

  /** Delivers what may be delivered now. */
  flow(): void {
    this.#drain('listener');
    this.#drain('connector');
  }

  #become(state: State): void {
    if (!(NEXT[this.#state] as readonly State[]).includes(state)) {
      throw new Error(`a connection does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  /** The one place where messages set out: losing and doubling would happen here. */
  #put(reader: Side, frames: Uint8Array[] | undefined): void {
    const way = this.#to[reader];
    way.lastAt = Math.max(way.lastAt, this.#clock.now() + this.delayMs);
    way.items.push({ frames, at: way.lastAt });
    this.#clock.setTimer(way.lastAt - this.#clock.now(), () => this.#drain(reader));
  }

  /** F3. */
  #isHeld(reader: Side): boolean {
    const { isSilent, isStalled } = this.#to[reader];
    return this.#state !== 'open' || isSilent || isStalled || this.#ends[reader]?.isStarted() !== true;
  }

  #drain(reader: Side): void {
    const way = this.#to[reader];
    for (let item = way.items[0]; item !== undefined && !this.#isHeld(reader); item = way.items[0]) {
      if (item.at > this.#clock.now()) return;
      way.items.shift();
      way.cancelBlocked?.();
      way.cancelBlocked = undefined;
      if (item.frames === undefined) this.#finish(reader);
      else {
        way.bytes -= bytesOf(item.frames);
        if (!this.#to[OTHER[reader]].isEnded) this.#ends[reader]?.arrived(item.frames);
      }
    }
  }

  /** F2: the reader learns that the writer has closed. */
  #finish(reader: Side): void {
    const isReaderThere = !this.#to[OTHER[reader]].isEnded;
    this.#close();
    if (isReaderThere) this.#ends[reader]?.gone('disconnected');
  }

  /** The linger of `from` is over. */
  #expire(from: Side): void {
    if (this.#state === 'closed' || !this.#isHeld(OTHER[from])) return;
    const wasOpen = this.#state === 'open';
    if (wasOpen && !this.#to[OTHER[from]].isSilent) this.#finish(OTHER[from]);
    else if (!wasOpen) this.#close();
  }

  /** What waits for a stalled reader is bounded in bytes and time (port.ts O5). */
  #checkBlocked(reader: Side): void {
    const way = this.#to[reader];
    if (way.items.length === 0 || way.isEnded) return;
    const giveUp = (): void => {
      if (!way.isStalled || way.isEnded || this.#state === 'closed') return;
      this.#clear(reader);
      this.#ends[OTHER[reader]]?.gone('blocked');
    };
    const isOverfull = way.bytes > this.#limits.queueBytesMax;
    if (isOverfull === way.isOverfull && way.cancelBlocked !== undefined) return;
    way.isOverfull = isOverfull;
    way.cancelBlocked?.();
    way.cancelBlocked = this.#clock.setTimer(
      isOverfull ? this.#limits.overfullMaxMs : this.#limits.blockedMaxMs,
      giveUp,
    );
  }

  #clear(reader: Side): void {
    const way = this.#to[reader];
    way.items.length = 0;
    way.bytes = 0;
    way.cancelBlocked?.();
    way.cancelBlocked = undefined;
  }

  #close(): void {
    this.#become('closed');
    this.#clear('connector');
    this.#clear('listener');
    this.#cancelHeartbeat?.();
    this.onClosed();
  }
}
