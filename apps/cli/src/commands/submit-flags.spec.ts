// What the flags of submit say, and what is wrong with them.

import { readSubmitFlags } from './submit-flags.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const HOUR = 3_600_000;

const optionsOf = (flags: Record<string, unknown>): object => {
  const { options, problems } = readSubmitFlags(flags, NOW);
  expect(problems).toEqual([]);
  return options;
};
const problemsOf = (flags: Record<string, unknown>): readonly string[] => readSubmitFlags(flags, NOW).problems;

test('each flag is an option of client.submit; what is not given is left to the broker', () => {
  const flags = { idempotencyKey: 'k', orderingKey: 'o', priority: '0', expires: '10m', runAt: '90s' };
  expect(optionsOf(flags)).toEqual({
    idempotencyKey: 'k',
    orderingKey: 'o',
    priority: 0,
    expiresMs: 600_000,
    runAtMs: NOW + 90_000,
  });
  expect(Object.values(optionsOf({})).every((value) => value === undefined)).toBe(true);
});

test.each([
  ['a time from now', '1.5h', NOW + 1.5 * HOUR],
  ['a date with a zone', '2030-01-02T00:00+02:00', NOW + 22 * HOUR],
  ['a day', '2030-01-02', NOW + 24 * HOUR],
  ['a date that is over', '2029-12-31T23:00:00.5Z', NOW - HOUR + 500],
])('--run-at is %s', (_what, runAt, runAtMs) => {
  expect(optionsOf({ runAt })).toMatchObject({ runAtMs });
});

test('everything that is wrong is told together', () => {
  const flags = {
    idempotencyKey: 'x'.repeat(256),
    orderingKey: 'a\nb',
    priority: '10',
    expires: 'soon',
    runAt: 'tomorrow',
  };
  expect(problemsOf(flags)).toEqual([
    expect.stringMatching(/^--idempotency-key x+: must be a text of 1 to 255 bytes/),
    expect.stringMatching(/^--ordering-key a\nb: must be a text of 1 to 255 bytes/),
    '--priority 10: must be a whole number from 0 to 9, not 10',
    expect.stringMatching(/^--expires soon: must be a duration like /),
    '--run-at tomorrow: must be a date like 2030-01-31T08:00Z, or a time from now like 90s or 2h',
  ]);
});

test.each([
  [{ runAt: '1900000000000' }, 'must be a date like 2030-01-31T08:00Z, or a time from now like 90s or 2h'],
  [{ runAt: '90' }, 'must be a date like 2030-01-31T08:00Z, or a time from now like 90s or 2h'],
  [{ runAt: '2131-01-01' }, 'must be at most 10 years ahead'],
  [{ runAt: '2030-02-30T99:00Z' }, 'must be a date like'],
  [{ runAt: '10s', expires: '10s' }, 'is not before --expires is over'],
])('%p is refused', (flags, why) => {
  expect(problemsOf(flags)).toEqual([expect.stringContaining(`--run-at ${flags.runAt}: ${why}`)]);
});
