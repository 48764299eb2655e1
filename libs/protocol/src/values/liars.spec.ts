// Values that say something else about themselves than they are: nothing of the process's memory is sent, and every refusal has its code.

import { decodeBody, encodeBody } from '../body.js';
import { isMajordomoError } from '../errors.js';
import { writeJsonText } from './json-write.js';

const own = <T extends object>(value: T, member: string, answer: unknown): T =>
  Object.defineProperty(value, member, { value: answer });

const lyingArray = (length: unknown): unknown =>
  new Proxy([1, 2], { get: (_, name) => (name === 'length' ? length : 1) });

function detached(): { readonly bytes: Uint8Array; readonly numbers: Float64Array } {
  const memory = new ArrayBuffer(16);
  const views = { bytes: new Uint8Array(memory), numbers: new Float64Array(memory) };
  structuredClone(memory, { transfer: [memory] });
  return views;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function refusal(encode: () => unknown): unknown {
  try {
    return encode();
  } catch (error) {
    return isMajordomoError(error) ? error.code : error;
  }
}

test.each([1, 60, 300, 70_000])('bytes with a length of their own, %i, arrive as they are', (length) => {
  const bytes = own(Buffer.from([1, 2, 3]), 'length', length);
  expect(encodeBody(bytes)).toEqual(Buffer.from([0xc4, 3, 1, 2, 3]));
  expect(decodeBody(encodeBody({ bytes, next: 'x' }))).toEqual({ bytes: Buffer.from([1, 2, 3]), next: 'x' });
});

test('views with members of their own that say where they lie arrive as they are', () => {
  const numbers = own(own(new Float64Array([9, 1.5]).subarray(1), 'byteLength', 16), 'byteOffset', 0);
  expect(decodeBody(encodeBody([numbers]))).toEqual([new Float64Array([1.5])]);
  const view = own(new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), 'byteLength', 4);
  const came = decodeBody(encodeBody(view)) as DataView;
  expect(Buffer.from(came.buffer)).toEqual(Buffer.from([2, 3]));
});

test.each([
  ['a Proxy of bytes', new Proxy(Uint8Array.of(1, 2), {})],
  ['a Proxy of bytes that says it is longer', new Proxy(Uint8Array.of(1), { get: () => 60 })],
  ['a Proxy of numbers', new Proxy(Float64Array.of(1), {})],
  ['numbers that are a Buffer by their prototype', Object.setPrototypeOf(Float64Array.of(1.5), Buffer.prototype)],
  ['detached bytes', detached().bytes],
  ['detached numbers', detached().numbers],
  ['a revoked Proxy', revoked()],
  ['an array of length -1', lyingArray(-1)],
  ['an array of length 1.5', lyingArray(1.5)],
  ['an array whose length is a string', lyingArray('2')],
])('%s is UNENCODABLE, alone and as a member', (_what, value: unknown) => {
  expect(refusal(() => encodeBody(value))).toBe('UNENCODABLE');
  expect(refusal(() => encodeBody({ value }))).toBe('UNENCODABLE');
  expect(refusal(() => writeJsonText({ value }))).toBe('UNENCODABLE');
});

test.each([
  ['a RangeError', new RangeError('Invalid time value'), 'reading it failed: Invalid time value'],
  ['an object', { message: 'no rights' }, 'reading it failed: no rights'],
  ['a revoked Proxy', revoked(), 'reading it failed: an object without a readable message was thrown'],
])('a getter that throws %s is refused with its message', (_what, thrown: unknown, reason) => {
  const value = {
    get when(): never {
      throw thrown;
    },
  };
  expect(() => encodeBody(value)).toThrow(`this value cannot be sent at .when: ${reason}`);
});

test('the advice for a Date of a subclass is a Date', () => {
  class Day extends Date {}
  expect(() => encodeBody(new Day())).toThrow('an object of Day cannot be sent: send a plain one: new Date(it)');
});
