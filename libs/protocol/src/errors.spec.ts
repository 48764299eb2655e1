// The catalogue holds together, and the one error class says what it says.

import { readFileSync } from 'node:fs';
import { ERRORS, MajordomoError, errorCodeOf, isMajordomoError, type ErrorCode } from './errors.js';

const rows = Object.entries(ERRORS).map(([code, row]) => ({ code: code as ErrorCode, ...row }));

test('no two codes share a number, and all fit into 16 bits; 0 means "no code" (W4)', () => {
  const numbers = rows.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= 0xffff)).toBe(true);
});

test.each(rows)('$code has a help that is a sentence', ({ help }) => {
  expect(help).toMatch(/^[A-Z].*[.]$/);
});

test.each(rows)('$code is found by its number', ({ code, number }) => {
  expect(errorCodeOf(number)).toBe(code);
});

test.each(rows)('docs/errors.md gives $code the same help', ({ code, number, retryable, ran, help }) => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const line = text.split('\n').find((each) => each.startsWith(`| \`${code}\``)) ?? '';
  const cells = line.split('|').map((cell) => cell.trim());
  expect(cells.slice(2, -1)).toEqual([String(number), retryable ? 'yes' : 'no', ran, help]);
});

test('a number that nobody knows is INTERNAL', () => {
  expect([errorCodeOf(0), errorCodeOf(65_535)]).toEqual(['INTERNAL', 'INTERNAL']);
});

test('what may be asked again by itself did not run, or cannot be told to have: retryable codes are few', () => {
  expect(rows.filter(({ retryable }) => retryable).map(({ code }) => code)).toEqual([
    'BUSY',
    'DRAINING',
    'NO_BROKER',
    'SESSION_LOST',
    'STORE_FULL',
    'RESOURCE_EXHAUSTED',
    'SERVICE_UNAVAILABLE',
  ]);
});

test('an error takes from its row what it is not told', () => {
  const error = new MajordomoError('BUSY', 'the queue is full');
  expect(error).toMatchObject({
    name: 'MajordomoError',
    message: 'the queue is full',
    code: 'BUSY',
    retryable: true,
    ran: 'no',
    stage: 'client',
    retryAfterMs: 0,
    details: {},
    help: ERRORS.BUSY.help,
  });
  expect('cause' in error).toBe(false);
});

test('an error keeps what it is told', () => {
  const cause = new Error('why');
  const error = new MajordomoError('DEADLINE_EXCEEDED', 'late', {
    ran: 'no',
    stage: 'queued',
    retryAfterMs: 5,
    details: { a: 1 },
    cause,
  });
  expect(error).toMatchObject({ ran: 'no', stage: 'queued', retryAfterMs: 5, details: { a: 1 }, cause });
});

test('an error is known by its name and code, also when it comes from another copy of the package', () => {
  const foreign = Object.assign(new Error('x'), { name: 'MajordomoError', code: 'BUSY' });
  expect([isMajordomoError(foreign), isMajordomoError(foreign, 'BUSY'), isMajordomoError(foreign, 'CLOSED')]).toEqual([
    true,
    true,
    false,
  ]);
});

test.each([undefined, null, 'BUSY', { name: 'MajordomoError', code: 'BUSY' }, new Error('BUSY')])(
  '%p is none of ours',
  (thing) => {
    expect(isMajordomoError(thing)).toBe(false);
  },
);

test('a code that the catalogue lacks is none of ours', () => {
  expect(isMajordomoError(Object.assign(new Error('x'), { name: 'MajordomoError', code: 'toString' }))).toBe(false);
  expect(isMajordomoError(Object.assign(new Error('x'), { name: 'MajordomoError', code: 'NOPE' }))).toBe(false);
});

test('as JSON an error says everything but its stack, whatever is in its details and beneath it', () => {
  const deep = Object.assign(new Error('refused', { cause: 'the cable' }), { code: 'ECONNREFUSED', data: { port: 5 } });
  const cause = new MajordomoError('NO_BROKER', 'nobody', { cause: deep, details: { brokers: ['a'] } });
  const details: Record<string, unknown> = { big: 2n, at: new Date(0), bytes: Uint8Array.of(1), fn: () => 1 };
  details['self'] = details;
  const error = new MajordomoError('BUSY', 'later', { retryAfterMs: 5, stage: 'queued', details, cause });
  error.request = { address: 'a.b', id: '1-1' };
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'MajordomoError',
    code: 'BUSY',
    message: 'later',
    help: ERRORS.BUSY.help,
    retryable: true,
    retryAfterMs: 5,
    ran: 'no',
    stage: 'queued',
    request: { address: 'a.b', id: '1-1' },
    details: { big: '2', at: '1970-01-01T00:00:00.000Z', bytes: 'AQ==' },
    cause: {
      name: 'MajordomoError',
      message: 'nobody',
      code: 'NO_BROKER',
      data: { brokers: ['a'] },
      cause: {
        name: 'Error',
        message: 'refused',
        code: 'ECONNREFUSED',
        data: { port: 5 },
        cause: { name: 'NonError', message: 'the cable' },
      },
    },
  });
});
