// What the worker's machine is told by its shell, and what it tells it.

import type { Bytes, CancelReason, ErrorCode, MajordomoError } from '@majordomo/protocol';
import type { Failure, Run } from './state.js';

/** Words of the shell. `run` is one that a `start` event brought. */
export type WorkerInput =
  /** Connect to every broker, once. `unreached` follows when none has welcomed us after `timeoutMs`; Infinity waits for ever. */
  | { readonly kind: 'open'; readonly timeoutMs: number }
  /** The handler has returned: the value and what its headers say, or for a stream nothing. */
  | { readonly kind: 'succeeded'; readonly run: Run; readonly headers: Bytes; readonly body: Bytes }
  /** The handler has ended otherwise. `body` is that of the ERROR record. */
  | { readonly kind: 'failed'; readonly run: Run; readonly failure: Failure; readonly body: Bytes }
  /** The next value of a stream. Only while `run.flow.isOpen`. */
  | { readonly kind: 'yielded'; readonly run: Run; readonly body: Bytes }
  /** A note on how far the handler is. */
  | { readonly kind: 'progressed'; readonly run: Run; readonly body: Bytes }
  /** Take nothing new, finish, leave; after `timeoutMs` leave anyway. May be said again with less time. */
  | { readonly kind: 'drain'; readonly timeoutMs: number }
  /** Stop what runs and leave at once. */
  | { readonly kind: 'close' };

/** What happened, in the order in which it did. */
export type WorkerEvent =
  /** Call the handler; end with `succeeded` or `failed`, exactly once. */
  | { readonly kind: 'start'; readonly run: Run }
  /** Tell the handler to stop; its end is awaited all the same. At most once per run. */
  | { readonly kind: 'abort'; readonly run: Run; readonly reason: CancelReason }
  /** `run.flow.isOpen` again. */
  | { readonly kind: 'resume'; readonly run: Run }
  /** The handler was told to stop `stuckAfterMs` ago and has not ended: it keeps its slot. Once for a run. */
  | { readonly kind: 'stuck'; readonly run: Run }
  /** A handler that was reported as stuck has ended after all. */
  | { readonly kind: 'unstuck'; readonly run: Run }
  | BrokerEvent
  /** No broker has welcomed us in the time that `open` allowed. We go on trying. */
  | { readonly kind: 'unreached'; readonly error: MajordomoError }
  /** Every link is closed; the machine is at its end. `unfinished` handlers were still at work. */
  | { readonly kind: 'left'; readonly unfinished: number };

/** What goes on between us and the brokers, for observers. */
export type BrokerEvent =
  | {
      readonly kind: 'broker.connected';
      readonly endpoint: string;
      readonly instance: number;
      readonly software: string;
    }
  /** The broker knows what we serve: its callers find us. */
  | { readonly kind: 'broker.serving'; readonly endpoint: string }
  /** It finishes what it has and hands out nothing new. */
  | { readonly kind: 'broker.draining'; readonly endpoint: string }
  /** The broker sent us away, before or after it welcomed us. We come back by ourselves. */
  | {
      readonly kind: 'broker.refused';
      readonly endpoint: string;
      readonly code: ErrorCode | undefined;
      readonly reason: string;
    }
  /** The link is gone; we come back by ourselves. `held`: requests that it had given us; they go on. */
  | { readonly kind: 'broker.lost'; readonly endpoint: string; readonly reason: string; readonly held: number };

/** What a worker counts, from its start; numbers only grow. */
export class Counters {
  /** Handlers started. */
  started = 0;
  succeeded = 0;
  failed = 0;
  /** Requests handed out to us that we were running already, or had just finished. */
  duplicates = 0;
  /** Words of brokers on leases that were over, and records that are not for a worker. */
  lateWords = 0;
  /** Leases given back unstarted. */
  released = 0;
}
