// A worker on real links: handlers outside, the pure machine inside.
//
// G1. Every start of the machine becomes one invocation, and its end one word back (invocation.ts N1).
// G2. Drain and close settle, whatever handlers do: who asks twice gets the same end.
// G3. A bug of ours ends the worker and is thrown as uncaught: a worker that cannot be trusted must be restarted, not linger.

import {
  openCaller,
  RETRY_BUDGET,
  CALLER_LIMITS,
  type Asker,
  type CallerSession,
  type Submitter,
} from '@majordomo/caller';
import {
  CALL_DEFAULTS,
  MajordomoError,
  requestIdText,
  WIRE_LIMITS,
  type Bytes,
  type Chance,
  type Milliseconds,
} from '@majordomo/protocol';
import { callOut, Driver, runApart, type Clock, type Port } from '@majordomo/runtime';
import type { RequestContext } from './context.js';
import type { BrokerEvent, WorkerEvent, WorkerInput } from './core/events.js';
import { WORKER_LIMITS } from './core/limits.js';
import type { Run } from './core/state.js';
import type { Worker } from './core/worker.js';
import type { MethodPlan, ServicePlan } from './describe.js';
import type { FailedWith } from './errors.js';
import { Invocation, type InvocationDesk } from './invocation.js';
import type { HandlerCall, StuckHandler, WorkerNews } from './news.js';
import { resolveDrainTimeout, type ResolvedServeOptions } from './serve-options.js';
import { errorsOnly, WorkerLog } from './worker-log.js';

/** How long a leaving worker tries to get its last words out, in ms. */
const LINGER_MS = 500;

/** How a worker left. */
export interface Leaving {
  /** Handlers that were still at work and were told to stop; their requests are handed out again elsewhere. */
  readonly unfinished: number;
}

/** What there is to see of a worker now. Counters only grow. */
export interface WorkerStatus {
  readonly name: string;
  /** `draining` takes nothing new; `left` is over. */
  readonly phase: 'serving' | 'draining' | 'left';
  readonly brokers: readonly { readonly endpoint: string; readonly connected: boolean }[];
  /** Handlers at work. */
  readonly running: number;
  /** Requests that wait here for a handler's end. */
  readonly waiting: number;
  /** Handlers that ended: with a value, otherwise. */
  readonly succeeded: number;
  readonly failed: number;
  /** Handlers that were told to stop and have not ended; each keeps its slot. The first 100 of them, the longest stuck first, by name. */
  readonly stuck: number;
  readonly stuckHandlers: readonly StuckHandler[];
  /** Requests handed out to this worker again that it was running already or had just finished; they were not run again. */
  readonly duplicates: number;
}

/** A worker that serves. */
export interface WorkerHandle {
  readonly name: string;
  status(): WorkerStatus;
  /**
   * Takes nothing new, finishes what it has, waits until brokers have taken every reply, and leaves. After `timeoutMs` (default:
   * `drainTimeoutMs`) it leaves anyway. May be called again, with less time too. Never rejects but for a bad option.
   */
  drain(options?: { readonly timeoutMs?: number | undefined }): Promise<Leaving>;
  /** Tells all handlers to stop and leaves at once. May be called again, also after drain. Never rejects. */
  close(): Promise<Leaving>;
  /** Drains. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SessionParts {
  readonly machine: Worker;
  readonly port: Port;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly plans: readonly ServicePlan[];
  readonly options: ResolvedServeOptions;
  readonly software: string;
}

interface Waiter<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class WorkerSession implements WorkerHandle, InvocationDesk {
  readonly #parts: SessionParts;
  readonly chance: Chance;
  readonly #methods: readonly (readonly MethodPlan[])[];
  readonly #driver: Driver<WorkerInput, WorkerEvent>;
  readonly #opened = waiter<void>();
  readonly #left = waiter<Leaving>();
  readonly #connected = new Set<string>();
  readonly #log: WorkerLog;
  #caller: CallerSession | undefined;
  #isLeaving = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#log = new WorkerLog(parts.options.logger, () => parts.clock.now());
    this.chance = parts.chance;
    this.#methods = parts.plans.map((plan) => plan.methods);
    this.#driver = new Driver({
      machine: parts.machine,
      port: parts.port,
      clock: parts.clock,
      bytesMax: parts.options.messageBytesMax + WIRE_LIMITS.batchOverheadBytes,
      onEvent: (event) => this.#take(event),
      onBug: (error) => this.#broken(error),
    });
  }

  /** Connects. Settles with the first broker that welcomes us; rejects with NO_BROKER after `connectTimeoutMs`. Once. */
  open(): Promise<void> {
    const { connectTimeoutMs } = this.#parts.options;
    this.#driver.start();
    this.#driver.input({ kind: 'open', timeoutMs: connectTimeoutMs === 0 ? Infinity : connectTimeoutMs });
    return this.#opened.promise;
  }

  get name(): string {
    return this.#parts.options.name;
  }

