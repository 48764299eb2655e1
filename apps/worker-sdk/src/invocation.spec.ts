// Handlers and what they are given: called once, ended once, and nothing they do gets out.

import {
  Chance,
  decodeBody,
  decodeErrorBody,
  encodeBody,
  NO_BYTES,
  type CancelReason,
  type MethodContract,
  type StandardSchema,
} from '@majordomo/protocol';
import { isStopError, type RequestContext } from './context.js';
import { Flow } from './core/flow.js';
import { Run, ServiceState } from './core/state.js';
import type { Handler } from './describe.js';
import type { FailedWith } from './errors.js';
import { Invocation, type InvocationDesk } from './invocation.js';
import { retryPolicy, type RetryOptions } from './retry-policy.js';

interface Case {
  readonly input?: unknown;
  readonly body?: Uint8Array;
  readonly headers?: unknown;
  readonly window?: number;
  readonly schema?: StandardSchema;
  readonly retry?: RetryOptions;
}

/** One request for a handler, and everything that was said about it. */
class Trial implements InvocationDesk {
  readonly name = 'w';
  readonly chance = new Chance(1);
  readonly said: unknown[] = [];
  readonly thrown: unknown[] = [];
  readonly run: Run;
  readonly invocation: Invocation;

  constructor(handler: (input: never, context: RequestContext) => unknown, given: Case = {}) {
    const streams = given.window !== undefined;
    const method = { name: 'go', atMostOnce: false, streams, executionTimeoutMs: 0, maxAttempts: 0 };
    this.run = new Run({
      service: new ServiceState(0, { name: 'lab', methods: [method], concurrency: 1 }),
      methodNumber: 0,
      method,
      instance: 0xabc,
      request: 7,
      attempt: 2,
      deadlineAt: 1_500,
      flow: given.window === undefined ? undefined : new Flow(given.window),
      headers: given.headers === undefined ? NO_BYTES : encodeBody(given.headers),
      body: given.body ?? encodeBody(given.input),
    });
    const validation: MethodContract | undefined =
      given.schema === undefined ? undefined : { kind: 'method', input: given.schema, output: undefined };
    const retry = retryPolicy(given.retry);
    const plan = {
      service: 'lab',
      name: 'go',
      streams,
      instance: this,
      handler: handler as Handler,
      validation,
      retry,
      codec: 'msgpack' as const,
    };
    this.invocation = new Invocation(this.run, plan, this);
    this.invocation.start();
  }

  now(): number {
    return 1_000;
  }
  succeeded(_run: Run, _headers: Uint8Array, body: Uint8Array): void {
    this.said.push({ value: decodeBody(body) });
  }
  failed(_run: Run, { failure, body }: FailedWith): void {
    const { message, details } = decodeErrorBody(body);
    const again = failure.retry ? { retryAfterMs: failure.retryAfterMs } : {};
    const { code, ran } = failure;
    this.said.push({ code, ran, message, ...(details === undefined ? {} : { details }), ...again });
  }
  yielded(run: Run, body: Uint8Array): void {
    run.flow?.add(body);
    this.said.push(decodeBody(body));
  }
  progress(_run: Run, body: Uint8Array): void {
    this.said.push({ progress: decodeBody(body) });
  }
  threw(_run: Run, error: unknown): void {
    this.thrown.push(error);
  }
  scope(context: RequestContext, deadlineAt: number): never {
    throw new Error(`calls of ${context.requestId} until ${deadlineAt}`);
  }

  /** After everything that is not waiting for anything. */
  async end(): Promise<unknown[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.said;
  }
}

/** Every failure says who failed. */
const handledBy = { worker: 'w', attempt: 2 };

const NUMBER: StandardSchema<number> = {
  '~standard': {
    version: 1,
    vendor: 'spec',
    validate: (value) => (typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'not a number' }] }),
  },
};
const SLOW_NUMBER: StandardSchema<number> = {
  '~standard': { ...NUMBER['~standard'], validate: (value) => Promise.resolve(NUMBER['~standard'].validate(value)) },
};
const BROKEN: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'spec',
    validate: () => {
      throw new Error('schema bug');
    },
  },
};

