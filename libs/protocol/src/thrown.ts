// Reads what was thrown, whatever it is, and never throws itself: every member may be a getter that throws, or a revoked proxy.
//
// T1. Errors are known by their shape and never by instanceof alone: they may come from another realm (vm, Jest) or another copy of a package.
// T2. Texts are bounded and well-formed UTF-16, so that they can be sent and logged.

import { ERROR_LIMITS } from './limits.js';

/** What could be read of a thrown value. */
export interface Thrown {
  /** `NonError` for a value without a name. */
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  /** As it is, unread: see plainCopy(). Of a MajordomoError its details. */
  readonly data: unknown;
  /** The error beneath; undefined for none. */
  readonly cause: unknown;
  /** Of an AggregateError: the first of its errors, and how many there are in all. */
  readonly errors: readonly unknown[];
  readonly errorCount: number;
  /** For logs; it never travels. Undefined where there is none. */
  readonly stack: string | undefined;
}

/** Reads a thrown value. */
export function readThrown(value: unknown): Thrown {
  if (typeof value !== 'object' || value === null) return { ...NOTHING, message: primitiveText(value) };
  const code = member(value, 'code');
  const { errors, errorCount } = errorsOf(member(value, 'errors'));
  return {
    name: nameOf(value),
    message: messageOf(value),
    code:
      typeof code === 'string'
        ? boundedText(code, ERROR_LIMITS.nameLengthMax)
        : typeof code === 'number'
          ? code
          : undefined,
    data: isNamed(value, 'MajordomoError') ? member(value, 'details') : member(value, 'data'),
    cause: member(value, 'cause'),
    errors,
    errorCount,
    stack: stackOf(value),
  };
}

/** Is this an error with this name, perhaps from another realm or another copy of its package? (T1) */
export function isNamed(value: unknown, name: string): value is object {
  return typeof value === 'object' && value !== null && member(value, 'name') === name;
}

/** As instanceof, for what a revoked proxy or a throwing trap may be. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Is this an error, perhaps of another realm? A plain object with a message is none. */
export function isError(value: unknown): boolean {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
  } catch {
    // A revoked proxy.
    return false;
  }
}

/** A member of anything; undefined when it is not there or reading it throws. */
export function member(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}

/** Has it this member, whatever its value? */
export function hasMember(value: object, key: PropertyKey): boolean {
  try {
    return Reflect.has(value, key);
  } catch {
    return false;
  }
}

/** For logs: the stack, else name and message. */
export function stackText(value: unknown): string {
  const { stack, name, message } = readThrown(value);
  return stack ?? `${name}: ${message}`;
}

/** At most so many characters, well-formed (T2). */
export function boundedText(text: string, lengthMax: number = ERROR_LIMITS.textLengthMax): string {
  const whole = text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}…`;
  return whole.replace(/\p{Surrogate}/gu, '\uFFFD');
}

const NOTHING: Thrown = {
  name: 'NonError',
  message: '',
  code: undefined,
  data: undefined,
  cause: undefined,
  errors: [],
  errorCount: 0,
  stack: undefined,
};

function primitiveText(value: unknown): string {
  // The source of a function is nobody's business.
  if (typeof value === 'function') return 'a function was thrown';
  return boundedText(String(value));
}

function nameOf(value: object): string {
  const name = member(value, 'name');
  return typeof name === 'string' && name !== '' ? boundedText(name, ERROR_LIMITS.nameLengthMax) : NOTHING.name;
}

function messageOf(value: object): string {
  const message = member(value, 'message');
  if (typeof message === 'string') return boundedText(message);
  if (typeof message === 'number' || typeof message === 'bigint' || typeof message === 'boolean') return `${message}`;
  // Its members are named and not shown: what was thrown may hold secrets.
  const keys = keysOf(value);
  return `an object without a readable message was thrown${keys === '' ? '' : `; it has ${keys}`}`;
}

function keysOf(value: object): string {
  try {
    const keys = Object.keys(value);
    const named = keys.slice(0, ERROR_LIMITS.keysNamedMax).map((key) => boundedText(key, ERROR_LIMITS.keyLengthMax));
    return named.length < keys.length ? `${named.join(', ')}, …` : named.join(', ');
  } catch {
    return '';
  }
}

function errorsOf(errors: unknown): Pick<Thrown, 'errors' | 'errorCount'> {
  try {
    if (!Array.isArray(errors)) return NOTHING;
    const errorCount = Number(errors.length) || 0;
    const read: unknown[] = [];
    for (let i = 0; i < Math.min(errorCount, ERROR_LIMITS.errorsMax); i++) read.push(member(errors, i));
    return { errors: read, errorCount };
  } catch {
    return NOTHING;
  }
}

function stackOf(value: object): string | undefined {
  const stack = member(value, 'stack');
  return typeof stack === 'string' && stack !== '' ? boundedText(stack, ERROR_LIMITS.stackLengthMax) : undefined;
}
