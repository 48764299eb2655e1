// What leaves a worker is what the output schema makes of it; what does not satisfy it stays.

import {
  Chance,
  contract,
  decodeBody,
  decodeErrorBody,
  method,
  NO_BYTES,
  stream,
  type Contract,
  type StandardSchema,
} from '@majordomo/protocol';
import { Method, Service } from './decorators.js';
import { Flow } from './core/flow.js';
import { Run, ServiceState } from './core/state.js';
import { describeServices, type MethodPlan } from './describe.js';
import { Invocation, type InvocationDesk } from './invocation.js';

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

/** Where the schema is given. */
type Source = 'contract' | 'method';

function planOf(handler: () => unknown, output: StandardSchema, streams: boolean, source: Source): MethodPlan {
  class Lab {
    go(): unknown {
      return handler();
    }
  }
  const isMethods = source === 'method';
  const descriptor = Object.getOwnPropertyDescriptor(Lab.prototype, 'go') as TypedPropertyDescriptor<() => unknown>;
  Method(isMethods ? { output, streams } : {})(Lab.prototype, 'go', descriptor);
  const schemas = { output };
  if (isMethods) Service('lab')(Lab);
  else Service(contract('lab', { go: streams ? stream(schemas) : method(schemas) }) as Contract)(Lab as never);
  const plan = describeServices([new Lab()], 1)[0]?.methods[0];
  if (plan === undefined) throw new Error('nothing is offered');
  return plan;
}

function run(handler: () => unknown, output: StandardSchema, window?: number, source: Source = 'contract'): Heard {
  const streams = window !== undefined;
  const offered = { name: 'go', atMostOnce: false, streams, executionTimeoutMs: 0, maxAttempts: 0 };
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
    service: new ServiceState(0, { name: 'lab', methods: [offered], concurrency: 1 }),
    methodNumber: 0,
    method: offered,
    instance: 1,
    request: 1,
    attempt: 1,
    deadlineAt: 1_000,
    flow: window === undefined ? undefined : new Flow(window),
    headers: NO_BYTES,
    body: NO_BYTES,
  });
  const invocation = new Invocation(of, planOf(handler, output, streams, source), desk);
  invocation.start();
  return { said, thrown, invocation };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const REFUSAL = {
  code: 'REPLY_UNSENDABLE',
  ran: 'yes',
  message: 'the result of lab.go does not satisfy its output schema at n',
  details: { issues: [{ path: ['n'] }], handledBy: { worker: 'w', attempt: 1 } },
};

const PLACES = (['contract', 'method'] as const).flatMap((source) =>
  SCHEMAS.map(([when, output]) => [source, when, output] as const),
);

describe.each(PLACES)('an output schema of a %s that answers %s', (source, _when, output) => {
  test('decides what leaves', async () => {
    const { said } = run(() => Promise.resolve({ n: 1, secret: 'password' }), output, undefined, source);
    await settled();
    expect(said).toEqual([{ n: 1 }]);
  });

  test('keeps back a value that does not satisfy it: the caller hears where, the observer why', async () => {
    const { said, thrown } = run(() => ({ n: 'password', secret: 'password' }), output, undefined, source);
    await settled();
    expect(said).toEqual([REFUSAL]);
    expect(JSON.stringify(said)).not.toContain('password');
    expect(String(thrown[0])).toContain('n: expected a number and not password');
  });

  test('decides on each value of a stream, in their order', async () => {
    const values = function* (): Generator<unknown> {
      for (let n = 0; n < 3; n++) yield { n, secret: 'password' };
    };
    const { said } = run(values, output, 10, source);
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
    const { said } = run(values, output, 10, source);
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

test.each([undefined, null, 'TOKEN', 7])(
  'a schema that returns %p is a failure of the handler, whose message does not show it',
  async (returned) => {
    for (const answer of [returned, Promise.resolve(returned)]) {
      const { said } = run(() => 1, schemaOf((() => answer) as never));
      await settled();
      expect(said).toEqual([expect.objectContaining({ code: 'HANDLER_FAILED', ran: 'yes' })]);
      expect(said[0]).toMatchObject({
        message: expect.stringMatching(
          /^the schema returned (undefined|null|a string|a number), not a result with value or issues$/,
        ),
      });
    }
  },
);

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
