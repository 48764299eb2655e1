// The values of a stream, to be iterated once: `for await (const value of client.stream(…))`.
//
// I1. Nothing is asked before the first value is asked for.
// I2. `break`, `return()` or a throw in the loop cancels at the worker.
// I3. Values that had arrived come before the error or the end that followed them; a cancel comes at once.
// I4. The machine hears of taken values by the half window, which is when it has something to say.

import { isMajordomoError, type Bytes, type MajordomoError } from '@majordomo/protocol';
import { Ask, type AskLinks } from './ask.js';
import { CallSite } from './call-site.js';
import { framesIn, readBody, readFrameList } from './codec.js';
import type { Asked } from './core/pending-request.js';

/** A stream of replies. It can be iterated once; leaving the loop cancels it. */
export interface ReplyStream<T> extends AsyncIterableIterator<T, undefined, undefined> {
  /** Stops the stream, at the worker too. Values that were not taken are dropped. */
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): ReplyStream<T>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Taker {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorResult<unknown, undefined> = Object.freeze({ done: true, value: undefined });

/** The request behind a stream: values go in on the session's side and out on the application's. */
export class StreamAsk extends Ask implements ReplyStream<unknown> {
  readonly #lot: number;
  /** Where the stream was asked for: errors come to whoever iterates, from there. */
  readonly #site = new CallSite(StreamAsk);
  #state: 'unasked' | 'open' | 'ending' | 'done' = 'unasked';
  #values: unknown[] = [];
  #takers: Taker[] = [];
  #error: unknown;
  #taken = 0;

  constructor(asked: Asked, links: AskLinks) {
    super(asked, links);
    this.#lot = Math.max(1, asked.window >> 1);
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#state === 'unasked') this.#ask();
    if (this.#values.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#state === 'open') return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
    return this.#finish();
  }

  /** I2 */
  return(): Promise<IteratorResult<unknown, undefined>> {
    const wasOpen = this.#state === 'open';
    this.#stop();
    if (wasOpen) this.links.desk.cancel(this, 'the caller left the stream');
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }

  partial(isFrameList: boolean, body: Bytes): void {
    if (this.#state !== 'open') return;
    const { codec } = this.links;
    let value: unknown;
    try {
      value = isFrameList ? readFrameList(codec, body) : readBody(codec, 1, body);
    } catch (error) {
      this.links.desk.cancel(this, error);
      return this.#end(error);
    }
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#values.push(value);
      return;
    }
    this.#count();
    taker.resolve({ done: false, value });
  }

  /** The method has one value: a stream of one. */
  succeed(headers: Bytes, body: Bytes): void {
    this.partial(framesIn(headers) > 1, body);
    this.complete();
  }

  /** Tickets are told to those who hand over. */
  accepted(): void {}

  complete(): void {
    if (this.#state === 'open') this.#end(undefined);
  }

  fail(error: MajordomoError): void {
    if (this.#state !== 'open' && this.#state !== 'unasked') return;
    // I3: who cancels wants no more values.
    if (isMajordomoError(error, 'CANCELLED')) this.#values = [];
    this.#end(error);
  }

  #ask(): void {
    this.#state = 'open';
    this.links.desk.begin(this);
  }

  #take(): unknown {
    const value = this.#values.shift();
    this.#count();
    return value;
  }

  /** I4 */
  #count(): void {
    this.#taken += 1;
    if (this.#taken < this.#lot) return;
    this.links.desk.consumed(this, this.#taken);
    this.#taken = 0;
  }

  /** Nothing more comes; what has arrived can still be taken. Nobody waits while there are values. */
  #end(error: unknown): void {
    this.unlisten();
    this.#state = 'ending';
    this.#error = error;
    this.#site.place(error);
    const [first, ...others] = this.#takers;
    this.#takers = [];
    if (first !== undefined) void this.#finish().then(first.resolve, first.reject);
    for (const taker of others) taker.resolve(DONE);
  }

  /** An error is thrown once; afterwards the stream is simply over, as with a generator. */
  #finish(): Promise<IteratorResult<unknown, undefined>> {
    const error = this.#error;
    this.#stop();
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }

  #stop(): void {
    this.unlisten();
    this.#state = 'done';
    this.#values = [];
    this.#error = undefined;
    for (const taker of this.#takers.splice(0)) taker.resolve(DONE);
  }
}
