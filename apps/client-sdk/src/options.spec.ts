// What connect() takes, what it refuses, and what it makes of the rest.

import { MajordomoError } from '@majordomo/protocol';
import { resolveConnectOptions, type ConnectOptions } from './options.js';

function problemsOf(options: object): readonly unknown[] {
  try {
    resolveConnectOptions(options as ConnectOptions, 'client-x');
  } catch (error) {
    if (error instanceof MajordomoError && error.code === 'INVALID_OPTION')
      return error.details['problems'] as unknown[];
    throw error;
  }
  return [];
}

test('everything has a default, and the result is complete and frozen', () => {
  const options = resolveConnectOptions({}, 'client-x');
  expect(options).toEqual({
    brokers: ['tcp://127.0.0.1:5555'],
    name: 'client-x',
    deadlineMs: 30_000,
    connectTimeoutMs: 5_000,
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    zmtpHeartbeatMs: 1_000,
    messageBytesMax: 16 * 1_024 * 1_024,
    inFlightMax: 100_000,
    retryBudget: { start: 10, max: 100, perCall: 0.1 },
    onEvent: undefined,
    // MAJORDOMO_LOG_LEVEL of these tests is silent.
    logger: undefined,
  });
  expect([options, options.brokers, options.retryBudget].every(Object.isFrozen)).toBe(true);
});

test.each([
  [null, 'null'],
  ['tcp://127.0.0.1:5555', '"tcp://127.0.0.1:5555"'],
  [['tcp://127.0.0.1:5555'], 'an array'],
  [5, '5'],
  [() => 5, 'a function'],
])('options that are no object are refused: %p', (given, shown) => {
  expect(problemsOf(given as object)).toEqual([
    `the options must be an object, as in connect({ brokers: ['tcp://127.0.0.1:5555'] }), not ${shown}`,
  ]);
});

test('values of any type are problems and no TypeErrors', () => {
  const kinds = [null, Symbol('s'), 2n, {}, [], () => 5, Object.create(null), NaN, ''];
  for (const key of [
    'brokers',
    'name',
    'deadlineMs',
    'heartbeatMs',
    'silenceMaxMs',
    'retryBudget',
    'onEvent',
    'logger',
  ])
    for (const kind of kinds) {
      if (key === 'retryBudget' && typeof kind === 'object' && kind !== null && !Array.isArray(kind)) continue;
      if (key === 'onEvent' && typeof kind === 'function') continue;
      expect([key, String(problemsOf({ [key]: kind })[0])]).toEqual([
        key,
        expect.stringMatching(new RegExp(`^${key} `)),
      ]);
    }
});

test('a logger has three methods, or is false for none; what it throws is dropped', () => {
  expect(problemsOf({ logger: { info: () => undefined } })).toEqual([
    'logger must be an object with the methods info, warn and error, or false',
  ]);
  expect(resolveConnectOptions({ logger: false }, 'x').logger).toBeUndefined();
  const told: unknown[] = [];
  const fail = (message: string): never => {
    told.push(message);
    throw new Error('full');
  };
  resolveConnectOptions({ logger: { info: fail, warn: fail, error: fail } }, 'x').logger?.warn('lost');
  expect(told).toEqual(['lost']);
});

test('an undefined value is no value', () => {
  expect(resolveConnectOptions({ deadlineMs: undefined, brokers: undefined }, 'x').deadlineMs).toBe(30_000);
});

test('an unknown option is refused with the nearest known one', () => {
  expect(problemsOf({ broker: ['tcp://a:1'], colour: 'red' })).toEqual([
    'broker is not an option; did you mean brokers?',
    'colour is not an option',
  ]);
});

test('all problems are told together, contradictions included', () => {
  const wrong = {
    brokers: ['127.0.0.1:5555'],
    name: '',
    deadlineMs: 0,
    heartbeatMs: 1_000,
    silenceMaxMs: 1_500,
    retryBudget: { start: 500, perCal: 1 },
    onEvent: 'log',
  };
  expect(problemsOf(wrong)).toEqual([
    expect.stringMatching(/^brokers has endpoints that cannot be used: .*tcp:\/\/127\.0\.0\.1:5555/),
    'name must be a text of 1 to 255 bytes without control characters',
    expect.stringMatching(/^deadlineMs must be a number from 1 to /),
    'retryBudget is wrong: perCal is not an option; did you mean perCall?',
    'onEvent must be a function',
    'silenceMaxMs (1500) must be at least twice heartbeatMs (1000)',
    'retryBudget.start (500) must not be more than retryBudget.max (100)',
  ]);
});

test.each([
  ['no list', 'tcp://a:1'],
  ['an empty list', []],
  ['a broker twice', ['tcp://a:1', 'tcp://a:1']],
  ['what is no text', [5]],
])('brokers: %s is refused', (_what, brokers) => {
  expect(problemsOf({ brokers })).toHaveLength(1);
});

describe('the brokers of the environment', () => {
  const before = process.env['MAJORDOMO_BROKER'];
  afterEach(() => {
    if (before === undefined) delete process.env['MAJORDOMO_BROKER'];
    else process.env['MAJORDOMO_BROKER'] = before;
  });

  test('are used when none are given', () => {
    process.env['MAJORDOMO_BROKER'] = 'tcp://a:1, tcp://b:2';
    expect(resolveConnectOptions({}, 'x').brokers).toEqual(['tcp://a:1', 'tcp://b:2']);
    expect(resolveConnectOptions({ brokers: ['tcp://c:3'] }, 'x').brokers).toEqual(['tcp://c:3']);
  });

  test('are checked like others', () => {
    process.env['MAJORDOMO_BROKER'] = 'a:1';
    expect(problemsOf({})).toEqual([
      expect.stringMatching(/^brokers has endpoints that cannot be used: .*tcp:\/\/a:1/),
    ]);
    expect(problemsOf({ brokers: ['tcp://c:3'] })).toEqual([]);
  });
});
