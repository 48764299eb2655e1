// Which errors are tried again, and after how long.

import { runInNewContext } from 'node:vm';
import { Chance } from '@majordomo/protocol';
import { RetryableError } from './errors.js';
import { retryAfterMs, retryPolicy, retryProblems, type RetryOptions } from './retry-policy.js';

/** Chance that always draws this. */
function drawing(value: number): Chance {
  const chance = new Chance(0);
  chance.next = () => value;
  return chance;
}

const ALMOST_ALL = 1 - 1e-12;
const failed = new Error('no');
const waitFor = (thrown: unknown, attempt: number, options?: RetryOptions, draw = ALMOST_ALL): number | undefined =>
  retryAfterMs(thrown, attempt, retryPolicy(options), drawing(draw));

describe('the pause', () => {
  it('is drawn from 0 to the base doubled with each attempt, at most the longest', () => {
    const options = { baseMs: 100, maxMs: 1_000 };
    expect([1, 2, 3, 4, 5, 200].map((attempt) => waitFor(failed, attempt, options))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect(waitFor(failed, 3, options, 0.25)).toBe(100);
    expect(waitFor(failed, 3, options, 0)).toBe(0);
  });

  it('is another one for each of those that failed together', () => {
    const chance = new Chance(7);
    const policy = retryPolicy({ baseMs: 10_000 });
    const pauses = Array.from({ length: 100 }, () => retryAfterMs(failed, 1, policy, chance) ?? -1);
    expect(new Set(pauses).size).toBeGreaterThan(90);
    expect(Math.min(...pauses)).toBeLessThan(1_000);
    expect(Math.max(...pauses)).toBeGreaterThan(9_000);
  });

  it('is 100 ms at most at first, and 30 s at most ever, when nobody says otherwise', () => {
    expect(waitFor(new RetryableError('later'), 1)).toBe(100);
    expect(waitFor(new RetryableError('later'), 60_000)).toBe(30_000);
    expect(waitFor(failed, 1, {})).toBe(100);
  });

  it('is what a RetryableError says, if it does, also one of another copy of the package', () => {
    class Copy extends Error {
      override name = 'RetryableError';
      afterMs = 12.3;
    }
    expect(waitFor(new Copy(), 5, { baseMs: 1_000 })).toBe(13);
    expect(waitFor(new RetryableError('now', { afterMs: 0 }), 5)).toBe(0);
    expect(waitFor(new RetryableError('odd', { afterMs: NaN }), 5)).toBe(0);
    expect(waitFor(new RetryableError('never', { afterMs: 1e99 }), 1)).toBe(2_147_483_647);
  });
});

it('a RetryableError of another realm is one, and what cannot be read of it counts as not said', () => {
  const foreign = (afterMs: string): unknown =>
    runInNewContext(
      `Object.defineProperty(Object.assign(new Error("m"), { name: "RetryableError" }), "afterMs", ${afterMs})`,
    );
  expect(waitFor(foreign('{ value: 7 }'), 1)).toBe(7);
  expect(waitFor(foreign('{ get() { throw 1; } }'), 1)).toBe(100);
  const { proxy, revoke } = Proxy.revocable(new RetryableError('m'), {});
  revoke();
  expect(waitFor(proxy, 1)).toBeUndefined();
  expect(waitFor(proxy, 1, {})).toBe(100);
});

describe('without a policy', () => {
  it('only what asks for it is tried again', () => {
    expect(waitFor(failed, 1)).toBeUndefined();
    expect(waitFor('a text', 1)).toBeUndefined();
    expect(waitFor(Object.assign(new Error('x'), { afterMs: 5 }), 1)).toBeUndefined();
    expect(waitFor(Object.assign(new RetryableError('x'), { afterMs: 'soon' }), 1)).toBeUndefined();
  });
});

describe('with a policy', () => {
  it('every error is tried again, or those that retryOn picks; a RetryableError is in any case', () => {
    const retryOn = (error: unknown): boolean => error instanceof TypeError;
    expect(waitFor('a text', 1, {})).toBe(100);
    expect(waitFor(new TypeError('x'), 1, { retryOn })).toBe(100);
    expect(waitFor(failed, 1, { retryOn })).toBeUndefined();
    expect(waitFor(new RetryableError('x'), 1, { retryOn, baseMs: 7 })).toBe(7);
  });

  it('a retryOn that throws picks nothing', () => {
    const retryOn = (): boolean => {
      throw new Error('a bug');
    };
    expect(waitFor(failed, 1, { retryOn })).toBeUndefined();
  });
});

it('everything that is wrong with a policy is told', () => {
  expect(retryProblems({ maxAttempts: 0, baseMs: 1.5, retryOn: 5, maxMS: 1 } as unknown as RetryOptions)).toEqual([
    'retry: maxAttempts must be a whole number from 1 to 65535, not 0',
    'retry: baseMs must be a whole number from 1 to 2147483647, not 1.5',
    'retry: retryOn must be a function',
    'retry: maxMS is not an option; did you mean maxMs?',
  ]);
  expect(retryProblems({ baseMs: 60_000 })).toEqual(['retry: baseMs (60000) is more than maxMs (30000)']);
  expect(retryProblems({ baseMs: 100, maxMs: 100, maxAttempts: 3 })).toEqual([]);
});
