// Which broker is asked next when the service has no worker at the one that was asked.

import type { ErrorCode } from '@majordomo/protocol';
import type { PendingRequest } from './pending-request.js';
import { error, final, Rig } from './rig.js';

/** The broker has no worker for the request, which waited in its queue at most. */
function absent(request: PendingRequest, code: ErrorCode, retryAfterMs = 0) {
  return error(request, { code, ran: 'no', stage: 'queued', retryAfterMs });
}

/** Who is asked, and what is said of the others. */
function asked(rig: Rig): string[] {
  return rig
    .asked()
    .map(({ broker, ageMs, otherBrokers }) => `${broker} ${otherBrokers}${ageMs === 0 ? '' : ' again'}`);
}

function outcomes(rig: Rig): unknown[] {
  return rig.events().filter(({ kind }) => kind === 'value' || kind === 'error');
}

test('a client of one broker waits there', () => {
  const rig = Rig.open(['a']);
  const request = rig.call();
  expect(asked(rig)).toEqual(['a none']);
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE', 2_000));
  expect(outcomes(rig)).toMatchObject([{ kind: 'error', error: { code: 'SERVICE_UNAVAILABLE', ran: 'no' } }]);
});

test.each<ErrorCode>(['SERVICE_UNAVAILABLE', 'NO_SUCH_SERVICE', 'NO_SUCH_METHOD'])(
  '%s at one broker: the other one is asked at once, as for the first time',
  (code) => {
    const rig = Rig.open(['a', 'b']);
    const request = rig.call();
    expect(asked(rig)).toEqual(['a unasked']);
    rig.from('a', absent(request, code));
    expect(asked(rig)).toEqual(['b asked']);
    rig.from('b', final(request));
    expect(outcomes(rig)).toMatchObject([{ kind: 'value' }]);
  },
);

test('what no broker has ever had is the error of the caller after each was asked once', () => {
  const rig = Rig.open(['a', 'b', 'c']);
  const request = rig.call();
  const brokers: string[] = [];
  for (let next = rig.asked()[0]; next !== undefined; next = rig.asked()[0]) {
    brokers.push(`${next.broker} ${next.otherBrokers}`);
    rig.from(next.broker, absent(request, 'NO_SUCH_SERVICE'));
  }
  expect([...brokers].map((text) => text.slice(0, 1)).sort()).toEqual(['a', 'b', 'c']);
  expect(brokers.map((text) => text.slice(2))).toEqual(['unasked', 'unasked', 'asked']);
  expect(outcomes(rig)).toMatchObject([{ kind: 'error', error: { code: 'NO_SUCH_SERVICE', ran: 'no' } }]);
});

test('a service that is away everywhere is waited for at the brokers in turn, until one of them has it', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call();
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE'));
  asked(rig);
  for (const [broker, next] of [
    ['b', 'a'],
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    rig.pass(2_000);
    rig.from(broker, absent(request, 'SERVICE_UNAVAILABLE'));
    expect(asked(rig)).toEqual([`${next} asked`]);
  }
  rig.from('a', final(request));
  expect(outcomes(rig)).toMatchObject([{ kind: 'value' }]);
});

test('it is not waited for where it is not awaited any more, and nowhere beyond the deadline', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call({ deadlineMs: 10_000 });
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE'));
  rig.pass(2_000);
  rig.from('b', absent(request, 'NO_SUCH_SERVICE'));
  rig.pass(2_000);
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE'));
  expect(asked(rig)).toEqual(['a unasked', 'b asked', 'a asked', 'a asked']);
  rig.pass(2_000);
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE', 2_000));
  expect(outcomes(rig)).toMatchObject([{ kind: 'error', error: { code: 'SERVICE_UNAVAILABLE', retryAfterMs: 2_000 } }]);

  const other = rig.call({ deadlineMs: 3_000 });
  for (const broker of ['a', 'b', 'a', 'b']) rig.from(broker, absent(other, 'SERVICE_UNAVAILABLE'));
  rig.pass(3_050);
  expect(outcomes(rig)).toMatchObject([{ kind: 'error', error: { code: 'DEADLINE_EXCEEDED' } }]);
});

test('a broker that lets nothing wait is not asked in a tight loop', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call();
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE'));
  rig.from('b', absent(request, 'SERVICE_UNAVAILABLE'));
  expect(asked(rig)).toEqual(['a unasked', 'b asked']);
  rig.pass(99);
  expect(asked(rig)).toEqual([]);
  rig.pass(1);
  expect(asked(rig)).toEqual(['a asked']);
});

test('a broker that comes back, or was started again, has not been asked', () => {
  const rig = Rig.open(['a', 'b']);
  rig.lose('b');
  const request = rig.call();
  expect(asked(rig)).toEqual(['a asked']);
  rig.pass(2_000);
  rig.welcome('b');
  rig.from('a', absent(request, 'SERVICE_UNAVAILABLE'));
  expect(asked(rig)).toEqual(['b asked']);
  rig.lose('a');
  rig.pass(2_000);
  rig.welcome('a', { instance: 99 });
  rig.from('b', absent(request, 'SERVICE_UNAVAILABLE'));
  expect(asked(rig)).toEqual(['a asked']);
});

test('what a lost broker may be at work on waits for it, when the others do not know its service', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call();
  rig.lose('a');
  expect(asked(rig)).toEqual(['a unasked', 'b asked again']);
  rig.from('b', absent(request, 'NO_SUCH_SERVICE'));
  expect(outcomes(rig)).toEqual([]);
  rig.pass(2_000);
  rig.welcome('a');
  expect(asked(rig)).toEqual(['a asked again']);
});

test('an idempotency key is asked of its own broker alone', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call({ idempotencyKey: 'order-1' });
  const [broker = ''] = rig.asked().map((each) => each.broker);
  rig.from(broker, absent(request, 'SERVICE_UNAVAILABLE', 2_000));
  expect(asked(rig)).toEqual([]);
  expect(outcomes(rig)).toMatchObject([{ kind: 'error', error: { code: 'SERVICE_UNAVAILABLE' } }]);
});

test('what a draining broker lets go of is asked elsewhere, also when it may have run before', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call();
  rig.lose('a');
  expect(asked(rig)).toEqual(['a unasked', 'b asked again']);
  rig.from('b', error(request, { code: 'DRAINING', ran: 'unknown', stage: 'queued' }));
  expect(outcomes(rig)).toEqual([]);
  rig.pass(2_000);
  rig.welcome('a');
  expect(asked(rig)).toEqual(['a asked again']);
});
