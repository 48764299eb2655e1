// What the machine is asked and what it tells.

import type { Bytes, CancelReason, LinkInput, MajordomoError } from '@majordomo/protocol';
import type { PendingRequest } from './pending-request.js';

/** From the application. A request is handed in once; what is said about a settled one is ignored. */
export type CallerInput<R extends PendingRequest> =
  | { readonly kind: 'call'; readonly request: R }
  /** Nobody waits for it any more. It ends at once, as CANCELLED with this cause. */
  | { readonly kind: 'cancel'; readonly request: R; readonly reason: CancelReason; readonly cause: unknown }
  /** The application has taken so many more values of the stream. */
  | { readonly kind: 'consumed'; readonly request: R; readonly count: number }
  /** Begin to connect; `reached` or `unreached` follows within `timeoutMs`. With 0 nobody waits for that. */
  | { readonly kind: 'open'; readonly timeoutMs: number }
  /** Settle everything and leave. */
  | { readonly kind: 'close' };

/** Everything that can happen to the machine. */
export type AnyCallerInput<R extends PendingRequest> = CallerInput<R> | LinkInput;

/** How requests go on. Of `value`, `end`, `accepted` and `error` exactly one comes for each request, and nothing after it. */
export type RequestEvent<R extends PendingRequest> =
  /** The one value of a method that has one; asked for as a stream it is the only one. */
  | { readonly kind: 'value'; readonly request: R; readonly headers: Bytes; readonly body: Bytes }
  /** The next value of a stream. */
  | { readonly kind: 'partial'; readonly request: R; readonly isFrameList: boolean; readonly body: Bytes }
  | { readonly kind: 'progress'; readonly request: R; readonly body: Bytes }
  /** The stream is complete. */
  | { readonly kind: 'end'; readonly request: R }
  /** It is stored under this ticket, and with that it has ended here. */
  | { readonly kind: 'accepted'; readonly request: R; readonly journal: number; readonly ticket: number }
  | { readonly kind: 'error'; readonly request: R; readonly error: MajordomoError };

/** What goes on between us and the brokers, for observers. */
export type BrokerEvent =
  | {
      readonly kind: 'broker.connected';
      readonly endpoint: string;
      readonly instance: number;
      readonly software: string;
    }
  /** It finishes what it has and takes nothing new. */
  | { readonly kind: 'broker.draining'; readonly endpoint: string }
  /** The link is gone; we come back by ourselves. `unsettled`: requests that it had, which are asked again. */
  | { readonly kind: 'broker.lost'; readonly endpoint: string; readonly reason: string; readonly unsettled: number };

/** The answer to `open`. */
export type ReachEvent = { readonly kind: 'reached' } | { readonly kind: 'unreached'; readonly error: MajordomoError };

export type CallerEvent<R extends PendingRequest> = RequestEvent<R> | BrokerEvent | ReachEvent;
