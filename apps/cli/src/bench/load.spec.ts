// Which calls a load begins, which of them count, and what their latency is, by a clock that the test moves.

import { MajordomoError } from '@majordomo/protocol';
import { Load, type Call, type LoadPlan } from './load.js';
import { Tally } from './tally.js';

const PLAN: LoadPlan = { inFlight: 2, warmUp: 0, duration: 1_000, requests: Infinity, rate: undefined };
const busy = new MajordomoError('BUSY', 'full', { retryAfterMs: 50, stage: 'queued' });
const failed = new MajordomoError('HANDLER_FAILED', 'no stock', { stage: 'running' });

function loadOf(plan: Partial<LoadPlan>): { readonly load: Load; readonly tally: Tally } {
  const tally = new Tally();
  return { tally, load: new Load({ ...PLAN, ...plan }, tally, 0) };
}

/** Everything that begins now. */
function takeAll(load: Load, now: number): Call[] {
  const calls: Call[] = [];
  for (let call = load.take(now); call !== undefined; call = load.take(now)) calls.push(call);
  return calls;
}

/** Plays a service that answers one call after the other, each so long after the last. @returns when it is over. */
function serve(load: Load, serviceMs: (answered: number) => number): number {
  const waiting: Call[] = [];
  let [now, freeAt, answered] = [0, Infinity, 0];
  while (!load.isOver) {
    waiting.push(...takeAll(load, now));
    if (load.isOver) break;
    if (freeAt === Infinity && waiting.length > 0) freeAt = now + serviceMs(answered);
    now = Math.max(now, Math.min(freeAt, load.wakeAt()));
    if (now < freeAt) continue;
    load.settle(waiting.shift() as Call, undefined, now);
    answered += 1;
    freeAt = waiting.length > 0 ? now + serviceMs(answered) : Infinity;
  }
  return now;
}

describe('a closed loop', () => {
  test('keeps its places taken, and begins a call when another has ended', () => {
    const { load, tally } = loadOf({});
    const [first] = takeAll(load, 0);
    expect([load.inFlight, takeAll(load, 5)]).toEqual([2, []]);
    load.settle(first as Call, undefined, 7);
    expect(takeAll(load, 8)).toEqual([{ dueAt: 8, counts: true }]);
    expect(tally.latencies.summary()?.max).toBe(7);
  });

  test('does not count the warm-up, but what it still has under way goes into the rate', () => {
    const { load, tally } = loadOf({ warmUp: 100, inFlight: 1 });
    const [warm] = takeAll(load, 0);
    load.settle(warm as Call, undefined, 120);
    const [first] = takeAll(load, 120);
    load.settle(first as Call, undefined, 130);
    expect([tally.answered, tally.passed, load.measuredMs(150)]).toEqual([1, 2, 50]);
    expect([warm?.counts, first?.counts, load.endAt]).toEqual([false, true, 1_100]);
  });

  test('begins nothing after the end, and waits for what is under way', () => {
    const { load, tally } = loadOf({});
    const [one, two] = takeAll(load, 0);
    load.settle(one as Call, undefined, 1_000);
    expect([takeAll(load, 1_000), load.isOver, load.wakeAt()]).toEqual([[], false, Infinity]);
    load.settle(two as Call, undefined, 4_000);
    expect([load.isOver, tally.answered, tally.passed, load.measuredMs(9_000)]).toEqual([true, 2, 1, 1_000]);
  });

  test('makes as many calls as it was told, and is over when the last has ended', () => {
    const { load, tally } = loadOf({ requests: 5, duration: Infinity });
    expect(serve(load, () => 10)).toBe(50);
    expect([tally.answered, tally.neverBegun, load.measuredMs(50)]).toEqual([5, 0, 50]);
  });

  test('counts errors by code, and keeps them out of the latencies', () => {
    const { load, tally } = loadOf({ inFlight: 3 });
    const [a, b, c] = takeAll(load, 0);
    load.settle(a as Call, failed, 5);
    load.settle(b as Call, undefined, 9);
    load.settle(c as Call, failed, 9);
    expect(tally.errors).toEqual([{ code: 'HANDLER_FAILED', count: 2, message: 'no stock' }]);
    expect([tally.failed, tally.answered, tally.latencies.summary()?.min]).toEqual([2, 1, 9]);
  });

  test('who is told to wait keeps its place for so long', () => {
    const { load } = loadOf({ inFlight: 1 });
    const [first] = takeAll(load, 0);
    load.settle(first as Call, busy, 10);
    expect([load.wakeAt(), takeAll(load, 59), takeAll(load, 60).length]).toEqual([60, [], 1]);
  });

  test('an error that nobody else has seen cannot fill a turn', () => {
    const { load } = loadOf({ inFlight: 1 });
    const [first] = takeAll(load, 0);
    load.settle(first as Call, new MajordomoError('BUSY', 'too many'), 0);
    expect([takeAll(load, 0), load.wakeAt(), takeAll(load, 1).length]).toEqual([[], 1, 1]);
  });
});

