// What a worker tells whoever observes it.

import type { BrokerEvent } from './core/events.js';

export type WorkerNews =
  | BrokerEvent
  /** A handler threw, or gave what cannot be sent. Its stack is here and nowhere else: it does not travel. */
  | {
      readonly kind: 'handler.failed';
      readonly service: string;
      readonly method: string;
      readonly requestId: string;
      readonly attempt: number;
      readonly error: unknown;
    }
  /** The worker has left all brokers. `unfinished`: handlers that were still at work and were told to stop. */
  | { readonly kind: 'worker.left'; readonly unfinished: number };

/** Calls somebody else's function. What it throws is theirs: it is reported as uncaught and disturbs no request. */
export function tellObserver(onEvent: ((news: WorkerNews) => void) | undefined, news: WorkerNews): void {
  if (onEvent === undefined) return;
  try {
    onEvent(news);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
