// What the rooms of the broker share: settings, tables, timers, the output of the turn.

import {
  List,
  Output,
  Timer,
  TimerWheel,
  type ErrorCode,
  type LinkId,
  type Milliseconds,
  type Ran,
  type Stage,
  type WireRecord,
} from '@majordomo/protocol';
import { DeadLetters } from './dead-letters.js';
import { Counters, type BrokerEvent } from './events.js';
import { Journal } from './journal.js';
import { PeerFaults } from './peer-faults.js';
import { Kept } from './unread.js';
import type { BrokerSettings } from './settings.js';
import type { Holding, Link, Method, Request, Service, Session } from './state.js';

export class Memory {
  readonly output = new Output<BrokerEvent>();
  readonly timers = new TimerWheel();
  readonly counters = new Counters();
  readonly faults = new PeerFaults(this.output);
  readonly links = new Map<LinkId, Link>();
  /** By instance. */
  readonly sessions = new Map<number, Session>();
  readonly services = new Map<string, Service>();
  /** Methods that no worker offers any more, in the order in which they lost their last one (away.ts). */
  readonly away = new List<Method>();
  /** Due when the oldest of them may be forgotten. */
  readonly awayTimer = new Timer(this, 'away');
  /** Requests under an idempotency key, by service and key. */
  readonly keyed = new Map<string, Request>();
  /** Settled requests in the order in which they settled. */
  readonly settled = new List<Request>();
  settledBytes = 0;
  readonly kept = new Kept();
  /** Due when the oldest outcome may be forgotten, and when new ones are made independent of their messages. */
  readonly windowTimer = new Timer(this, 'window');
  readonly compactTimer = new Timer(this, 'compact');
  /** Held runs that nobody has asked for yet, by instance and request number. */
  readonly holdings = new Map<number, Map<number, Holding>>();
  readonly journal = new Journal();
  readonly deadLetters: DeadLetters;
  unsettled = 0;
  /** Bytes of the bodies and headers of unsettled calls. */
  unsettledBytes = 0;
  /** Claims of workers, and callers that joined a request of others, of all sessions. */
  holdingCount = 0;
  askerCount = 0;
  /** Places in the order of arrival: of what comes in, and before that of what an earlier start of the broker has accepted. */
  lastOrder = 2 ** 47;
  lastRestoredOrder = 0;
  draining = false;
  drained = false;

  constructor(
    readonly settings: BrokerSettings,
    readonly startedAt: Milliseconds,
  ) {
    this.deadLetters = new DeadLetters(settings);
  }

  /** Sends to a session if it has a link; what cannot be sent now is asked for again by the peer. */
  send(session: Session, record: WireRecord, now: Milliseconds): void {
    const link = session.link;
    if (link === undefined) return;
    this.output.send(link.id, record);
    link.liveness.spoke(now);
  }

  /** The same, once everything that has been written so far is on disk (D1). */
  sendStored(session: Session, record: WireRecord, now: Milliseconds): void {
    const link = session.link;
    if (link === undefined) return;
    this.output.sendStored(link.id, record);
    link.liveness.spoke(now);
  }
}

/** An error that the broker itself says; `ran` and the rest as the catalogue has it unless given. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly ran?: Ran;
  /** Default: `queued`. */
  readonly stage?: Stage;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly details?: Readonly<Record<string, unknown>>;
}
