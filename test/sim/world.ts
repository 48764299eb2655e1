// One world from one seed: a storm in which clients ask and misfortunes strike, then a calm in which everything must settle.
//
// S1. Safety: what is promised holds after every step of the storm and of the calm.
// S2. Liveness: once misfortunes have stopped everything ends within bounded time, services answer again, and nothing is left over.
// S3. The same seed makes the same world, step by step: the trace has the same hash.

import { FakeClock, FakeNetwork } from '@majordomo/runtime/fake';
import { Dice } from '../fuzz/dice.js';
import { Calm } from './calm.js';
import { History, type Operation, type Outcome, type Run } from './history.js';
import { Misfortunes } from './misfortunes.js';
import { latenessOf, planOf, TIMES, type Plan } from './plan.js';
import { grained } from './process-clock.js';
import { SimBroker } from './sim-broker.js';
import { SimClient } from './sim-client.js';
import type { SimProcess } from './sim-process.js';
import { SimWorker } from './sim-worker.js';
import { Tickets, type Handed } from './tickets.js';
import { Trace } from './trace.js';
import { User } from './user.js';
import type { Town } from './town.js';
import type { Variant } from './variants/variant.js';

/** How a world ended. */
export interface Verdict {
  readonly seed: number;
  /** What was found; undefined when everything held. */
  readonly problem: string | undefined;
  readonly hash: number;
  readonly steps: number;
  readonly asked: number;
  readonly runs: number;
  /** The last lines, or all of them. */
  readonly trace: readonly string[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly variant?: Variant | undefined;
  /** Keep every line and what each message says. */
  readonly isTraced?: boolean;
}

export class World implements Town {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork({ clock: this.clock });
  readonly trace: Trace;
  readonly plan: Plan;
  readonly variant: Variant | undefined;
  readonly faultDice: Dice;
  readonly history: History;
  readonly tickets: Tickets;
  readonly brokers: SimBroker[] = [];
  readonly workers: SimWorker[] = [];
  readonly clients: SimClient[] = [];
  readonly #seed: number;
  readonly #processDice: Dice;
  readonly #handed = new Map<Operation, Handed>();
  isStormy = true;
  steps = 0;
  #problem: string | undefined;

  constructor({ seed, variant, isTraced = false }: WorldOptions) {
    this.#seed = seed;
    this.variant = variant;
    this.trace = new Trace(isTraced, () => this.clock.now());
    const dice = new Dice(seed * 7 + 1);
    const plan = planOf(dice);
    this.plan = variant?.plan?.(plan) ?? plan;
    this.faultDice = new Dice(seed * 7 + 2);
    this.#processDice = new Dice(seed * 7 + 3);
    const fail = (problem: string): void => this.fail(problem);
    this.history = new History({
      now: () => this.clock.now(),
      fail,
      keysHold: () => this.#keysHold(),
      awayMaxMs: () => (this.brokers.some((broker) => broker.hasDrained) ? 0 : TIMES.clientAwayMaxMs),
      latenessMs: latenessOf(this.plan),
    });
    this.tickets = new Tickets(() => this.brokers, fail);
    this.#people();
  }

  #people(): void {
    const { brokers, workers, clients } = this.plan;
    for (let i = 1; i <= brokers; i++) this.brokers.push(new SimBroker(this, `b${i}`, i));
    for (let i = 1; i <= workers; i++) this.workers.push(new SimWorker(this, `w${i}`, 20 + i));
    for (let i = 1; i <= clients; i++) this.clients.push(new SimClient(this, `c${i}`, 40 + i));
  }

  get processes(): readonly SimProcess[] {
    return [...this.brokers, ...this.workers, ...this.clients];
  }
  get endpoints(): string[] {
    return this.brokers.map((broker) => broker.endpoint);
  }
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Chance for processes, from 0 to 1. */
  chance(): number {
    return this.#processDice.below(1_000) / 1_000;
  }

  note(text: string): void {
    this.trace.note(text);
  }

  /** The first problem counts; what follows from it does not. */
  fail(problem: string, error?: unknown): void {
    if (this.#problem !== undefined) return;
    const stack = error instanceof Error ? `\n${error.stack ?? ''}` : '';
    this.#problem = problem + stack;
    this.note(`FAILED ${problem}`);
  }

  later(ms: number, act: () => void): void {
    this.clock.setTimer(grained(ms), act);
  }

  /** Lives through storm and calm. */
  async run(): Promise<Verdict> {
    const undo = this.variant?.patch?.();
    try {
      return await this.#live();
    } finally {
      undo?.();
    }
  }

  async #live(): Promise<Verdict> {
    for (const process of this.processes) process.start();
    for (const [i, client] of this.clients.entries())
      new User(this, client, new Dice(this.#seed * 7 + 4 + i * 1_000_003)).begin();
    new Misfortunes(this, this.faultDice).begin();
    await this.pass(this.plan.faultMs);
    this.isStormy = false;
    this.note('the storm is over');
    if (this.#problem === undefined) await new Calm(this).run();
    const { hash, lines } = this.trace;
    const { operations, runs } = this.history;
    const counts = { steps: this.steps, asked: operations.length, runs: runs.length };
    return { seed: this.#seed, problem: this.#problem, hash, ...counts, trace: lines };
  }

  /** Time passes, and promises get their turn between two instants; until something is found, or `until` is true. */
  async pass(ms: number, until: () => boolean = () => false): Promise<boolean> {
    const { clock } = this;
    const end = clock.now() + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#problem !== undefined || until()) return true;
      const next = clock.nextAt();
      if (next > end) break;
      this.#advance(next - clock.now());
    }
    this.#advance(end - clock.now());
    return false;
  }

  #advance(ms: number): void {
    try {
      this.clock.advance(ms);
    } catch (error) {
      this.fail(`S2: ${String(error)}`, error);
    }
  }

  /** A client was told that its request is kept under this ticket. */
  given(ticket: string, operation: Operation): void {
    this.tickets.given(ticket, operation);
  }

  askResult(client: SimClient, handed: Handed, timeoutMs: number, cancelAfterMs = Infinity): Operation {
    const { task, method, key, lane } = handed.operation;
    const asked = {
      kind: 'result',
      client: client.name,
      method,
      task,
      key,
      lane,
      deadlineMs: timeoutMs,
      runAt: 0,
    } as const;
    const operation = this.history.asked(asked);
    this.#handed.set(operation, handed);
    client.result(operation, handed.ticket, cancelAfterMs);
    return operation;
  }

  /** A client was told how an operation ended. */
  heard(operation: Operation, outcome: Outcome): void {
    const handed = this.#handed.get(operation);
    if (handed !== undefined && !operation.isCut) this.tickets.heard(handed, outcome);
  }

  /** A run begins: is it its turn, if it has one? */
  checkTurn(requestId: string, run: Run): void {
    const [instance = '', number = ''] = requestId.split('-');
    const broker = this.brokers.find((each) => each.disk.id === Number.parseInt(instance, 16));
    const problem = broker?.rules.checkTurn(Number(number));
    if (problem !== undefined) this.fail(`H7: run ${run.number} of ${run.work}: ${problem}`);
  }

  /** One broker that has not been started again: it knows every key. */
  #keysHold(): boolean {
    return this.brokers.length === 1 && this.brokers[0]?.starts === 1;
  }
}
