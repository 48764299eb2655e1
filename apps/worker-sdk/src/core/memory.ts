// What the rooms of the worker's machine share: services, brokers, runs, timers, the output of the turn.

import { BrokerLinks, Output, Timer, TimerWheel } from '@majordomo/protocol';
import type { BrokerLink, Chance, Hello, Milliseconds, WireRecord } from '@majordomo/protocol';
import { Counters, type WorkerEvent } from './events.js';
import { Outcomes } from './outcomes.js';
import { RunTable } from './run-table.js';
import { ServiceState, Side, type Run, type ServiceOffer } from './state.js';

/** What the machine is made of. Checked by whoever gives it. */
export interface WorkerSettings {
  readonly endpoints: readonly string[];
  readonly hello: Hello;
  readonly chance: Chance;
  readonly services: readonly ServiceOffer[];
  /** A handler that has not ended this long after it was told to stop is reported. */
  readonly stuckAfterMs: Milliseconds;
}

/** serving, then draining, then left; never back. */
export type Phase = 'serving' | 'draining' | 'left';

export class Memory {
  readonly output = new Output<WorkerEvent>();
  readonly timers = new TimerWheel<Run | undefined>();
  readonly runs = new RunTable();
  readonly outcomes = new Outcomes({
    runs: this.runs,
    timers: this.timers,
    sides: () => this.sides,
    services: () => this.services,
  });
  readonly counters = new Counters();
  readonly links: BrokerLinks;
  readonly sides: readonly Side[];
  readonly services: readonly ServiceState[];
  readonly reachTimer = new Timer<Run | undefined>(undefined, 'reach');
  readonly drainTimer = new Timer<Run | undefined>(undefined, 'drain');
  /** Due when no broker can be expected to ask for a reply any more (leaving.ts D2). */
  readonly askTimer = new Timer<Run | undefined>(undefined, 'ask');
  readonly stuckAfterMs: Milliseconds;
  /** The name under which brokers and callers know this worker. */
  readonly identity: string;
  /** Runs whose handlers do not end (stuck.ts). */
  readonly stuck = new Set<Run>();
  /** Runs that are neither remembered nor gone. */
  inHand = 0;
  /** The number of handlers that no broker counts has changed. */
  creditStale = false;
  phase: Phase = 'serving';

  constructor(settings: WorkerSettings) {
    this.stuckAfterMs = settings.stuckAfterMs;
    this.identity = settings.hello.identity;
    this.links = new BrokerLinks(settings, this.output);
    this.sides = this.links.all.map((link) => new Side(link));
    this.services = settings.services.map((offer, number) => new ServiceState(number, offer));
  }

  sideOf(link: BrokerLink): Side {
    const sides = this.sides;
    for (let i = 0; i < sides.length; i++) if ((sides[i] as Side).link === link) return sides[i] as Side;
    throw new Error(`no broker at ${link.endpoint}`);
  }

  /** Sends where the link is open. */
  send(side: Side, record: WireRecord, now: Milliseconds): void {
    this.links.send(side.link, record, now);
  }
}
