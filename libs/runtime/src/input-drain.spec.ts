// How long a port may go on delivering before its driver judges timers.

import { FakeClock } from './fake/clock.js';
import { InputDrain } from './input-drain.js';

const LIMITS = { drainMaxMs: 5_000, drainQuietMs: 25 };

/** A clock of a process that does not run for a while when the test says so. */
class StallingClock extends FakeClock {
  stalledMs = 0;
  override now(): number {
    return super.now() + this.stalledMs;
  }
}

function setUp() {
  const clock = new StallingClock();
  const drain = new InputDrain(clock, LIMITS);
  const ends: number[] = [];
  const run = (lateMs: number): void => drain.run(lateMs, () => ends.push(clock.now()));
  /** Something is delivered every so many ms, from now on until then. */
  const deliver = (everyMs: number, untilMs: number): void => {
    for (let at = everyMs; at <= untilMs; at += everyMs) clock.setTimer(at, () => drain.delivered());
  };
  return { clock, drain, ends, run, deliver };
}

test('a timer that is on time waits for one end of turn', () => {
  const { clock, ends, run } = setUp();
  run(0);
  expect(ends).toEqual([]);
  clock.advance(0);
  expect(ends).toEqual([0]);
});

test('after a stall it is over when nothing has been delivered for a while', () => {
  const { clock, ends, run, deliver } = setUp();
  run(400);
  deliver(5, 100);
  clock.advance(1_000);
  expect(ends).toEqual([126]);
});

test('input without end holds up timers for as long as the stall took', () => {
  const { clock, ends, run, deliver } = setUp();
  run(400);
  deliver(1, 2_000);
  clock.advance(3_000);
  expect(ends).toEqual([400]);
});

test('and never for longer than the bound', () => {
  const { clock, ends, run, deliver } = setUp();
  run(60_000);
  deliver(1, 20_000);
  clock.advance(30_000);
  expect(ends).toEqual([5_000]);
});

test('a turn in which somebody computed does not count: input may have arrived behind its reading', () => {
  const { clock, drain, ends, run } = setUp();
  clock.endOfTurn(() => void (clock.stalledMs += 600));
  run(0);
  clock.endOfTurn(() => clock.endOfTurn(() => drain.delivered()));
  clock.advance(0);
  expect(ends).toEqual([]);
  clock.advance(100);
  expect(ends).toEqual([628]);
});

test('a process that computes in every turn has its timers judged all the same', () => {
  const { clock, ends, run } = setUp();
  const compute = (): void => {
    clock.stalledMs += 150;
    clock.setTimer(1, () => clock.endOfTurn(compute));
  };
  clock.endOfTurn(compute);
  run(0);
  clock.advance(100);
  expect(ends.length).toBe(1);
  expect(ends[0]).toBeLessThan(2_000);
});
