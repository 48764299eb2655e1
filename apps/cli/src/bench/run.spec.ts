// A load that is played: asked when it says so, told how calls ended, and over when it is over. Time goes on when the test says so.

import { MajordomoError } from '@majordomo/protocol';
import type { Cancel, Clock } from '@majordomo/runtime';
import { Load, type LoadPlan } from './load.js';
import { Run } from './run.js';
import { SharpClock } from './sharp-clock.js';
import { Tally } from './tally.js';

/** Stands still but for `advance`. Its timers are late by as much as it is told. */
class HandClock implements Clock {
  #now = 0;
  readonly #lateMs: number;
  readonly #timers = new Set<{ readonly at: number; readonly fn: () => void }>();
  #turn: (() => void)[] = [];

  constructor(lateMs = 0) {
    this.#lateMs = lateMs;
  }

  get pending(): number {
    return this.#timers.size + this.#turn.length;
  }

  now(): number {
    return this.#now;
  }

  date(): number {
    return this.#now;
  }

  setTimer(dueInMs: number, fn: () => void): Cancel {
    const timer = { at: this.#now + dueInMs + this.#lateMs, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  endOfTurn(fn: () => void): void {
    this.#turn.push(fn);
  }

  /** In steps of a quarter of a millisecond; promises have their turn after each. */
  async advance(ms: number): Promise<void> {
    for (const until = this.#now + ms; this.#now < until; this.#now += 0.25) {
      const turn = this.#turn.splice(0);
      const due = [...this.#timers].filter(({ at }) => at <= this.#now);
      for (const timer of due) this.#timers.delete(timer);
      for (const fn of [...due.map((timer) => timer.fn), ...turn]) fn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const PLAN: LoadPlan = { inFlight: 2, warmUp: 0, duration: 10, requests: Infinity, rate: undefined };

function rig(plan: Partial<LoadPlan>, clock: Clock) {
  const tally = new Tally();
  const load = new Load({ ...PLAN, ...plan }, tally, clock.now());
  const asked: { readonly at: number; readonly answer: () => void; readonly fail: (error: unknown) => void }[] = [];
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => asked.push({ at: clock.now(), answer: resolve, fail: reject }));
  const run = new Run(load, clock, ask);
  let end: unknown;
  const play = (): void =>
    void run.play().then(
      () => (end = 'over'),
      (error: unknown) => (end = error),
    );
  return { tally, run, asked, play, end: () => end };
}

test('a call that has ended is replaced at once, and the run is over when the last has ended', async () => {
  const clock = new HandClock();
  const { tally, asked, play, end } = rig({}, clock);
  play();
  expect(asked).toHaveLength(2);
  asked[0]?.answer();
  asked[1]?.fail(new MajordomoError('HANDLER_FAILED', 'no', { stage: 'running' }));
  await clock.advance(11);
  expect([asked.length, end(), tally.answered, tally.failed]).toEqual([4, undefined, 1, 1]);
  for (const { answer } of asked) answer();
  await clock.advance(1);
  expect([end(), tally.answered, clock.pending]).toEqual(['over', 3, 0]);
});

test('in an open loop calls are asked by the clock, and a sharp one is not late', async () => {
  const at = async (clock: Clock, hand: HandClock): Promise<number[]> => {
    const { asked, play } = rig({ rate: 250, inFlight: 100, duration: 12 }, clock);
    play();
    await hand.advance(20);
    return asked.map((each) => each.at);
  };
  const [late, hand] = [new HandClock(1.5), new HandClock(1.5)];
  expect(await at(late, late)).toEqual([0, 5.5, 9.5]);
  expect(await at(new SharpClock(hand), hand)).toEqual([0, 4, 8]);
});

test('a sharp timer that was cancelled fires neither early nor late', async () => {
  const hand = new HandClock();
  const clock = new SharpClock(hand);
  let fired = 0;
  for (const dueInMs of [-1, 1, 5]) clock.setTimer(dueInMs, () => (fired += 1))();
  await hand.advance(10);
  expect([fired, hand.pending]).toEqual([0, 0]);
});

test('what is stopped is over at once and leaves no timer', async () => {
  const clock = new HandClock();
  const { tally, run, asked, play, end } = rig({ rate: 1_000 }, clock);
  play();
  await clock.advance(2);
  run.stop();
  await clock.advance(1);
  for (const { fail } of asked) fail(new MajordomoError('CANCELLED', 'stopped'));
  await clock.advance(1);
  expect([end(), tally.failed, clock.pending]).toEqual(['over', 0, 0]);
});

test('what is no error of the catalogue is a bug, and ends the run', async () => {
  const clock = new HandClock();
  const { asked, play, end } = rig({}, clock);
  play();
  const bug = new TypeError('x is not a function');
  asked[0]?.fail(bug);
  await clock.advance(1);
  expect([end(), asked.length, clock.pending]).toEqual([bug, 2, 0]);
});
