// One call of a handler: input in, value out, and whatever it throws an answer too.
//
// N1. The core is told the end of every invocation exactly once, and only when the handler has really ended.
// N2. Nothing that a handler throws, or a promise of it rejects with, gets out of here.
// N3. A handler that answers at once is done at once: no promise is made for it.
// N4. Plain Majordomo clients are read and answered in the codec of the service; natives in MessagePack, whatever it says.
// N5. What leaves is what the output schema of the method makes of a value; a value that does not satisfy it stays here.

import { framesSaid, readBody, writeBody, writeFrame, type Codec } from '@majordomo/caller';
import {
  decodeBody,
  encodeBody,
  NO_BYTES,
  readThrown,
  validateInput,
  validateOutput,
  type Bytes,
  type CancelReason,
  type Chance,
  type InputIssue,
  type Validated,
} from '@majordomo/protocol';
import { LiveContext, type ContextDesk } from './context.js';
import type { Run } from './core/state.js';
import type { MethodPlan } from './describe.js';
import {
  failureOf,
  failureWith,
  invalidArgument,
  invalidResult,
  unsendable,
  type FailedWith,
  type HandledBy,
} from './errors.js';
import { retryAfterMs } from './retry-policy.js';
import { isStream, isStreamable, StreamPull } from './stream-pull.js';

/** Where invocations take their end, and what handlers throw for observers. */
export interface InvocationDesk extends ContextDesk {
  /** What this worker is called. */
  readonly name: string;
  /** For the pauses before further attempts. */
  readonly chance: Chance;
  succeeded(run: Run, headers: Bytes, body: Bytes): void;
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
  /** N4; undefined for a native client. */
  readonly #codec: Codec | undefined;
  #pull: StreamPull | undefined = undefined;
  #stopped = false;
  #ended = false;

  constructor(run: Run, plan: MethodPlan, desk: InvocationDesk) {
    this.#run = run;
    this.#plan = plan;
    this.#desk = desk;
    this.#context = new LiveContext(run, desk);
    this.#codec = typeof this.#context.headers['mdp'] === 'string' ? plan.codec : undefined;
  }

  /** Decodes and checks the input and calls the handler. Once. */
  start(): void {
    let input: unknown;
    try {
      input = this.#read(this.#run.body);
    } catch (error) {
      this.#fail(failureWith('UNDECODABLE', 'no', readThrown(error).message, { handledBy: this.#handledBy }));
      return;
    }
    if (this.#plan.validation === undefined) this.#call(input);
    else this.#validate(this.#plan.validation, input);
  }

  /** N4. */
  #read(body: Bytes): unknown {
    return this.#codec === undefined
      ? decodeBody(body)
      : readBody(this.#codec, framesSaid(this.#context.headers), body);
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
      if (isThenable(result)) this.#awaitValidation(result);
      else this.#validated(result);
    } catch (error) {
      this.#threw(error, 'no');
    }
  }

