// Time and chance, the real and the fake.

import { SystemClock } from './clock.js';
import { FakeClock } from './fake/clock.js';
import { randomInstance, randomSeed } from './random.js';

describe.each([
  ['the system', () => new SystemClock(), () => new Promise<void>((resolve) => setTimeout(resolve, 400))],
  ['a fake', () => new FakeClock(), undefined],
] as const)('the clock of %s', (_, make, pass) => {
  test('calls once what is due, not what was cancelled, and a turn ends before time goes on', async () => {
    const clock = make();
    const told: string[] = [];
    clock.setTimer(200, () => told.push('later'));
    clock.setTimer(-1, () => told.push('soon'));
    clock.setTimer(Infinity, () => told.push('never'));
    const cancel = clock.setTimer(2, () => told.push('cancelled'));
    clock.endOfTurn(() => told.push('end of turn'));
    cancel();
    cancel();
    const before = clock.now();
    if (clock instanceof FakeClock) clock.advance(400);
    else await pass?.();
    expect(told.filter((word) => word !== 'end of turn')).toEqual(['soon', 'later']);
    expect(told.indexOf('end of turn')).toBeLessThan(told.indexOf('later'));
    expect(clock.now() - before).toBeGreaterThan(20);
  });
});

test('the fake clock runs what is due at one instant in the order in which it was set, then ends turns', () => {
  const clock = new FakeClock();
  const told: string[] = [];
  for (const [due, word] of [
    [3, 'c'],
    [1, 'a'],
    [3, 'd'],
    [2, 'b'],
    [3, 'e'],
  ] as const) {
    clock.setTimer(due, () => told.push(`${word}${clock.now()}`));
  }
  clock.setTimer(3, () => {
    clock.endOfTurn(() => told.push(`end${clock.now()}`));
    clock.setTimer(0, () => told.push(`f${clock.now()}`));
  });
  expect(clock.nextAt()).toBe(1);
  clock.advance(10);
  expect(told).toEqual(['a1', 'b2', 'c3', 'd3', 'e3', 'f3', 'end3']);
  expect([clock.now(), clock.nextAt()]).toEqual([10, Infinity]);
});

test('an instant that never comes to rest is refused', () => {
  const clock = new FakeClock();
  const again = (): void => void clock.setTimer(0, again);
  again();
  expect(() => clock.advance(1)).toThrow('does not come to rest');
});

test('instances are integers of 53 bits, seeds of 32, and no two alike', () => {
  const instances = Array.from({ length: 1_000 }, () => randomInstance());
  expect(instances.every((instance) => Number.isSafeInteger(instance) && instance > 0)).toBe(true);
  expect(Math.max(...instances)).toBeGreaterThan(2 ** 51);
  expect(new Set(instances).size).toBe(1_000);
  const seeds = Array.from({ length: 100 }, () => randomSeed());
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(95);
});
