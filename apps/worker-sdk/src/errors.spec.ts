// What handlers throw, as it travels.

import { decodeErrorBody, MajordomoError } from '@majordomo/protocol';
import { failureOf, HandlerError, invalidArgument } from './errors.js';

const told = (thrown: unknown): unknown => decodeErrorBody(failureOf(thrown).body);

it('an error travels with name, message and code, and without its stack', () => {
  const error = Object.assign(new TypeError('no such file'), { code: 'ENOENT' });
  expect(told(error)).toEqual({
    message: 'no such file',
    details: { name: 'TypeError', message: 'no such file', code: 'ENOENT' },
  });
  expect(failureOf(error).failure).toEqual({ code: 'HANDLER_FAILED', ran: 'yes', retry: false, retryAfterMs: 0 });
});

it('a HandlerError brings its code and data', () => {
  expect(told(new HandlerError('NO_STOCK', 'none left', { sku: 'a' }))).toEqual({
    message: 'none left',
    details: { name: 'HandlerError', message: 'none left', code: 'NO_STOCK', data: { sku: 'a' } },
  });
});

it('a failed call of the handler is the failure of the handler, with what there is to know', () => {
  expect(told(new MajordomoError('NO_SUCH_SERVICE', 'nobody', { details: { service: 'x' } }))).toMatchObject({
    details: { name: 'MajordomoError', code: 'NO_SUCH_SERVICE', data: { service: 'x' } },
  });
});

it('a failure that is to be tried again says so, and when', () => {
  expect(failureOf(new Error('x'), { retryAfterMs: 40 }).failure).toMatchObject({ retry: true, retryAfterMs: 40 });
});

it.each([
  ['a text', 'oops', 'oops'],
  ['nothing', undefined, 'undefined'],
  ['an object without prototype', Object.create(null), 'an object without a readable message was thrown'],
])('%s that is thrown is told too', (_, thrown, message) => {
  expect(told(thrown)).toEqual({ message, details: { name: 'NonError', message } });
});

it('data that cannot be sent, or is too large, is left out, and that is said', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const details = { name: 'HandlerError', message: 'm', code: 'C', dataOmitted: true };
  expect(told(new HandlerError('C', 'm', circle))).toEqual({ message: 'm', details: { ...details, data: {} } });
  expect(told(new HandlerError('C', 'm', 'x'.repeat(100_000)))).toEqual({ message: 'm', details });
});

it('the errors beneath travel with it', () => {
  const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
  const error = new AggregateError([new Error('a'), 'b'], 'all failed', { cause });
  expect(told(error)).toEqual({
    message: 'all failed',
    details: {
      name: 'AggregateError',
      message: 'all failed',
      cause: { name: 'Error', message: 'connection refused', code: 'ECONNREFUSED' },
      errors: [
        { name: 'Error', message: 'a' },
        { name: 'NonError', message: 'b' },
      ],
    },
  });
});

it('an error that answers differently when it is read again is told without what cannot be sent', () => {
  let reads = 0;
  class Turning {
    get turned(): unknown {
      return 1;
    }
  }
  const data = Object.defineProperty(new Turning(), 'value', {
    enumerable: true,
    get: () => (reads++ === 0 ? 1 : () => 2),
  });
  expect(told(new HandlerError('C', 'm', data))).toMatchObject({ message: 'm', details: { code: 'C', message: 'm' } });
});

it('a message of any length fits', () => {
  expect(failureOf(new Error('x'.repeat(1_000_000))).body.length).toBeLessThan(20_000);
});

it('bad input names the first issue in the message and brings all of them', () => {
  const issues = [
    { message: 'required', path: ['lines', 0, 'sku'] },
    { message: 'too small', path: [] },
  ];
  const { failure, body } = invalidArgument('orders.create', issues);
  expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', ran: 'no', retry: false });
  expect(decodeErrorBody(body)).toEqual({
    message: 'the input of orders.create is not valid: lines.0.sku: required (and 1 more)',
    details: { issues },
  });
});
