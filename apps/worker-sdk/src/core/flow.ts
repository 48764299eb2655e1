// The values of one stream that the client may still lack: kept from the first unconfirmed one on, so that a rewind finds them.
//
// F1. A value is made only when some lease may send it, and while the unconfirmed ones are within their bounds.
// F2. Values leave this room from the front only, once every lease has had them confirmed.

import { WIRE_LIMITS, type Bytes } from '@majordomo/protocol';
import { WORKER_LIMITS } from './limits.js';

export class Flow {
  readonly #values: Bytes[] = [];
  #first = 0;
  #bytes = 0;
  #allowed: number;

  /** @param allowed how many values may be made before the window opens again. */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  /** Values made so far; also the index of the next. */
  get made(): number {
    return this.#first + this.#values.length;
  }
  /** The first index that can still be sent. */
  get first(): number {
    return this.#first;
  }
  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** May the generator be asked for another value (F1)? */
  get isOpen(): boolean {
    return (
      this.made < this.#allowed &&
      this.#values.length < WIRE_LIMITS.streamWindowMax &&
      (this.#bytes < WORKER_LIMITS.streamKeptBytesMax || this.#values.length === 0)
    );
  }

  /** Values below this index may be made; never lowered. */
  allow(allowed: number): void {
    if (allowed > this.#allowed) this.#allowed = allowed;
  }

  add(value: Bytes): void {
    this.#values.push(value);
    this.#bytes += value.length;
  }

  /** The value with this index; it must be kept. */
  at(index: number): Bytes {
    const value = this.#values[index - this.#first];
    if (value === undefined) throw new Error(`value ${index} of the stream is not kept`);
    return value;
  }

  /** Values below this index are needed no more (F2). */
  release(below: number): void {
    const count = Math.min(below, this.made) - this.#first;
    if (count <= 0) return;
    for (let i = 0; i < count; i++) this.#bytes -= (this.#values[i] as Bytes).length;
    this.#values.splice(0, count);
    this.#first += count;
  }
}