describe('a handler', () => {
  it('that answers at once is done at once', () => {
    expect(new Trial((x: number) => x + 1, { input: 1 }).said).toEqual([{ value: 2 }]);
  });

  it('may answer with a promise, with anything that can be waited for, and with nothing', async () => {
    expect(await new Trial(async () => Promise.resolve('later')).end()).toEqual([{ value: 'later' }]);
    // oxlint-disable-next-line unicorn/no-thenable -- this is what is tried
    const thenable = { then: (resolve: (value: string) => void) => resolve('odd') };
    expect(await new Trial(() => thenable).end()).toEqual([{ value: 'odd' }]);
    expect(new Trial(() => undefined).said).toEqual([{ value: undefined }]);
  });

  it('has its instance as this', () => {
    const trial: Trial = new Trial(function go(this: unknown) {
      return this instanceof Trial;
    });
    expect(trial.said).toEqual([{ value: true }]);
  });

  it.each([
    ['throws', () => raise()],
    ['rejects', () => Promise.reject(new Error('raised'))],
    [
      'throws later',
      async () => {
        await Promise.resolve();
        raise();
      },
    ],
  ])('that %s is answered with its error, and told to the observer', async (_, handler) => {
    const trial = new Trial(handler);
    const details = { name: 'Error', message: 'raised', handledBy };
    expect(await trial.end()).toEqual([{ code: 'HANDLER_FAILED', ran: 'yes', message: 'raised', details }]);
    expect(trial.thrown).toEqual([expect.objectContaining({ message: 'raised' })]);
  });

  it('that is to be tried again says when: drawn by the policy of its method, for this attempt', async () => {
    const details = { name: 'Error', message: 'raised', handledBy };
    const failed = { code: 'HANDLER_FAILED', ran: 'yes', message: 'raised', details };
    const retry = { baseMs: 1_000 };
    // The second attempt, and the first number that the chance of the trial draws.
    const retryAfterMs = Math.round(new Chance(1).next() * 2_000);
    expect(await new Trial(() => raise(), { retry }).end()).toEqual([{ ...failed, retryAfterMs }]);
    expect(await new Trial(() => raise(), { retry: { ...retry, retryOn: () => false } }).end()).toEqual([failed]);
  });

  it('that was told to stop does not ask to be tried again', async () => {
    const trial = new Trial(
      async (_: unknown, ctx: RequestContext) => {
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
        raise();
      },
      { retry: {} },
    );
    trial.invocation.stop('cancelled');
    expect(await trial.end()).toEqual([expect.not.objectContaining({ retryAfterMs: expect.anything() })]);
  });

  it('whose value cannot be sent is answered REPLY_UNSENDABLE', async () => {
    const said = await new Trial(() => () => 1).end();
    expect(said).toEqual([expect.objectContaining({ code: 'REPLY_UNSENDABLE', ran: 'yes' })]);
  });

  it('that returns a stream without saying so is told what to do', async () => {
    const trial = new Trial(() => [1].values());
    expect(await trial.end()).toEqual([expect.objectContaining({ code: 'REPLY_UNSENDABLE' })]);
    expect(String(trial.thrown[0])).toContain('streams: true');
  });

  it('is not called for an input that nobody can read', () => {
    const trial = new Trial(() => raise(), { body: Uint8Array.of(0x92, 0x01) });
    expect(trial.said).toEqual([expect.objectContaining({ code: 'UNDECODABLE', ran: 'no' })]);
    expect(trial.thrown).toEqual([]);
  });
});

