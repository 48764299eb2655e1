// How far one stream is: what has arrived, what was consumed, what may be sent.
//
// F1. Values are taken in the order of their index, each once, whatever is sent twice or early.
// F2. What may be under way or unread is at most one window beyond what was consumed. (Asking again costs one more at most: a stream
//     cannot be asked for with no window at all.)

/** What to do with a value: take it; drop it, it was here before; leave it, one before it is missing; or the peer sent what it may not. */
export type Arrival = 'next' | 'duplicate' | 'gap' | 'overrun';

export class StreamFlow {
  readonly #window: number;
  /** Values that have arrived: the index that comes next. */
  received = 0;
  #consumed = 0;
  #allowed: number;

  /** @param window values that may be under way or unread, at least 1. */
  constructor(window: number) {
    this.#window = window;
    this.#allowed = window;
  }

  /** Values below this index may be sent. */
  get allowed(): number {
    return this.#allowed;
  }

  /** A value has arrived; `received` moves when it is the next (F1). */
  arrive(index: number): Arrival {
    if (index < this.received) return 'duplicate';
    if (index >= this.#allowed) return 'overrun';
    if (index > this.received) return 'gap';
    this.received += 1;
    return 'next';
  }

  /** The application has taken so many more. @returns true when half of the window is free and the sender should hear of it. */
  consume(count: number): boolean {
    this.#consumed = Math.min(this.received, this.#consumed + count);
    const free = this.#consumed + this.#window - this.#allowed;
    if (free < Math.max(1, this.#window >> 1)) return false;
    this.#allowed = this.#consumed + this.#window;
    return true;
  }

  /** The stream is asked for, perhaps again. @returns the window to ask with, counted from `received`; at least 1 (F2). */
  windowToAsk(): number {
    const window = Math.max(1, this.#consumed + this.#window - this.received);
    this.#allowed = this.received + window;
    return window;
  }
}
