// Is the peer still there, and when must we speak so that it believes we are? (The session clock.)
//
// L1. Any record from the peer is a sign of life, not only HEARTBEAT.
// L2. A peer is lost once and for good: a late sign of life does not revive it.
// L3. We speak when we have been silent for one interval, whatever else the peer is doing.

import type { Milliseconds } from './machine.js';

export class Liveness {
  #heardAt: Milliseconds;
  #spokeAt: Milliseconds;
  #heartbeatMs: number;
  #silenceMaxMs: number;
  /** Silence that is allowed for the time being, where it is more than what was agreed. */
  #allowedMs = 0;

  constructor(times: { readonly heartbeatMs: number; readonly silenceMaxMs: number }, now: Milliseconds) {
    this.#heartbeatMs = times.heartbeatMs;
    this.#silenceMaxMs = times.silenceMaxMs;
    this.#heardAt = now;
    this.#spokeAt = now;
  }

  get heardAt(): Milliseconds {
    return this.#heardAt;
  }

  /** What WELCOME settled holds from now on. */
  agree(times: { readonly heartbeatMs: number; readonly silenceMaxMs: number }): void {
    this.#heartbeatMs = times.heartbeatMs;
    this.#silenceMaxMs = times.silenceMaxMs;
  }

  /** The peer may be silent for this long, until this is called again; 0 for no longer than agreed. */
  allow(silenceMaxMs: number): void {
    this.#allowedMs = silenceMaxMs;
  }

  /** Something came from the peer (L1). */
  heard(now: Milliseconds): void {
    this.#heardAt = now;
  }

  /** Something went to the peer. */
  spoke(now: Milliseconds): void {
    this.#spokeAt = now;
  }

  /** Has the peer been silent for too long? */
  isLost(now: Milliseconds): boolean {
    return now - this.#heardAt >= this.#silenceNowMs;
  }

  get #silenceNowMs(): number {
    return Math.max(this.#silenceMaxMs, this.#allowedMs);
  }

  /** Must we say something now (L3)? */
  mustSpeak(now: Milliseconds): boolean {
    return now - this.#spokeAt >= this.#heartbeatMs;
  }

  /** When one of the two is next to be asked again. */
  wakeAt(): Milliseconds {
    return Math.min(this.#heardAt + this.#silenceNowMs, this.#spokeAt + this.#heartbeatMs);
  }
}
