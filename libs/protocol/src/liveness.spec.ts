// The session clock: who speaks when, and who is given up when.

import { Liveness } from './liveness.js';

const times = { heartbeatMs: 1_000, silenceMaxMs: 15_000 };

test('a peer is lost when it was silent for as long as was agreed, not before (L1, W46)', () => {
  const liveness = new Liveness(times, 0);
  liveness.heard(500);
  expect([liveness.isLost(15_499), liveness.isLost(15_500)]).toEqual([false, true]);
});

test('we speak when we were silent for one interval, whatever the peer does (L3, W45)', () => {
  const liveness = new Liveness(times, 0);
  liveness.heard(999);
  expect([liveness.mustSpeak(999), liveness.mustSpeak(1_000)]).toEqual([false, true]);
  liveness.spoke(1_000);
  expect(liveness.mustSpeak(1_999)).toBe(false);
});

test('what was agreed later holds from then on', () => {
  const liveness = new Liveness(times, 0);
  liveness.agree({ heartbeatMs: 50, silenceMaxMs: 150 });
  expect([liveness.mustSpeak(50), liveness.isLost(149), liveness.isLost(150)]).toEqual([true, false, true]);
});

test('a longer silence may be allowed for a while; a shorter one is not', () => {
  const liveness = new Liveness(times, 0);
  liveness.allow(60_000);
  expect([liveness.isLost(59_999), liveness.isLost(60_000)]).toEqual([false, true]);
  liveness.spoke(59_500);
  expect(liveness.wakeAt()).toBe(60_000);
  for (const ms of [1, 0]) {
    liveness.allow(ms);
    expect([liveness.isLost(14_999), liveness.isLost(15_000)]).toEqual([false, true]);
  }
});

test('it asks to be looked at when the first of the two can change', () => {
  const liveness = new Liveness(times, 0);
  expect(liveness.wakeAt()).toBe(1_000);
  liveness.spoke(14_500);
  expect(liveness.wakeAt()).toBe(15_000);
  liveness.heard(14_800);
  expect(liveness.wakeAt()).toBe(15_500);
  expect(liveness.heardAt).toBe(14_800);
});
