// Any value that can travel, as JSON for people and programs.
//
// J1. What JSON has no form for becomes a text that says the same: bytes in base64, dates in ISO 8601, NaN and the infinities by
//     name. Nothing is rounded, and nothing becomes null that was something: a BigInt is a number of all its digits.

import { isError, readThrown } from '@majordomo/protocol';

/** The value in terms of JSON: null, texts, numbers, BigInts, booleans, arrays and plain objects. */
export function plainValue(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      return value === null ? null : plainObject(value);
    case 'undefined':
      return null;
    default:
      return value;
  }
}

function plainObject(value: object): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (isNumbers(value)) return Array.from(value, plainValue);
  if (ArrayBuffer.isView(value)) return base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return base64(new Uint8Array(value));
  if (value instanceof Map) return plainMap(value);
  if (value instanceof Set) return [...value].map(plainValue);
  if (value instanceof RegExp) return String(value);
  if (isError(value)) return plainError(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainValue(each)]));
}

function plainError(error: object): object {
  const { name, message } = readThrown(error);
  return { name, message };
}

/** A map whose keys are texts or numbers is an object; any other a list of pairs. */
function plainMap(map: ReadonlyMap<unknown, unknown>): unknown {
  const pairs = [...map].map(([key, value]) => [plainValue(key), plainValue(value)] as const);
  const names = new Set(pairs.map(([key]) => String(key)));
  // A key 1 and a key "1" are two.
  const isNamed =
    names.size === pairs.length && pairs.every(([key]) => typeof key === 'string' || typeof key === 'number');
  return isNamed ? Object.fromEntries(pairs.map(([key, value]) => [String(key), value])) : pairs;
}

/** Typed arrays but those of bytes. */
function isNumbers(value: object): value is ArrayLike<unknown> & Iterable<unknown> & object {
  return ArrayBuffer.isView(value) && !(value instanceof Uint8Array) && !(value instanceof DataView);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** One line, without a line break at its end. */
export function jsonLine(value: unknown): string {
  return textOf(plainValue(value));
}

/** Indented by two, without a line break at its end. */
export function prettyJson(value: unknown): string {
  return textOf(plainValue(value), 2);
}

/** JSON.stringify with the numbers that it cannot write: their digits are marked as strings first. */
function textOf(plain: unknown, indent?: number): string {
  let hasDigits = false;
  const withMark = (mark: string): string =>
    JSON.stringify(
      plain,
      (_name, each: unknown) => {
        if (typeof each !== 'bigint' && !Object.is(each, -0)) return each;
        hasDigits = true;
        return mark + (typeof each === 'bigint' ? each.toString() : '-0');
      },
      indent,
    );
  let mark = '#';
  const text = withMark('');
  if (!hasDigits) return text;
  while (text.includes(mark)) mark += '#';
  return withMark(mark).replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}
