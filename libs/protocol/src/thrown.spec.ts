// What is read of thrown values, and what of them travels.

import { runInNewContext } from 'node:vm';
import { decodeErrorBody, encodeErrorBody } from './body.js';
import { isMajordomoError, MajordomoError } from './errors.js';
import { ERROR_LIMITS } from './limits.js';
import { isError, readThrown, stackText } from './thrown.js';
import { thrownDetails } from './thrown-details.js';

const FOREIGN_ERROR: unknown = runInNewContext(
  'Object.assign(new RangeError("far", { cause: new Error("deep") }), { code: "E_FAR", data: { a: [1] } })',
);

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable(new Error('x'), {});
  revoke();
  return proxy;
}

function raise(): never {
  throw new Error('read');
}

test('an error of another realm is read as one of ours', () => {
  expect(FOREIGN_ERROR).not.toBeInstanceOf(Error);
  expect(isError(FOREIGN_ERROR)).toBe(true);
  expect(thrownDetails(FOREIGN_ERROR)).toEqual({
    name: 'RangeError',
    message: 'far',
    code: 'E_FAR',
    data: { a: [1] },
    cause: { name: 'Error', message: 'deep' },
  });
});

test('a MajordomoError is known in any realm, and nothing else is one', () => {
  const foreign: unknown = runInNewContext(
    'Object.assign(new Error("m"), { name: "MajordomoError", code: "BUSY", details: { a: 1 } })',
  );
  expect(isMajordomoError(foreign, 'BUSY')).toBe(true);
  expect(isMajordomoError(new MajordomoError('BUSY', 'm'), 'CLOSED')).toBe(false);
  for (const other of [revoked(), null, undefined, 'BUSY', { name: 'MajordomoError', code: 'BUSY' }])
    expect(isMajordomoError(other)).toBe(false);
});

test.each<[string, unknown, object]>([
  ['an object with code and message', { code: 'E', message: 'm' }, { name: 'NonError', message: 'm', code: 'E' }],
  [
    'an object without a message, whose members may be secrets',
    { password: 'p', status: 5 },
    { name: 'NonError', message: 'an object without a readable message was thrown; it has password, status' },
  ],
  ['a message that is a number', { message: 5 }, { name: 'NonError', message: '5' }],
  ['a text', 'oops', { name: 'NonError', message: 'oops' }],
  ['nothing', undefined, { name: 'NonError', message: 'undefined' }],
  ['a function, not its source', () => 'secret', { name: 'NonError', message: 'a function was thrown' }],
  ['a revoked proxy', revoked(), { name: 'NonError', message: 'an object without a readable message was thrown' }],
])('%s is told', (_, thrown, details) => {
  expect(thrownDetails(thrown)).toEqual(details);
});

test('the errors beneath travel: five deep, eight in all, each short', () => {
  let error = new Error('bottom');
  for (let i = 9; i > 0; i--) error = new Error(`${i}`, { cause: error });
  let depth = 0;
  for (let at = thrownDetails(error).cause; at !== undefined; at = at.cause) depth += 1;
  expect(depth).toBe(ERROR_LIMITS.causeDepthMax);

  const many = new AggregateError(
    Array.from({ length: 100 }, (_, i) => Object.assign(new Error('x'.repeat(10_000)), { code: i })),
    'all of them',
  );
  const { errors = [], errorsOmitted } = thrownDetails(many);
  expect(errors.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(errors[0]?.message).toHaveLength(ERROR_LIMITS.causeTextLengthMax + 1);
  expect(errorsOmitted).toBe(92);
});

test('of data that cannot travel as a whole, what can travels, and that is said', () => {
  const circle: Record<string, unknown> = { kept: 1, date: new Date(5), big: 2n, text: 'half \ud83d' };
  circle['self'] = circle;
  circle['list'] = [1, () => 2, Symbol('s')];
  circle['error'] = new TypeError('inner');
  Object.defineProperty(circle, 'trap', { enumerable: true, get: () => readThrown(raise()) });
  Object.defineProperty(circle, 'revoked', { enumerable: true, value: revoked() });
  const { data, dataOmitted } = thrownDetails(Object.assign(new Error('m'), { data: circle }));
  expect(dataOmitted).toBe(true);
  expect(data).toEqual({
    kept: 1,
    date: new Date(5),
    big: 2n,
    list: [1, null, null],
    error: { name: 'TypeError', message: 'inner' },
  });
});

test('data that can travel is sent as it is', () => {
  const data = { a: [1, { b: 'c' }], d: new Date(1), bytes: Uint8Array.of(1), none: null };
  expect(thrownDetails(Object.assign(new Error('m'), { data }))).toEqual({ name: 'Error', message: 'm', data });
});

test('data has bounds: bytes, members and depth', () => {
  const dataOf = (data: unknown) => thrownDetails(Object.assign(new Error('m'), { data }));
  expect(dataOf('x'.repeat(ERROR_LIMITS.dataBytesMax))).toEqual({ name: 'Error', message: 'm', dataOmitted: true });
  expect(dataOf(Array.from({ length: 5_000 }, () => 1)).data).toHaveLength(ERROR_LIMITS.dataMembersMax);
  let deep: unknown = 'bottom';
  for (let i = 0; i < 10_000; i++) deep = [deep];
  expect(dataOf(deep).dataOmitted).toBe(true);
});

test('texts are bounded and can be sent, also where an emoji is cut', () => {
  const message = `${'x'.repeat(ERROR_LIMITS.textLengthMax - 1)}😀`;
  const read = readThrown(Object.assign(new Error(message), { name: 'n\ud83d', code: '\ude00' }));
  expect(read).toMatchObject({ name: 'n\uFFFD', code: '\uFFFD' });
  expect(read.message).toBe(`${'x'.repeat(ERROR_LIMITS.textLengthMax - 1)}\uFFFD…`);
  expect(decodeErrorBody(encodeErrorBody({ message: read.message }))).toEqual({ message: read.message });
});

test('for logs there is a stack, else name and message', () => {
  expect(stackText(new Error('m'))).toMatch(/^Error: m\n +at /);
  expect(stackText(revoked())).toBe('NonError: an object without a readable message was thrown');
});
