// Takes the values out of a generator, one at a time, as long as somebody has room for them.
//
// U1. The next value is asked for only while the window is open, and only when the one before has come.
// U2. Told to stop, the generator is returned, so that its `finally` blocks run; the end is told when they have.
// U3. The end is told exactly once: ended, stopped, or what was thrown.

/** What can be streamed. */
export type Streamable = AsyncIterable<unknown> | Iterable<unknown>;

/** Where the values go. None of these may throw. */
export interface StreamSink {
  isOpen(): boolean;
  /** The next value. @returns false when it cannot be sent, and the stream is to stop; a promise of it, which does not reject. */
  value(value: unknown): boolean | Promise<boolean>;
  /** The generator came to its end by itself. */
  ended(): void;
  /** It ended because it was told to. */
  stopped(): void;
  threw(error: unknown): void;
}

const NEXT = {
  parked: ['pulling', 'stopping'],
  pulling: ['parked', 'stopping', 'ended'],
  stopping: ['ended'],
  ended: [],
} as const;
type PullState = keyof typeof NEXT;

export class StreamPull {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #sink: StreamSink;
  #state: PullState = 'parked';

  constructor(values: Streamable, sink: StreamSink) {
    this.#iterator = Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : each(values);
    this.#sink = sink;
  }

  /** The window is open (again). */
  resume(): void {
    if (this.#state !== 'parked') return;
    if (this.#sink.isOpen()) this.#ask();
  }

  /** U2. Nothing happens when the stream has ended or is being stopped. */
  stop(): void {
    if (this.#state !== 'parked' && this.#state !== 'pulling') return;
    this.#become('stopping');
    try {
      Promise.resolve(this.#iterator.return?.()).then(this.#stopped, this.#threw);
    } catch (error) {
      this.#threw(error);
    }
  }

  #become(state: PullState): void {
    if (!(NEXT[this.#state] as readonly PullState[]).includes(state)) {
      throw new Error(`a stream does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  /** U1. */
  #ask(): void {
    if (this.#state === 'parked') this.#become('pulling');
    try {
      Promise.resolve(this.#iterator.next()).then(this.#came, this.#failed);
    } catch (error) {
      this.#threw(error);
    }
  }

  readonly #came = (result: IteratorResult<unknown>): void => {
    if (this.#state !== 'pulling') return;
    let isDone: boolean;
    let value: unknown;
    try {
      if (!isObject(result)) throw new TypeError('next() of the iterator returned no object');
      isDone = Boolean(result.done);
      value = isDone ? undefined : result.value;
    } catch (error) {
      // An iterator made by hand may give anything, nothing included.
      this.#threw(error);
      return;
    }
    if (isDone) {
      this.#become('ended');
      this.#sink.ended();
      return;
    }
    const taken = this.#sink.value(value);
    if (typeof taken === 'boolean') this.#goOn(taken);
    else void taken.then(this.#goOn);
  };

  /** It may have been told to stop while the value was looked at. */
  readonly #goOn = (isTaken: boolean): void => {
    if (this.#state !== 'pulling') return;
    if (!isTaken) this.stop();
    else if (this.#sink.isOpen()) this.#ask();
    else this.#become('parked');
  };

  /** While it is being stopped, the answer to return() is its end. */
  readonly #failed = (error: unknown): void => {
    if (this.#state === 'pulling') this.#threw(error);
  };

  readonly #stopped = (): void => {
    this.#become('ended');
    this.#sink.stopped();
  };

  readonly #threw = (error: unknown): void => {
    if (this.#state === 'ended') return;
    this.#become('ended');
    this.#sink.threw(error);
  };
}

/** A generator that is not asynchronous; its values may be promises. */
async function* each(values: Iterable<unknown>): AsyncGenerator<unknown, void, undefined> {
  yield* values;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Can it be taken apart into values? */
export function isStreamable(value: unknown): value is Streamable {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Is it meant to be? Arrays and maps can be taken apart too, but they are values. */
export function isStream(value: unknown): value is Streamable {
  if (typeof value !== 'object' || value === null) return false;
  return (
    Symbol.asyncIterator in value || (Symbol.iterator in value && 'next' in value && typeof value.next === 'function')
  );
}
