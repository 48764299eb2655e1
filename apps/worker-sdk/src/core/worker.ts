// The worker as a machine: brokers hand it requests, its shell runs them, and every lease gets its one last word.
//
// The hard case is the link that is lost while handlers are at work. They go on: the leases are void, the runs are not. Every broker
// that is left, and the lost one when it is back, is told what is held (HOLDS), and whoever is asked for it takes it up again (ATTACH).
//
// Rooms: intake.ts (how a run begins), slots.ts (when it starts), endings.ts (how it ends), streaming.ts (values on the way),
// leases.ts (one last word each), outcomes.ts (what is remembered), announcing.ts (what brokers are told), leaving.ts (drain and close).

import {
  Kind,
  unreached,
  type LinkInput,
  type LinkProblem,
  type Machine,
  type Milliseconds,
  type Timer,
  type WireRecord,
} from '@majordomo/protocol';
import { greet, mourn, settleCredit } from './announcing.js';
import { cancel, finish, flush, overrun, passDeadline } from './endings.js';
import type { WorkerEvent, WorkerInput } from './events.js';
import { attach, dispatch, openWindow } from './intake.js';
import { failed } from './leases.js';
import { drain, leave, leaveWhenDone } from './leaving.js';
import { Memory, type Phase, type WorkerSettings } from './memory.js';
import { Run, type Lease, type Side } from './state.js';
import { reportStuck, STUCK } from './stuck.js';

/** What there is to see of a worker at one moment. */
export interface WorkerFacts {
  readonly phase: Phase;
  /** Brokers that have welcomed us. */
  readonly connected: number;
  /** Handlers at work. */
  readonly running: number;
  /** Requests that wait here for a handler's end. */
  readonly waiting: number;
  /** Outcomes remembered. */
  readonly remembered: number;
  /** Runs whose handlers were told to stop and do not end, the longest stuck first. */
  readonly stuck: ReadonlySet<Run>;
}

export class Worker implements Machine<WorkerInput, WorkerEvent> {
  readonly #memory: Memory;
  readonly #fire: (timer: Timer<Run | undefined>) => void;
  #now: Milliseconds = 0;

  constructor(settings: WorkerSettings) {
    this.#memory = new Memory(settings);
    this.#fire = (timer): void => this.#due(timer);
  }

  get output(): Memory['output'] {
    return this.#memory.output;
  }
  get counters(): Readonly<Memory['counters']> {
    return this.#memory.counters;
  }

  facts(): WorkerFacts {
    const { phase, sides, services, outcomes, stuck } = this.#memory;
    let running = 0;
    let waiting = 0;
    for (const service of services) {
      running += service.running;
      waiting += service.waiting.length;
    }
    const connected = sides.filter((side) => side.link.isOpen).length;
    return { phase, connected, running, waiting, remembered: outcomes.size, stuck };
  }

  handle(input: WorkerInput | LinkInput, now: Milliseconds): void {
    const memory = this.#memory;
    if (memory.phase === 'left') return;
    this.#now = now;
    this.#take(input, now);
    if (memory.creditStale) settleCredit(memory, now);
    if (memory.phase === 'draining') leaveWhenDone(memory, now);
  }

  wakeAt(): Milliseconds {
    const memory = this.#memory;
    if (memory.phase === 'left') return Infinity;
    return Math.min(memory.links.wakeAt(), memory.timers.wakeAt(), memory.outcomes.wakeAt());
  }

