// A client of the world, and its user: the real session, of which things are asked, and whose every promise goes into the history.

import { CALLER_LIMITS, openCaller, RETRY_BUDGET, type CallerSession } from '@majordomo/caller';
import { isMajordomoError, WIRE_LIMITS } from '@majordomo/protocol';
import { FakeDealerPort } from '@majordomo/runtime/fake';
import { valuesOf } from './bench.js';
import type { Operation, Outcome, Value } from './history.js';
import { TIMES } from './plan.js';
import { SimProcess } from './sim-process.js';
import { TappedPort } from './tapped-port.js';

/** What a user may say beside the task. */
export interface SubmitWishes {
  readonly priority: number;
  readonly expiresMs: number | undefined;
}

export class SimClient extends SimProcess {
  session: CallerSession | undefined;
  #port: FakeDealerPort | undefined;
  #open = new Set<Operation>();

  protected open(): void {
    const { world } = this;
    const port = new FakeDealerPort(world.network);
    this.#port = port;
    this.#open = new Set();
    this.session = openCaller({
      brokers: world.endpoints,
      identity: this.name,
      software: 'simulation',
      heartbeatMs: TIMES.heartbeatMs,
      silenceMaxMs: TIMES.silenceMaxMs,
      messageBytesMax: WIRE_LIMITS.messageBytesMax,
      deadlineMs: TIMES.deadlineMaxMs,
      inFlightMax: CALLER_LIMITS.inFlightMax,
      retryBudget: RETRY_BUDGET,
      clock: this.clock,
      port: new TappedPort(port, this),
      instance: this.instance,
      seed: this.instance,
    });
    void this.session.open(0);
  }

  protected drop(): void {
    void this.#port?.shutdown(0);
    for (const operation of this.#open) operation.isCut = true;
    this.session = undefined;
  }

  /** Whoever is stopped cannot keep its times. */
  protected override heldUp(): void {
    for (const operation of this.#open) operation.isHeldUp = true;
  }

  call(operation: Operation, cancelAfterMs: number): void {
    const { task, method, key, deadlineMs } = operation;
    const idempotencyKey = key === '' ? undefined : key;
    const signal = cancelAfterMs === Infinity ? undefined : this.#cancelLater(operation, cancelAfterMs);
    this.#follow(operation, this.#session().call(`bench.${method}`, task, { deadlineMs, idempotencyKey, signal }));
  }

  /** @returns settles with the ticket, or with nothing when there is none. */
  async submit(operation: Operation, { priority, expiresMs }: SubmitWishes): Promise<string | undefined> {
    const { task, method, key, deadlineMs, lane, runAt } = operation;
    const asked = this.#session().submit(`bench.${method}`, task, {
      deadlineMs,
      priority,
      expiresMs,
      idempotencyKey: key === '' ? undefined : key,
      orderingKey: lane === '' ? undefined : lane,
      runAtMs: runAt === 0 ? undefined : runAt + this.world.clock.dateOffset,
    });
    const given = asked.then((ticket) => ticket.id);
    this.#follow(operation, given);
    return given.catch(() => undefined);
  }

  result(operation: Operation, ticket: string, cancelAfterMs: number): void {
    const signal = cancelAfterMs === Infinity ? undefined : this.#cancelLater(operation, cancelAfterMs);
    this.#follow(operation, this.#session().ticket(ticket).result({ timeoutMs: operation.deadlineMs, signal }));
  }

  cancelTicket(ticket: string): void {
    void this.#session()
      .ticket(ticket)
      .cancel()
      .catch(() => undefined);
  }

  stream(operation: Operation): void {
    this.#follow(operation, this.#readAll(operation));
  }

  /** Every value of a stream comes once and in its order, all of one run, and none is missing at the end. */
  async #readAll(operation: Operation): Promise<unknown> {
    const { task, deadlineMs, method } = operation;
    let next = 0;
    let run = 0;
    for await (const value of this.#session().stream<Value & { index: number }>(`bench.${method}`, task, {
      deadlineMs,
      window: 4 + (operation.number % 2) * 28,
    })) {
      if (value.work !== task.work) this.world.fail(`H2: ${task.work} got a value of ${value.work}`);
      if (value.index !== next) this.world.fail(`H5: ${task.work} got value ${value.index} of its stream for ${next}`);
      if (next > 0 && value.run !== run) this.world.fail(`H2: ${task.work} got values of two runs`);
      run = value.run;
      next += 1;
    }
    if (next !== valuesOf(task)) this.world.fail(`H5: the stream of ${task.work} ended after ${next} values`);
    return undefined;
  }

  #session(): CallerSession {
    if (this.session === undefined) throw new Error(`${this.name} is dead`);
    return this.session;
  }

  #cancelLater(operation: Operation, afterMs: number): AbortSignal {
    const controller = new AbortController();
    this.clock.setTimer(afterMs, () => {
      operation.isCancelled ||= operation.outcome === undefined;
      controller.abort(new Error('changed my mind'));
    });
    return controller.signal;
  }

  #follow(operation: Operation, promise: Promise<unknown>): void {
    const { world } = this;
    this.#open.add(operation);
    const end = (outcome: Outcome): void => {
      this.#open.delete(operation);
      if (!operation.isCut) world.note(`${this.name} hears of ${operation.task.work}: ${outcomeText(outcome)}`);
      world.history.ended(operation, outcome);
      world.heard(operation, outcome);
    };
    promise.then(
      (value) => end({ is: 'value', value }),
      (error: unknown) => end(errorOf(error)),
    );
  }
}

function errorOf(error: unknown): Outcome {
  if (isMajordomoError(error)) {
    const { code, ran, stage, message } = error;
    return { is: 'error', code, ran, stage, message };
  }
  return { is: 'error', code: 'INTERNAL', ran: 'unknown', stage: 'client', message: String(error) };
}

function outcomeText(outcome: Outcome): string {
  return outcome.is === 'value'
    ? JSON.stringify(outcome.value ?? null)
    : `${outcome.code} (ran: ${outcome.ran}) ${outcome.message}`;
}
