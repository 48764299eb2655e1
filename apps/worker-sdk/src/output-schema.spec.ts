// What leaves a worker is what the output schema makes of it; what does not satisfy it stays.

import { Chance, decodeBody, decodeErrorBody, NO_BYTES, type StandardSchema } from '@majordomo/protocol';
import { Flow } from './core/flow.js';
import { Run, ServiceState } from './core/state.js';
import type { Handler } from './describe.js';
import { Invocation, type InvocationDesk } from './invocation.js';
import { retryPolicy } from './retry-policy.js';

type Judge = StandardSchema['~standard']['validate'];
const schemaOf = (validate: Judge): StandardSchema => ({ '~standard': { version: 1, vendor: 'spec', validate } });

/** Takes { n: number } and leaves out whatever else there is. */
const judge: Judge = (value) => {
  const { n } = value as { n: unknown };
  return typeof n === 'number'
    ? { value: { n } }
    : { issues: [{ message: `expected a number and not ${String(n)}`, path: ['n'] }] };
};
const SCHEMAS: [string, StandardSchema][] = [
  ['at once', schemaOf(judge)],
  ['later', schemaOf((value) => Promise.resolve().then(() => judge(value)))],
];

interface Heard {
  readonly said: unknown[];
  readonly thrown: unknown[];
  readonly invocation: Invocation;
}

function run(handler: () => unknown, output: StandardSchema, window?: number): Heard {
  const streams = window !== undefined;
  const method = { name: 'go', atMostOnce: false, streams, executionTimeoutMs: 0, maxAttempts: 0 };
  const said: unknown[] = [];
  const thrown: unknown[] = [];
  const desk: InvocationDesk = {
    name: 'w',
    chance: new Chance(1),
    now: () => 0,
    scope: () => {
      throw new Error('no calls');
    },
    progress: () => undefined,
    succeeded: (_run, _headers, body) => said.push(streams ? 'end' : decodeBody(body)),
    yielded: (_run, body) => said.push(decodeBody(body)),
    failed: (_run, { failure, body }) => said.push({ code: failure.code, ran: failure.ran, ...decodeErrorBody(body) }),
    threw: (_run, error) => thrown.push(error),
  };
  const of = new Run({
    service: new ServiceState(0, { name: 'lab', methods: [method], concurrency: 1 }),
    methodNumber: 0,
    method,
    instance: 1,
    request: 1,
    attempt: 1,
    deadlineAt: 1_000,
    flow: window === undefined ? undefined : new Flow(window),
    headers: NO_BYTES,
    body: NO_BYTES,
  });
  const validation = { kind: 'method', input: undefined, output } as const;
  const plan = { service: 'lab', name: 'go', streams, instance: {}, handler: handler as Handler, validation };
  const invocation = new Invocation(of, { ...plan, retry: retryPolicy(undefined), codec: 'msgpack' }, desk);
  invocation.start();
  return { said, thrown, invocation };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const REFUSAL = {
  code: 'REPLY_UNSENDABLE',
  ran: 'yes',
  message: 'the result of lab.go does not satisfy its output schema at n',
  details: { issues: [{ path: ['n'] }] },
};

describe.each(SCHEMAS)('an output schema that answers %s', (_when, output) => {
  test('decides what leaves', async () => {
    const { said } = run(() => Promise.resolve({ n: 1, secret: 'password' }), output);
    await settled();
    expect(said).toEqual([{ n: 1 }]);
  });

  test('keeps back a value that does not satisfy it: the caller hears where, the observer why', async () => {
    const { said, thrown } = run(() => ({ n: 'password', secret: 'password' }), output);
    await settled();
    expect(said).toEqual([REFUSAL]);
    expect(JSON.stringify(said)).not.toContain('password');
    expect(String(thrown[0])).toContain('n: expected a number and not password');
  });

  test('decides on each value of a stream, in their order', async () => {
    const values = function* (): Generator<unknown> {
      for (let n = 0; n < 3; n++) yield { n, secret: 'password' };
    };
    const { said } = run(values, output, 10);
    await settled();
    expect(said).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, 'end']);
  });

  test('ends a stream at the first value that does not satisfy it, and the generator is returned', async () => {
    let isReturned = false;
    const values = function* (): Generator<unknown> {
      try {
        yield { n: 0 };
        yield { n: 'password' };
        yield { n: 2 };
      } finally {
        isReturned = true;
      }
    };
    const { said } = run(values, output, 10);
    await settled();
    expect([said, isReturned]).toEqual([[{ n: 0 }, REFUSAL], true]);
  });
});

test('a schema that throws, or whose promise rejects, is a failure of the handler', async () => {
  const broken: Judge[] = [
    () => {
      throw new Error('schema bug');
    },
    () => Promise.reject(new Error('schema bug')),
  ];
  for (const validate of broken) {
    const { said } = run(() => 1, schemaOf(validate));
    await settled();
    expect(said).toEqual([expect.objectContaining({ code: 'HANDLER_FAILED', ran: 'yes', message: 'schema bug' })]);
  }
});

test('a value that is judged when the stream has been stopped is not sent', async () => {
  let answer: (result: { value: unknown }) => void = () => undefined;
  const output = schemaOf(() => new Promise((resolve) => (answer = resolve)));
  const values = function* (): Generator<unknown> {
    yield 1;
  };
  const { said, invocation } = run(values, output, 10);
  await settled();
  invocation.stop('cancelled');
  await settled();
  answer({ value: 1 });
  await settled();
  expect(said).toEqual([expect.objectContaining({ code: 'CANCELLED' })]);
});