describe('a value with a member that cannot be sent', () => {
  const unsendable = (path: string): unknown =>
    expect.objectContaining({ code: 'REPLY_UNSENDABLE', ran: 'yes', details: { path, handledBy } });

  it.each([
    ['a result', { list: [{ f: () => 1 }] }, '.list[0].f'],
    ['a Map whose key is an object', { m: new Map([[{}, 1]]) }, '.m.keys()[0]'],
    ['a string with half of a surrogate pair', ['ok', 'a\ud83d'], '[1]'],
  ])('%s is answered with the path of the member', async (_what, value, path) => {
    expect(await new Trial(() => value).end()).toEqual([unsendable(path)]);
  });

  it('ends a stream with the path in that value', async () => {
    async function* values(): AsyncGenerator<unknown> {
      yield { ok: new Float64Array([1.5]) };
      yield { when: new Date(NaN) };
    }
    const trial = new Trial(values, { window: 4 });
    expect(await trial.end()).toEqual([{ ok: Float64Array.of(1.5) }, unsendable('.when')]);
  });

  it('makes progress throw in the handler', () => {
    const trial = new Trial((_: unknown, context: RequestContext) => context.progress({ done: [Symbol('s')] }));
    expect(trial.said).toEqual([expect.objectContaining({ code: 'HANDLER_FAILED' })]);
    expect(trial.said[0]).toMatchObject({ details: { code: 'UNENCODABLE', data: { path: '.done[0]' } } });
  });
});

describe('a schema', () => {
  it.each([
    ['at once', NUMBER],
    ['later', SLOW_NUMBER],
  ])('that answers %s gives the handler what it makes of the input', async (_, schema) => {
    expect(await new Trial((x: number) => x, { input: 2, schema }).end()).toEqual([{ value: 4 }]);
  });

  it('that is not satisfied ends the request with its issues, and the handler is not called', async () => {
    const trial = new Trial(() => raise(), { input: 'x', schema: SLOW_NUMBER });
    const details = { issues: [{ message: 'not a number', path: [] }], handledBy };
    const message = 'the input of lab.go is not valid: not a number';
    expect(await trial.end()).toEqual([{ code: 'INVALID_ARGUMENT', ran: 'no', message, details }]);
  });

  it('that throws is a failure before the handler ran', () => {
    const trial = new Trial(() => raise(), { input: 'x', schema: BROKEN, retry: {} });
    const details = { name: 'Error', message: 'schema bug', handledBy };
    expect(trial.said).toEqual([{ code: 'HANDLER_FAILED', ran: 'no', message: 'schema bug', details }]);
  });
});

describe('the context', () => {
  function contextOf(given: Case = {}): { trial: Trial; context: RequestContext } {
    let context: RequestContext | undefined;
    const trial = new Trial((_: unknown, ctx: RequestContext) => {
      context = ctx;
      return new Promise(() => undefined);
    }, given);
    if (context === undefined) throw new Error('the handler was not called');
    return { trial, context };
  }

  it('says which request it is, how often it was tried, and how long it is worth having', () => {
    const { context } = contextOf();
    expect(context).toMatchObject({ requestId: '00000000000abc-7', service: 'lab', method: 'go', attempt: 2 });
    expect(context.remainingMs()).toBe(500);
    expect(Math.abs(context.deadline - Date.now() - 500)).toBeLessThan(50);
  });

  it('has the headers, and an empty map when there are none or nobody can read them', () => {
    expect(contextOf({ headers: { traceparent: 'x' } }).context.headers).toEqual({ traceparent: 'x' });
    expect(contextOf({ headers: [1] }).context.headers).toEqual({});
    expect(contextOf().context.headers).toEqual({});
  });

  it('keeps them when the run has let go of its message', () => {
    const { trial, context } = contextOf({ headers: { a: 1 } });
    trial.run.letGo();
    expect(context.headers).toEqual({ a: 1 });
  });

  it.each<[CancelReason, string]>([
    ['cancelled', 'CANCELLED'],
    ['deadline', 'DEADLINE_EXCEEDED'],
    ['execution-timeout', 'EXECUTION_TIMEOUT'],
    ['drain', 'CANCELLED'],
  ])('aborts its signal with the reason: %s', (reason, code) => {
    const { trial, context } = contextOf();
    const { signal } = context;
    trial.invocation.stop(reason);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code, reason });
    expect(isStopError(signal.reason)).toBe(true);
  });

  it('gives an aborted signal to a handler that looks only afterwards', () => {
    const { trial, context } = contextOf();
    trial.invocation.stop('lease-lost');
    expect(context.signal.reason).toMatchObject({ reason: 'lease-lost' });
  });

  it('tells progress, and opens calls in the scope of the request', () => {
    const { trial, context } = contextOf();
    context.progress({ done: 1 });
    expect(trial.said).toEqual([{ progress: { done: 1 } }]);
    expect(() => context.client).toThrow('calls of 00000000000abc-7 until 1500');
  });
});

