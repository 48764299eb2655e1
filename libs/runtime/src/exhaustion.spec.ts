// Who is told that a process has no descriptors left, and how often.

import { DescriptorWatch, exhausted } from './exhaustion.js';
import { FakeClock } from './fake/index.js';

test('it is told once a minute for as long as there are none, and not at all while there are some', () => {
  const clock = new FakeClock();
  let has = true;
  const told: number[] = [];
  const watch = new DescriptorWatch({ clock, hasDescriptors: () => has, onExhausted: () => told.push(clock.now()) });
  watch.start();
  clock.advance(10_500);
  has = false;
  clock.advance(120_000);
  has = true;
  clock.advance(120_000);
  expect(told).toEqual([11_000, 71_000]);
  has = false;
  watch.stop();
  clock.advance(120_000);
  expect(told).toHaveLength(2);
  expect(clock.nextAt()).toBe(Infinity);
});

test('a process with descriptors has run out of sockets', () => {
  const cause = Object.assign(new Error('Too many open file descriptors'), { code: 'EMFILE' });
  expect(exhausted(cause)).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    ran: 'no',
    retryable: true,
    details: { resource: 'sockets' },
    cause,
  });
});