  status(): WorkerStatus {
    const { machine, options } = this.#parts;
    const { phase, running, waiting, stuck } = machine.facts();
    const { succeeded, failed, duplicates } = machine.counters;
    const brokers = options.brokers.map((endpoint) => ({ endpoint, connected: this.#connected.has(endpoint) }));
    return {
      name: this.name,
      phase: this.#isLeaving ? 'left' : phase,
      brokers,
      running,
      waiting,
      stuck: stuck.size,
      stuckHandlers: Array.from(stuck)
        .slice(0, WORKER_LIMITS.stuckNamedMax)
        .map((run) => this.#stuckHandler(run)),
      succeeded,
      failed,
      duplicates,
    };
  }

  async drain(options: { readonly timeoutMs?: number | undefined } = {}): Promise<Leaving> {
    const timeoutMs = resolveDrainTimeout(options, this.#parts.options.drainTimeoutMs);
    this.#driver.input({ kind: 'drain', timeoutMs });
    return this.#left.promise;
  }

  close(): Promise<Leaving> {
    this.#driver.input({ kind: 'close' });
    return this.#left.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  now(): Milliseconds {
    return this.#parts.clock.now();
  }

  succeeded(run: Run, headers: Bytes, body: Bytes): void {
    this.#driver.input({ kind: 'succeeded', run, headers, body });
  }

  failed(run: Run, { failure, body }: FailedWith): void {
    this.#driver.input({ kind: 'failed', run, failure, body });
  }

  yielded(run: Run, body: Bytes): void {
    this.#driver.input({ kind: 'yielded', run, body });
  }

  progress(run: Run, body: Bytes): void {
    this.#driver.input({ kind: 'progressed', run, body });
  }

  threw(run: Run, error: unknown): void {
    const { onEvent, logger } = this.#parts.options;
    if (onEvent === undefined && logger === undefined) return;
    this.#report({ kind: 'handler.failed', ...callOf(run), error });
  }

  scope(context: RequestContext, deadlineAt: Milliseconds): Asker & Submitter {
    this.#caller ??= this.#openCaller();
    return this.#caller.scoped({ deadline: deadlineAt, headers: context.headers, signal: context.signal });
  }

  #take(event: WorkerEvent): void {
    switch (event.kind) {
      case 'start':
        return this.#start(event.run);
      case 'abort':
        event.run.knowsStop = true;
        return (event.run.invocation as Invocation | undefined)?.stop(event.reason);
      case 'resume':
        return (event.run.invocation as Invocation | undefined)?.resume();
      case 'left':
        return this.#leave(event.unfinished);
      case 'unreached':
        return this.#opened.reject(event.error);
      case 'stuck':
        return this.#report({ kind: 'handler.stuck', ...this.#stuckHandler(event.run) });
      case 'unstuck':
        return this.#report({ kind: 'handler.unstuck', ...this.#stuckHandler(event.run) });
      default:
        return this.#observe(event);
    }
  }

  /** G1. */
  #start(run: Run): void {
    const plan = this.#methods[run.service.number]?.[run.methodNumber];
    if (plan === undefined) throw new Error(`no method ${run.methodNumber} of service ${run.service.number}`);
    const invocation = new Invocation(run, plan, this);
    run.invocation = invocation;
    runApart(startInvocation, invocation);
  }

  #stuckHandler(run: Run): StuckHandler {
    const { clock } = this.#parts;
    const runningMs = Math.round(clock.now() - run.startedAt);
    const startedAt = Math.round(clock.date() - runningMs);
    return { ...callOf(run), startedAt, runningMs, reason: run.aborted ?? 'cancelled' };
  }

  /** To the log and to the observer, whose exceptions are logged and disturb nothing. */
  #report(news: WorkerNews): void {
    this.#log.write(news);
    const { onEvent } = this.#parts.options;
    if (onEvent === undefined) return;
    callOut(
      () => onEvent(news),
      (error) => this.#log.callbackFailed('onEvent', error),
    );
  }

  #observe(event: BrokerEvent): void {
    if (event.kind === 'broker.connected') this.#connected.add(event.endpoint);
    else if (event.kind === 'broker.serving') this.#opened.resolve();
    else if (event.kind === 'broker.lost') this.#connected.delete(event.endpoint);
    this.#report(event);
  }

  /** G2. */
  #leave(unfinished: number): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#connected.clear();
    void Promise.all([this.#driver.stop(LINGER_MS), this.#caller?.close()]).then(() => {
      this.#opened.reject(new MajordomoError('CLOSED', 'the worker was closed before a broker answered'));
      this.#left.resolve({ unfinished });
      this.#report({ kind: 'worker.left', unfinished });
    });
  }

  /** G3. */
  #broken(cause: unknown): void {
    const bug = new MajordomoError('INTERNAL', 'the worker has stopped because of a bug in Majordomo', { cause });
    this.#opened.reject(bug);
    this.#leave(this.#parts.machine.facts().running);
    queueMicrotask(() => {
      throw bug;
    });
  }

  /** The side on which handlers call others: opened by the first that does, for all of them. */
  #openCaller(): CallerSession {
    const { options, clock, software } = this.#parts;
    const caller = openCaller({
      brokers: options.brokers,
      identity: options.name,
      software,
      heartbeatMs: options.heartbeatMs,
      silenceMaxMs: options.silenceMaxMs,
      zmtpHeartbeatMs: options.zmtpHeartbeatMs,
      messageBytesMax: options.messageBytesMax,
      deadlineMs: CALL_DEFAULTS.deadlineMs,
      inFlightMax: CALLER_LIMITS.inFlightMax,
      retryBudget: RETRY_BUDGET,
      logger: errorsOnly(options.logger),
      clock,
    });
    void caller.open(0);
    return caller;
  }
}

/** Apart, so that no handler sees what another one put into an AsyncLocalStorage. */
function startInvocation(invocation: Invocation): void {
  invocation.start();
}

function callOf({ service, method, instance, request, attempt }: Run): HandlerCall {
  const requestId = requestIdText(instance, request);
  return { service: service.offer.name, method: method.name, requestId, attempt };
}

/** A promise and its ends. Nobody need be waiting when it rejects. */
function waiter<T>(): Waiter<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