describe('an open loop', () => {
  test('begins calls when they are due, whatever became of those before', () => {
    const { load } = loadOf({ rate: 10, inFlight: 100 });
    const begun: number[] = [];
    for (let now = 0; load.wakeAt() < Infinity; now = load.wakeAt()) begun.push(takeAll(load, now).length);
    expect(begun.reduce((sum, count) => sum + count, 0)).toBe(10);
    expect([begun[0], load.inFlight, load.isOver]).toEqual([1, 10, false]);
  });

  test('charges a service that stalls with everybody who had to wait (no coordinated omission)', () => {
    const stall = (answered: number): number => (answered === 0 ? 500 : 1);
    const [closed, open] = [loadOf({ inFlight: 1 }), loadOf({ inFlight: 1, rate: 100 })];
    serve(closed.load, stall);
    serve(open.load, stall);
    // One place, one stall of half a second: the closed loop asked nothing meanwhile and saw one slow call.
    expect(closed.tally.latencies.summary()).toMatchObject({ p50: 1, p99: 1, max: 500 });
    // Of the 100 calls that were due, one in two met the stall: the first waited for 500 ms, the next for 491, for 482, and so on.
    const { p50 = 0, p90 = 0, max } = open.tally.latencies.summary() ?? {};
    expect([open.tally.answered, open.tally.neverBegun, max]).toEqual([100, 0, 500]);
    expect(p90).toBeGreaterThan(400);
    expect(p50).toBeGreaterThan(40);
  });

  test('counts calls that found all places taken when they were due, not those that a timer was late for', () => {
    const { load, tally } = loadOf({ inFlight: 1, rate: 10 });
    const [first] = takeAll(load, 30);
    load.settle(first as Call, undefined, 250);
    expect(tally.delayed).toBe(0);
    const [second] = takeAll(load, 250);
    expect([second?.dueAt, tally.delayed]).toEqual([100, 1]);
    load.settle(second as Call, undefined, 290);
    const [third] = takeAll(load, 290);
    load.settle(third as Call, undefined, 291);
    expect([tally.delayed, takeAll(load, 305), tally.delayed]).toEqual([2, [{ dueAt: 300, counts: true }], 2]);
  });

  test('says how many were due and never begun: none is left out', () => {
    const { load, tally } = loadOf({ inFlight: 1, rate: 100, warmUp: 100, duration: 200 });
    expect(serve(load, () => 45)).toBe(315);
    expect(tally.answered + tally.neverBegun).toBe(20);
    expect(tally.neverBegun).toBeGreaterThan(10);
  });

  test('what the warm-up could not begin is dropped: it is not measured, and takes no place of what is', () => {
    const { load, tally } = loadOf({ inFlight: 1, rate: 100, warmUp: 500 });
    const [slow] = takeAll(load, 0);
    load.settle(slow as Call, undefined, 510);
    expect(takeAll(load, 510)).toEqual([{ dueAt: 500, counts: true }]);
    expect([tally.delayed, tally.neverBegun]).toEqual([1, 0]);
  });

  test('arrivals do not wait because somebody was told to', () => {
    const { load } = loadOf({ rate: 100, inFlight: 1 });
    const [first] = takeAll(load, 0);
    load.settle(first as Call, busy, 1);
    expect(takeAll(load, 10)).toHaveLength(1);
  });
});

test('what is stopped is over at once, and what was under way stays unfinished', () => {
  const { load, tally } = loadOf({ rate: 100, inFlight: 3 });
  const [first] = takeAll(load, 45);
  load.stop(55);
  expect([load.isOver, load.unfinished, tally.neverBegun, load.measuredMs(999)]).toEqual([true, 3, 3, 55]);
  load.settle(first as Call, undefined, 60);
  expect([tally.answered, load.unfinished, takeAll(load, 60), load.wakeAt()]).toEqual([0, 3, [], Infinity]);
});
