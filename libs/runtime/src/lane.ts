// One link's way out of this process: what was sent on it and has not reached its socket yet.

import type { LinkId } from '@majordomo/protocol';

const NEXT = { open: ['leaving', 'gone'], leaving: ['gone'], gone: [] } as const;
/** `leaving`: closed from this side, but something sent before still has to go. */
export type LaneState = keyof typeof NEXT;

/** Ports extend it with what they need to reach the peer. The fields are the outbox's own. */
export class Lane {
  #state: LaneState = 'open';
  #messages: Uint8Array[][] = [];
  #first = 0;
  /** Bytes that wait. */
  bytes = 0;
  /** A message of it is being handed over. */
  isServed = false;
  /** Since when the socket has taken nothing; undefined while it takes. */
  blockedAt: number | undefined;
  retryAt = 0;
  pauseMs = 0;

  constructor(readonly link: LinkId) {}

  get state(): LaneState {
    return this.#state;
  }

  /** The message whose turn it is. */
  get first(): Uint8Array[] | undefined {
    return this.#messages[this.#first];
  }

  /** Messages that wait. */
  get length(): number {
    return this.#messages.length - this.#first;
  }

  become(state: LaneState): void {
    if (!(NEXT[this.#state] as readonly LaneState[]).includes(state)) {
      throw new Error(`a lane does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  push(message: Uint8Array[], bytes: number): void {
    this.#messages.push(message);
    this.bytes += bytes;
  }

  /** The first message has gone. */
  shift(bytes: number): void {
    this.bytes -= bytes;
    this.#first += 1;
    if (this.#first === this.#messages.length) {
      this.#messages.length = 0;
      this.#first = 0;
    } else if (this.#first === 1_024) {
      this.#messages.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Nothing of it will go. */
  clear(): void {
    this.#messages = [];
    this.#first = 0;
    this.bytes = 0;
  }
}

export function bytesOf(message: readonly Uint8Array[]): number {
  let bytes = 0;
  for (let i = 0; i < message.length; i++) bytes += (message[i] as Uint8Array).length;
  return bytes;
}