describe('a stopped handler', () => {
  it('ends when it ends, and what it throws then is not reported as its failure', async () => {
    let fail: (error: Error) => void = () => undefined;
    const trial = new Trial(() => new Promise((_, reject) => (fail = reject)));
    trial.invocation.stop('cancelled');
    expect(await trial.end()).toEqual([]);
    fail(new Error('stopped'));
    expect(await trial.end()).toHaveLength(1);
    expect(trial.thrown).toEqual([]);
  });
});

describe('a streamed handler', () => {
  async function* count(to: number, log: string[] = []): AsyncGenerator<number> {
    try {
      for (let i = 0; i < to; i++) yield await Promise.resolve(i);
    } finally {
      log.push('finally');
    }
  }

  it('is pulled as far as the window goes, and on when it opens', async () => {
    const trial = new Trial(() => count(3), { window: 2 });
    expect(await trial.end()).toEqual([0, 1]);
    trial.run.flow?.allow(5);
    trial.invocation.resume();
    expect(await trial.end()).toEqual([0, 1, 2, { value: undefined }]);
  });

  it('runs its finally blocks when it is stopped, and then ends once', async () => {
    const log: string[] = [];
    const trial = new Trial(() => count(9, log), { window: 2 });
    await trial.end();
    trial.invocation.stop('cancelled');
    trial.invocation.resume();
    expect(await trial.end()).toEqual([0, 1, expect.objectContaining({ code: 'CANCELLED' })]);
    expect(log).toEqual(['finally']);
  });

  it('may be asynchronous before it streams; stopped meanwhile, it never begins', async () => {
    let pass: (values: AsyncIterable<number>) => void = () => undefined;
    const trial = new Trial(() => new Promise((resolve) => (pass = resolve)), { window: 2 });
    trial.invocation.stop('deadline');
    pass(count(3));
    expect(await trial.end()).toEqual([expect.objectContaining({ code: 'CANCELLED' })]);
  });

  it('fails after its values', async () => {
    const trial = new Trial(
      async function* broken() {
        yield await Promise.resolve(1);
        raise();
      },
      { window: 9 },
    );
    expect(await trial.end()).toEqual([1, expect.objectContaining({ code: 'HANDLER_FAILED', message: 'raised' })]);
  });

  it('with a value that cannot be sent is closed, and then answered', async () => {
    const log: string[] = [];
    const trial = new Trial(
      function* odd() {
        try {
          yield () => 1;
        } finally {
          log.push('finally');
        }
      },
      { window: 9 },
    );
    expect(await trial.end()).toEqual([expect.objectContaining({ code: 'REPLY_UNSENDABLE' })]);
    expect(log).toEqual(['finally']);
  });

  it('that returns no stream is answered REPLY_UNSENDABLE', () => {
    expect(new Trial(() => 5, { window: 2 }).said).toEqual([expect.objectContaining({ code: 'REPLY_UNSENDABLE' })]);
  });
});

function raise(): never {
  throw new Error('raised');
}