  #awaitValidation(result: PromiseLike<Validated<unknown>>): void {
    Promise.resolve(result).then(
      (settled) => {
        try {
          this.#validated(settled);
        } catch (error) {
          this.#threw(error, 'no');
        }
      },
      (error: unknown) => this.#threw(error, 'no'),
    );
  }

  #validated(result: Validated<unknown>): void {
    const issues: readonly InputIssue[] | undefined = result.issues;
    if (issues === undefined) this.#call(result.value);
    else this.#fail(invalidArgument(`${this.#plan.service}.${this.#plan.name}`, issues, this.#handledBy));
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
    else this.#answer(value);
  }

  #stream(value: unknown): void {
    const flow = this.#run.flow;
    if (flow === undefined || !isStreamable(value)) {
      this.#refuse('the method is streamed and must return a generator or another AsyncIterable');
      return;
    }
    let refused: FailedWith | undefined;
    const refuse = (failed: FailedWith): boolean => {
      refused = failed;
      return false;
    };
    this.#pull = new StreamPull(value, {
      isOpen: () => flow.isOpen,
      value: (each) => this.#checked(each, (checked) => this.#yield(checked), refuse),
      ended: () => this.#succeed(NO_BYTES, NO_BYTES),
      stopped: () =>
        this.#fail(
          refused ?? failureWith('CANCELLED', 'yes', 'the stream was stopped', { handledBy: this.#handledBy }),
        ),
      threw: (error) => this.#threw(error, 'yes'),
    });
    if (this.#stopped) this.#pull.stop();
    else this.#pull.resume();
  }

  /** @returns why it cannot be sent; undefined when it is on its way. */
  #yield(value: unknown): FailedWith | undefined {
    if (this.#stopped || this.#ended) return undefined;
    try {
      this.#desk.yielded(this.#run, this.#codec === undefined ? encodeBody(value) : writeFrame(this.#codec, value));
      return undefined;
    } catch (error) {
      this.#desk.threw(this.#run, error);
      return unsendable(error, this.#handledBy);
    }
  }

  /**
   * N5. Hands on what the output schema makes of a value.
   *
   * @returns what `refuse` returns for a value that is not sent, else true; a promise only where the schema is asynchronous.
   */
  #checked(
    value: unknown,
    send: (value: unknown) => FailedWith | undefined,
    refuse: (failed: FailedWith) => boolean,
  ): boolean | Promise<boolean> {
    const { validation } = this.#plan;
    const settle = (failed: FailedWith | undefined): boolean => failed === undefined || refuse(failed);
    if (validation?.output === undefined) return settle(send(value));
    const judge = (result: Validated<unknown>): boolean =>
      settle(result.issues === undefined ? send(result.value) : this.#invalidResult(result.issues));
    const broken = (error: unknown): boolean => {
      this.#desk.threw(this.#run, error);
      return refuse(failureOf(error, { handledBy: this.#handledBy }));
    };
    try {
      const result = validateOutput(validation, value);
      if (!isThenable(result)) return judge(result);
      return Promise.resolve(result).then(judge).catch(broken);
    } catch (error) {
      return broken(error);
    }
  }

  /** What the schema says of the value stays here: it may quote it. */
  #invalidResult(issues: readonly InputIssue[]): FailedWith {
    const address = `${this.#plan.service}.${this.#plan.name}`;
    const said = issues.map(({ message, path }) => `${path.join('.')}: ${message}`).join('; ');
    this.#desk.threw(this.#run, new TypeError(`the result of ${address} does not satisfy its output schema: ${said}`));
    return invalidResult(address, issues, this.#handledBy);
  }

  /** That a value cannot be sent is an answer too. */
  #answer(value: unknown): void {
    if (this.#plan.validation?.output === undefined) {
      const failed = this.#send(value);
      if (failed !== undefined) this.#fail(failed);
      return;
    }
    void this.#checked(
      value,
      (checked) => this.#send(checked),
      (failed) => this.#refused(failed),
    );
  }

  #refused(failed: FailedWith): boolean {
    this.#fail(failed);
    return false;
  }

  /** @returns why it cannot be sent; undefined when it is on its way. */
  #send(value: unknown): FailedWith | undefined {
    let headers = NO_BYTES;
    let body: Bytes;
    try {
      if (this.#codec === undefined) body = encodeBody(value);
      else {
        const written = writeBody(this.#codec, value); // N4
        body = written.body;
        if (written.frames > 1) headers = encodeBody({ frames: written.frames });
      }
    } catch (error) {
      this.#desk.threw(this.#run, error);
      return unsendable(error, this.#handledBy);
    }
    this.#succeed(headers, body);
    return undefined;
  }

  /** What the handler returned is not what was announced. */
  #refuse(problem: string): void {
    const error = new TypeError(`${this.#plan.service}.${this.#plan.name}: ${problem}`);
    this.#desk.threw(this.#run, error);
    this.#fail(unsendable(error, this.#handledBy));
  }

  #succeed(headers: Bytes, body: Bytes): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.succeeded(this.#run, headers, body);
  }

  #threw(error: unknown, ran: 'no' | 'yes'): void {
    if (!this.#stopped) this.#desk.threw(this.#run, error);
    const retryAfterMs = ran === 'no' ? undefined : this.#retryAfterMs(error);
    this.#fail(failureOf(error, { ran, retryAfterMs, handledBy: this.#handledBy }));
  }

  get #handledBy(): HandledBy {
    return { worker: this.#desk.name, attempt: this.#run.attempt };
  }

  /** Whoever was told to stop does not begin again. */
  #retryAfterMs(error: unknown): number | undefined {
    return this.#stopped ? undefined : retryAfterMs(error, this.#run.attempt, this.#plan.retry, this.#desk.chance);
  }

  #fail(failed: FailedWith): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.failed(this.#run, failed);
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