  #take(input: WorkerInput | LinkInput, now: Milliseconds): void {
    const memory = this.#memory;
    switch (input.kind) {
      case 'records':
        return this.#records(input.link, input.records, now);
      case 'succeeded': {
        const { run, headers, body } = input;
        const { flow } = run;
        const count = flow === undefined ? 0 : flow.made;
        return finish(memory, run, { failure: undefined, end: flow !== undefined, count, headers, body }, now);
      }
      case 'failed':
        return finish(memory, input.run, failed(input.failure, input.body), now);
      case 'yielded':
        return this.#yielded(input.run, input.body, now);
      case 'progressed':
        return this.#progressed(input.run, input.body, now);
      case 'wake':
        return this.#wake(now);
      case 'link-lost':
        return this.#lost(input.link, input.problem?.reason ?? input.reason, now, input.problem);
      case 'fault':
        return this.#lost(input.link, `fault: ${input.fault}`, now);
      case 'open':
        if (input.timeoutMs < Infinity) memory.timers.set(memory.reachTimer, now + input.timeoutMs, now);
        return memory.links.start(now);
      case 'drain':
        return drain(memory, input.timeoutMs, now);
      case 'close':
        return leave(memory, now);
      default:
        return input satisfies never;
    }
  }

  #records(id: number, records: readonly WireRecord[], now: Milliseconds): void {
    const link = this.#memory.links.get(id);
    if (link === undefined) return;
    this.#memory.links.heard(link, now);
    const side = this.#memory.sideOf(link);
    for (let i = 0; i < records.length; i++) {
      this.#record(side, records[i] as WireRecord, now);
      // The link may have ended with this record; what came after it on the same one is void.
      if (link.id !== id || link.state === 'waiting') return;
    }
  }

  #record(side: Side, record: WireRecord, now: Milliseconds): void {
    const memory = this.#memory;
    if (!side.link.isOpen) return this.#aboutLink(side, record, now);
    switch (record.kind) {
      case Kind.dispatch:
        return dispatch(memory, side, record, now);
      case Kind.taken:
        return this.#taken(side, record.count);
      case Kind.attach:
        return attach(memory, side, record, now);
      case Kind.cancel: {
        const lease = this.#lease(side, record.ref);
        return lease === undefined ? undefined : cancel(memory, lease, record.reason, now);
      }
      case Kind.window: {
        const lease = this.#lease(side, record.ref);
        return lease === undefined ? undefined : openWindow(memory, lease, record, now);
      }
      case Kind.heartbeat:
        return undefined;
      default:
        return this.#aboutLink(side, record, now);
    }
  }

  /** A lease of this side; an unknown one is over, and the word about it late. */
  #lease(side: Side, ref: number): Lease | undefined {
    const lease = side.leases.get(ref);
    if (lease === undefined) this.#memory.counters.lateWords += 1;
    return lease;
  }

  #taken(side: Side, count: number): void {
    if (!side.isServing) {
      // The first TAKEN of a link answers our OFFER.
      side.isServing = true;
      this.#memory.output.tell({ kind: 'broker.serving', endpoint: side.link.endpoint });
    }
    for (let more = side.takes(count); more > 0; more--) {
      const run = side.take();
      if (run !== undefined) this.#memory.outcomes.settle(run);
    }
  }

  #aboutLink(side: Side, record: WireRecord, now: Milliseconds): void {
    const memory = this.#memory;
    const { link } = side;
    const news = memory.links.take(link, record, now);
    if (record.kind === Kind.goodbye) {
      const { code, reason } = record;
      memory.output.tell({ kind: 'broker.refused', endpoint: link.endpoint, code, reason });
    }
    if (news === 'opened') {
      this.#tellConnected(side);
      greet(memory, side, now);
    } else if (news === 'draining') memory.output.tell({ kind: 'broker.draining', endpoint: link.endpoint });
    else if (news === 'lost') this.#mourn(side, 'goodbye', now);
    else if (news === undefined && record.kind !== Kind.goodbye) memory.counters.lateWords += 1;
  }

  #tellConnected({ link: { endpoint, welcome } }: Side): void {
    this.#memory.timers.clear(this.#memory.reachTimer);
    const instance = welcome?.instance ?? 0;
    this.#memory.output.tell({ kind: 'broker.connected', endpoint, instance, software: welcome?.software ?? '' });
  }

  #lost(id: number, reason: string, now: Milliseconds, problem?: LinkProblem): void {
    const link = this.#memory.links.get(id);
    if (link === undefined) return;
    const news = this.#memory.links.lost(id, now, problem);
    if (news === 'lost') this.#mourn(this.#memory.sideOf(link), reason, now);
  }

  #mourn(side: Side, reason: string, now: Milliseconds): void {
    const { endpoint } = side.link;
    this.#memory.output.tell({ kind: 'broker.lost', endpoint, reason, held: side.leases.size });
    mourn(this.#memory, side, now);
  }

  #yielded(run: Run, body: Uint8Array, now: Milliseconds): void {
    if (run.state !== 'running' || run.flow === undefined) return;
    run.flow.add(body);
    flush(this.#memory, run, now);
  }

  #progressed(run: Run, body: Uint8Array, now: Milliseconds): void {
    if (run.state !== 'running') return;
    for (let lease = run.leases; lease !== undefined; lease = lease.next) {
      if (body.length > lease.side.bodyBytesMax) continue;
      this.#memory.send(lease.side, { kind: Kind.progress, ref: lease.number, body }, now);
    }
  }

  #wake(now: Milliseconds): void {
    const memory = this.#memory;
    for (const link of memory.links.wake(now)) this.#mourn(memory.sideOf(link), 'silent', now);
    memory.timers.expire(now, this.#fire);
    memory.outcomes.expire(now);
  }

  #due(timer: Timer<Run | undefined>): void {
    const memory = this.#memory;
    if (timer === memory.drainTimer) leave(memory, this.#now);
    else if (timer === memory.reachTimer)
      memory.output.tell({ kind: 'unreached', error: unreached(memory.links.all, 'no broker answers') });
    else if (timer instanceof Run) passDeadline(memory, timer, this.#now);
    else if (timer.owner === undefined) return;
    else if (timer.purpose === STUCK) reportStuck(memory, timer.owner);
    else overrun(memory, timer.owner, this.#now);
  }
}
