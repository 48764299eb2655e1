// When calls of an open loop are due.

import { Arrivals } from './arrivals.js';

test('calls are due at a constant rate from the start on, the first at once', () => {
  const arrivals = new Arrivals(100, 4, 1_100);
  const due = [arrivals.take(100), arrivals.take(100), arrivals.take(349), arrivals.take(350), arrivals.nextAt()];
  expect(due).toEqual([100, undefined, undefined, 350, 600]);
});

test('calls that were not taken in time are taken under their own times', () => {
  const arrivals = new Arrivals(0, 10, Infinity);
  expect([1, 2, 3, 4].map(() => arrivals.take(250))).toEqual([0, 100, 200, undefined]);
});

test('at the end there are no more', () => {
  const arrivals = new Arrivals(0, 10, 200);
  expect([1, 2, 3].map(() => arrivals.take(1_000))).toEqual([0, 100, undefined]);
  expect(arrivals.nextAt()).toBe(Infinity);
});

test.each([3, 7, 1_000, 4_999, 999_999])('after an hour at %d a second not one is too many or too few', (rate) => {
  const hour = 3_600_000;
  const arrivals = new Arrivals(0.1, rate, 0.1 + hour);
  expect(arrivals.waiting(hour + 1)).toBe(rate * 3_600);
  for (let i = 0; i < 10; i++) arrivals.take(hour);
  expect(arrivals.waiting(2 * hour)).toBe(rate * 3_600 - 10);
});

test('what is due and was not taken waits', () => {
  const arrivals = new Arrivals(50, 10, Infinity);
  expect([arrivals.waiting(0), arrivals.waiting(50), arrivals.waiting(349), arrivals.waiting(350)]).toEqual([
    0, 1, 3, 4,
  ]);
  for (let i = 0; i < 3; i++) arrivals.take(1_000);
  expect([arrivals.waiting(350), arrivals.waiting(150)]).toEqual([1, 0]);
});
