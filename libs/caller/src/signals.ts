// Signals that end requests: one listener for each signal, however many requests it would end.
//
// A signal that a thousand calls share would otherwise look through a thousand listeners for each new one, and Node warns of a leak
// from the eleventh on.

/** Somebody whom an abort ends. */
export interface Abortable {
  /** @param cause the reason of the signal. */
  abort(cause: unknown): void;
}

class Watch {
  readonly #signal: AbortSignal;
  readonly #watchers = new Set<Abortable>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(watcher: Abortable): void {
    if (this.#watchers.size === 0) this.#signal.addEventListener('abort', this);
    this.#watchers.add(watcher);
  }

  /** A long-lived signal keeps nothing of requests that have ended. */
  remove(watcher: Abortable): void {
    if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#signal.removeEventListener('abort', this);
  }

  /** EventListener: an object costs no closure. */
  handleEvent(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    this.#signal.removeEventListener('abort', this);
    for (const watcher of watchers) watcher.abort(this.#signal.reason);
  }
}

export class Signals {
  readonly #watches = new WeakMap<AbortSignal, Watch>();

  /** The signal must not be aborted yet. */
  watch(signal: AbortSignal, watcher: Abortable): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) this.#watches.set(signal, (watch = new Watch(signal)));
    watch.add(watcher);
  }

  /** May be called twice, and for a signal that is not watched. */
  unwatch(signal: AbortSignal, watcher: Abortable): void {
    this.#watches.get(signal)?.remove(watcher);
  }
}
