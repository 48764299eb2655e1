// What the demo counts: a fault that happened must show.

import { Tally } from './tally.js';

const SETTLED = { requests: 3, settled: 3 };

function answered(...calls: readonly number[]): Tally {
  const tally = new Tally(3);
  for (const call of calls) tally.tellAnswer(call, call);
  return tally;
}

test('when every call has its one answer, nothing is lost or answered twice', () => {
  expect(answered(0, 1, 2).summary(['0\n2\n', '1\n'], SETTLED)).toEqual({
    calls: 3,
    answered: 3,
    lost: 0,
    answeredTwice: 0,
    held: 0,
    redelivered: 0,
    runTwice: 0,
    redeliveryMs: null,
    error: null,
  });
});

test('a call without an answer is lost', () => {
  const tally = answered(0, 2);
  tally.tellError(new Error('no answer'));
  expect(tally.summary([], SETTLED)).toMatchObject({ answered: 2, lost: 1, error: 'no answer' });
});

test('the answer to another call is no answer', () => {
  const tally = answered(0, 1);
  tally.tellAnswer(2, 1);
  expect(tally.summary([], SETTLED)).toMatchObject({ answered: 2, lost: 1, answeredTwice: 1 });
});

test('a second answer is seen, at the caller or at the broker', () => {
  expect(answered(0, 1, 2, 2).summary([], SETTLED)).toMatchObject({ answered: 3, lost: 0, answeredTwice: 1 });
  expect(answered(0, 1, 2).summary([], { requests: 3, settled: 4 })).toMatchObject({ answeredTwice: 1 });
});

test('an order that two workers have begun was run twice', () => {
  expect(answered(0, 1, 2).summary(['0\n1\n', '1\n2\n'], SETTLED)).toMatchObject({ runTwice: 1 });
});

test('the time to redelivery counts from the kill', () => {
  const tally = answered(0, 1, 2);
  tally.tellKill(1_000);
  expect(tally.tellLost(3, 1_002.34)).toEqual({ held: 3, afterMs: 2.3 });
  for (const at of [1_003, 1_004.26, 1_009]) tally.tellRedelivered(at);
  expect(tally.summary([], SETTLED)).toMatchObject({ held: 3, redelivered: 3, redeliveryMs: { median: 4.3, max: 9 } });
});
