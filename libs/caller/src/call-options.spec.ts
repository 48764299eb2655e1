// What may be said about a request that is handed over, and what goes on the wire for it.

import { submitTerms, type SubmitOptions } from './call-options.js';

const NOW = 1_800_000_000_000;
const problemsOf = (options: object): string => {
  try {
    submitTerms(options as SubmitOptions, NOW);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('what is not said is left to the broker, and its place is in the middle', () => {
  expect(submitTerms({}, NOW)).toEqual({ expiresMs: 0, delayMs: 0, priority: 4, orderingKey: '' });
});

test('a date becomes a time from now: whole milliseconds, none for a date that is over', () => {
  expect(submitTerms({ runAtMs: NOW + 0.5 }, NOW)).toMatchObject({ delayMs: 1 });
  expect(submitTerms({ runAtMs: NOW - 5_000 }, NOW)).toMatchObject({ delayMs: 0 });
  expect(submitTerms({ runAtMs: NOW + 2_147_483_647, priority: 0 }, NOW)).toMatchObject({
    delayMs: 2_147_483_647,
    priority: 0,
  });
});

test.each([
  [{ expiresMs: 0 }, /expiresMs must be a whole number from 1/],
  [{ priority: 10 }, /priority must be a whole number from 0 to 9, not 10/],
  [{ priority: 1.5 }, /priority must be a whole number/],
  [{ orderingKey: '' }, /orderingKey must be a text of 1 to 255 bytes/],
  [{ idempotencyKey: 'é'.repeat(128) }, /idempotencyKey must be a text of 1 to 255 bytes/],
  [{ idempotencyKey: 'a\ud83d' }, /idempotencyKey must not have half of a surrogate pair/],
  [{ orderingKey: '\ude00a' }, /orderingKey must not have half of a surrogate pair/],
  [{ runAtMs: new Date(NOW) }, /runAtMs must be a number/],
  [{ runAtMs: NOW + 315_360_000_001 }, /runAtMs must be at most 10 years ahead/],
  [{ expiresMs: 315_360_000_001 }, /expiresMs must be a whole number from 1 to 315360000000/],
  [{ runAtMs: NOW + 5_000, expiresMs: 5_000 }, /expiresMs ends before runAtMs/],
  [{ waitForService: true }, /waitForService is not an option/],
  [{ expireMs: 5 }, /expireMs is not an option; did you mean expiresMs\?/],
])('%p is refused', (options, problem) => {
  expect(problemsOf(options)).toMatch(problem);
});

test('everything that is wrong is told together', () => {
  expect(problemsOf({ priority: -1, expiresMs: 'soon' })).toMatch(/^submit: .*priority .*expiresMs /);
});
