// Which call failed, and where in the application it was made.

import { encodeBody, encodeErrorBody, Kind, MajordomoError, type WireRecord } from '@majordomo/protocol';
import { CALLER_LIMITS, RETRY_BUDGET } from './core/limits.js';
import { openCaller } from './open.js';
import { PlayedBroker, value } from './played-broker.js';
import type { CallerSession } from './session.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const failure = {
  kind: Kind.error,
  code: 'HANDLER_FAILED',
  ran: 'yes',
  stage: 'running',
  retry: false,
  retryAfterMs: 0,
  body: encodeErrorBody({ message: 'no', details: { name: 'Error', handledBy: { worker: 'w1', attempt: 3 } } }),
} as const;

/** A session whose every request fails. */
async function failing(): Promise<{ endpoint: string; session: CallerSession }> {
  const broker = await PlayedBroker.open((record): readonly WireRecord[] => {
    if (record.kind === Kind.submit) return [{ ...failure, ref: record.ref }];
    if (record.kind !== Kind.request) return [];
    return record.window > 0
      ? [
          { kind: Kind.partial, ref: record.ref, index: 0, isFrameList: false, body: encodeBody(1) },
          { ...failure, ref: record.ref },
        ]
      : [{ ...failure, ref: record.ref }];
  });
  const session = openCaller({
    brokers: [broker.endpoint],
    identity: 'spec',
    software: 'spec',
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1_000_000,
    deadlineMs: 10_000,
    inFlightMax: CALLER_LIMITS.inFlightMax,
    retryBudget: RETRY_BUDGET,
    instance: 0xabc,
  });
  open.push(broker, session);
  await session.open(5_000);
  return { endpoint: broker.endpoint, session };
}

async function failureOf(ask: () => Promise<unknown>): Promise<MajordomoError> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof MajordomoError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('an error says which call failed: address, id, broker, worker and attempt', async () => {
  const { endpoint, session } = await failing();
  const error = await failureOf(() => session.call('orders.create', 1));
  const request = { address: 'orders.create', id: '00000000000abc-1', broker: endpoint, worker: 'w1', attempt: 3 };
  expect(error.request).toEqual(request);
  // That it came from there is said once.
  expect(error.details).toEqual({ name: 'Error' });
  expect(error.toJSON()).toMatchObject({ code: 'HANDLER_FAILED', message: 'no', request });
});

test('what never became a request says its address', async () => {
  const { session } = await failing();
  const isSymbol = await failureOf(() => session.call('orders.create', Symbol('s')));
  expect(isSymbol).toMatchObject({ code: 'UNENCODABLE', request: { address: 'orders.create' } });
  const wrong = await failureOf(() => session.submit('orders.create', 1, { priority: -1 }));
  expect(wrong).toMatchObject({ code: 'INVALID_OPTION', request: { address: 'orders.create' } });
});

test('a question about a ticket says which', async () => {
  const { session } = await failing();
  const ticket = session.ticket('00000000000001-7');
  const asking = failureOf(() => ticket.result({ timeoutMs: 30 }));
  expect(await asking).toMatchObject({ request: { address: 'majordomo.ticketResult', ticket: '00000000000001-7' } });
});

test('the stack of an error leads to the code that called', async () => {
  const { session } = await failing();
  async function placesAnOrder(): Promise<unknown> {
    return await session.call('orders.create', 1);
  }
  async function submitsAnOrder(): Promise<unknown> {
    return await session.submit('orders.create', 1);
  }
  async function watchesOrders(): Promise<void> {
    for await (const each of session.stream('orders.watch')) expect(each).toBe(1);
  }
  async function waitsForOrder(): Promise<unknown> {
    return await session.ticket('00000000000001-7').result({ timeoutMs: 20 });
  }
  for (const ask of [placesAnOrder, submitsAnOrder, watchesOrders, waitsForOrder]) {
    const { stack = '', message } = await failureOf(ask);
    expect(stack.startsWith(`MajordomoError: ${message}\n`)).toBe(true);
    expect(stack).toMatch(new RegExp(`at (async )?(${ask.name}|stream) .*call-site\\.spec`));
  }
});

test('a broker may say nothing of workers, or nonsense', async () => {
  const broker = await PlayedBroker.open((record) => {
    if (record.kind !== Kind.request) return [];
    const details = { handledBy: record.ref === 1 ? 'w' : { worker: 5, attempt: 'x' } };
    const body = encodeErrorBody({ message: 'no', details });
    return [record.ref < 3 ? { ...failure, ref: record.ref, body } : value(record, 'fine')];
  });
  open.push(broker);
  const session = openCaller({
    brokers: [broker.endpoint],
    identity: 'spec',
    software: 'spec',
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1_000_000,
    deadlineMs: 10_000,
    inFlightMax: CALLER_LIMITS.inFlightMax,
    retryBudget: RETRY_BUDGET,
  });
  open.push(session);
  await session.open(5_000);
  for (let i = 0; i < 2; i++)
    expect(Object.keys((await failureOf(() => session.call('a.b'))).request ?? {})).toEqual([
      'address',
      'id',
      'broker',
    ]);
  await expect(session.call('a.b')).resolves.toBe('fine');
});
