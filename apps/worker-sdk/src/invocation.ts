// One call of a handler: input in, value out, and whatever it throws an answer too.
//
// N1. The core is told the end of every invocation exactly once, and only when the handler has really ended.
// N2. Nothing that a handler throws, or a promise of it rejects with, gets out of here.
// N3. A handler that answers at once is done at once: no promise is made for it.

import {
  decodeBody,
  encodeBody,
  NO_BYTES,
  validateInput,
  type Bytes,
  type CancelReason,
  type InputIssue,
  type Validated,
} from '@majordomo/protocol';
import { LiveContext, type ContextDesk } from './context.js';
import type { Run } from './core/state.js';
import type { MethodPlan } from './describe.js';
import { failureOf, failureWith, invalidArgument, type FailedWith } from './errors.js';
import { isStream, isStreamable, StreamPull } from './stream-pull.js';

/** Where invocations take their end, and what handlers throw for observers. */
export interface InvocationDesk extends ContextDesk {
  succeeded(run: Run, body: Bytes): void;
  failed(run: Run, failed: FailedWith): void;
  yielded(run: Run, body: Bytes): void;
  /** A handler threw, and was not told to stop before. */
  threw(run: Run, error: unknown): void;
}

export class Invocation {
  readonly #run: Run;
  readonly #plan: MethodPlan;
  readonly #desk: InvocationDesk;
  readonly #context: LiveContext;
  #pull: StreamPull | undefined = undefined;
  #stopped = false;
  #ended = false;

  constructor(run: Run, plan: MethodPlan, desk: InvocationDesk) {
    this.#run = run;
    this.#plan = plan;
    this.#desk = desk;
    this.#context = new LiveContext(run, desk);
  }

  /** Decodes and checks the input and calls the handler. Once. */
  start(): void {
    let input: unknown;
    try {
      input = decodeBody(this.#run.body);
    } catch (error) {
      this.#fail(
        failureWith('UNDECODABLE', 'no', error instanceof Error ? error.message : 'the input is not MessagePack'),
      );
      return;
    }
    if (this.#plan.validation === undefined) this.#call(input);
    else this.#validate(this.#plan.validation, input);
  }

  /** Tells the handler to stop. Its end is awaited all the same. */
  stop(reason: CancelReason): void {
    this.#stopped = true;
    LiveContext.stop(this.#context, reason);
    this.#pull?.stop();
  }

  /** The window of the stream is open again. */
  resume(): void {
    this.#pull?.resume();
  }

  #validate(validation: NonNullable<MethodPlan['validation']>, input: unknown): void {
    try {
      const result = validateInput(validation, input);
      if (!(result instanceof Promise)) this.#validated(result);
      else {
        result.then(
          (settled) => this.#validated(settled),
          (error: unknown) => this.#threw(error, 'no'),
        );
      }
    } catch (error) {
      this.#threw(error, 'no');
    }
  }

  #validated(result: Validated<unknown>): void {
    const issues: readonly InputIssue[] | undefined = result.issues;
    if (issues === undefined) this.#call(result.value);
    else this.#fail(invalidArgument(`${this.#plan.service}.${this.#plan.name}`, issues));
  }

  #call(input: unknown): void {
    const plan = this.#plan;
    try {
      const result = plan.handler.call(plan.instance, input, this.#context);
      if (isThenable(result)) this.#await(result);
      else this.#returned(result); // N3
    } catch (error) {
      this.#threw(error, 'yes');
    }
  }

  /** N2: what goes wrong with the value is told like what goes wrong in the handler. */
  #await(result: PromiseLike<unknown>): void {
    const promise = result instanceof Promise ? (result as Promise<unknown>) : Promise.resolve(result);
    promise.then(
      (value) => {
        try {
          this.#returned(value);
        } catch (error) {
          this.#threw(error, 'yes');
        }
      },
      (error: unknown) => this.#threw(error, 'yes'),
    );
  }

  #returned(value: unknown): void {
    if (this.#plan.streams) this.#stream(value);
    else if (isStream(value)) this.#refuse('it returned a stream; mark the method with { streams: true }');
    else {
      const body = this.#encode(value);
      if (body !== undefined) this.#succeed(body);
    }
  }

  #stream(value: unknown): void {
    const flow = this.#run.flow;
    if (flow === undefined || !isStreamable(value)) {
      this.#refuse('the method is streamed and must return a generator or another AsyncIterable');
      return;
    }
    let refused: FailedWith | undefined;
    this.#pull = new StreamPull(value, {
      isOpen: () => flow.isOpen,
      value: (each) => {
        try {
          this.#desk.yielded(this.#run, encodeBody(each));
          return true;
        } catch (error) {
          this.#desk.threw(this.#run, error);
          refused = unsendable(error);
          return false;
        }
      },
      ended: () => this.#succeed(NO_BYTES),
      stopped: () => this.#fail(refused ?? failureWith('CANCELLED', 'yes', 'the stream was stopped')),
      threw: (error) => this.#threw(error, 'yes'),
    });
    if (this.#stopped) this.#pull.stop();
    else this.#pull.resume();
  }

  /** @returns undefined when the value cannot be sent; then that is the answer. */
  #encode(value: unknown): Bytes | undefined {
    try {
      return encodeBody(value);
    } catch (error) {
      this.#desk.threw(this.#run, error);
      this.#fail(unsendable(error));
      return undefined;
    }
  }

  /** What the handler returned is not what was announced. */
  #refuse(problem: string): void {
    const error = new TypeError(`${this.#plan.service}.${this.#plan.name}: ${problem}`);
    this.#desk.threw(this.#run, error);
    this.#fail(unsendable(error));
  }

  #succeed(body: Bytes): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.succeeded(this.#run, body);
  }

  #threw(error: unknown, ran: 'no' | 'yes'): void {
    if (!this.#stopped) this.#desk.threw(this.#run, error);
    this.#fail(failureOf(error, ran));
  }

  #fail(failed: FailedWith): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.failed(this.#run, failed);
  }
}

function unsendable(error: unknown): FailedWith {
  const why = error instanceof Error ? error.message : 'it cannot be encoded';
  return failureWith('REPLY_UNSENDABLE', 'yes', `the reply of the handler cannot be sent: ${why}`);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
