// What a worker reports to its observer and to its log.

import type { CancelReason } from '@majordomo/protocol';
import type { BrokerEvent } from './core/events.js';

/** Which handler, for which request. */
export interface HandlerCall {
  readonly service: string;
  readonly method: string;
  readonly requestId: string;
  readonly attempt: number;
}

/** A handler that was told to stop and has not ended. */
export interface StuckHandler extends HandlerCall {
  /** When it was called, in ms since 1970, and how long that is ago. */
  readonly startedAt: number;
  readonly runningMs: number;
  /** Why it was told to stop. */
  readonly reason: CancelReason;
}

export type WorkerNews =
  | BrokerEvent
  /** A handler threw, or gave what cannot be sent. Its stack is here and in the log, and nowhere else: it does not travel. */
  | (HandlerCall & { readonly kind: 'handler.failed'; readonly error: unknown })
  /** A handler was told to stop `stuckAfterMs` ago and goes on: it keeps its slot, and the service has one less. Once for a call. */
  | (StuckHandler & { readonly kind: 'handler.stuck' })
  /** A handler that was stuck has ended. */
  | (StuckHandler & { readonly kind: 'handler.unstuck' })
  /** The worker has left all brokers. `unfinished`: handlers that were still at work and were told to stop. */
  | { readonly kind: 'worker.left'; readonly unfinished: number };
