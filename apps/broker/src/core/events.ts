// What a broker tells whoever observes it: plain facts, named thing.happened, after they have been acted on.

import type { ErrorCode, Milliseconds } from '@majordomo/protocol';

/**
 * What a peer does wrong that does not cost it its connection, or that comes from what is no peer at all.
 *
 * - `unreadable`: a message of the Majordomo protocol that cannot be read.
 * - `dialect`: a dialect of it that is not served.
 * - `name`: a service name that cannot be served or asked for.
 * - `no-body`: a request without a body.
 * - `out-of-place`: a command of a worker at a time when it means nothing.
 * - `unknown-worker`: a command of a worker that has not registered, as after a restart of the broker.
 * - `wrong-role`: a client that acts as a worker, the reverse, or either in the native protocol.
 */
export type PeerFault =
  'unreadable' | 'dialect' | 'name' | 'no-body' | 'out-of-place' | 'unknown-worker' | 'wrong-role';

/** `at` of the log line is the observer's business; times here are spans in ms. */
export type BrokerEvent =
  | { readonly event: 'worker.joined'; readonly identity: string }
  | { readonly event: 'worker.draining'; readonly identity: string }
  | { readonly event: 'worker.left'; readonly identity: string; readonly reason: string }
  | { readonly event: 'worker.lost'; readonly identity: string; readonly reason: string; readonly leases: number }
  | { readonly event: 'client.joined'; readonly identity: string }
  | { readonly event: 'client.left'; readonly identity: string }
  | { readonly event: 'client.lost'; readonly identity: string; readonly unsettled: number }
  | {
      readonly event: 'request.redelivered';
      readonly request: string;
      readonly address: string;
      readonly attempt: number;
      readonly worker: string;
    }
  | {
      readonly event: 'request.dead';
      readonly request: string;
      readonly address: string;
      readonly code: ErrorCode;
      readonly attempts: number;
    }
  /** So many calls have waited for a service in vain: its last worker left so long ago. */
  | {
      readonly event: 'service.unavailable';
      readonly address: string;
      readonly awayMs: Milliseconds;
      readonly count: number;
    }
  /** A peer broke the protocol and lost its link. Bounded: `suppressed` counts those of this code that were left out since the last one. */
  | {
      readonly event: 'link.refused';
      readonly code: ErrorCode;
      readonly reason: string;
      readonly identity: string;
      readonly suppressed?: number;
    }
  /** Once per peer and kind, and bounded for all peers: `suppressed` counts those of this kind that were left out since the last one. */
  | {
      readonly event: 'peer.fault';
      readonly fault: PeerFault;
      /** Its connection. */
      readonly peer: string;
      /** Printable ASCII, at most 400 characters. */
      readonly reason: string;
      readonly suppressed: number;
    }
  | { readonly event: 'journal.opened'; readonly starts: number }
  | { readonly event: 'journal.read'; readonly requests: number; readonly damaged: number }
  /** The journal holds more than memory can carry: the rest is read as requests end. */
  | { readonly event: 'journal.paused'; readonly requests: number; readonly unread: number }
  /** An entry could not be read; it is set aside in the store and loaded no more. */
  | { readonly event: 'journal.damaged'; readonly key: number; readonly reason: string }
  | { readonly event: 'journal.full' }
  | { readonly event: 'journal.room' }
  /** The process of the broker can open nothing any more. Peers that are connected go on, new ones wait. Once a minute while it lasts. */
  | { readonly event: 'descriptors.exhausted'; readonly help: string }
  | { readonly event: 'drain.begun'; readonly unsettled: number }
  | { readonly event: 'drain.ended'; readonly unsettled: number };

/** What a broker counts, from its start; numbers only grow. */
export class Counters {
  requests = 0;
  duplicates = 0;
  refused = 0;
  settled = 0;
  failed = 0;
  redelivered = 0;
  deadLetters = 0;
  /** Words of workers on leases that were over (D3). */
  lateWords = 0;
  /** Successes of an older attempt that settled a request. */
  lateSuccesses = 0;
  faults = 0;
  forgotten = 0;
}
