// The table of what may travel, row by row: code, docs and behaviour say the same.

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { decodeBody, encodeBody } from '../body.js';
import type { MajordomoError } from '../errors.js';
import { VALUE_LIMITS } from '../limits.js';
import { REFUSED, TRAVELLING } from './table.js';

const there = (value: unknown): unknown => decodeBody(encodeBody(value));
const realm = createContext({});
const foreign = (code: string): unknown => runInContext(code, realm);

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get length(): number {
    return Math.hypot(this.x, this.y);
  }
}

class Money {
  readonly #cents = 150;
  toJSON(): unknown {
    return { cents: this.#cents };
  }
}

class Secret {
  readonly #inside = 5;
  get inside(): number {
    return this.#inside;
  }
}

const shared = new Float64Array(new SharedArrayBuffer(16));
shared.set([1.5, -0]);

/** What is sent, and what arrives where that is something else. */
const ARRIVING: Readonly<Record<string, readonly (readonly [unknown, unknown?])[]>> = {
  'undefined, as the whole value': [[undefined]],
  'undefined, as an element or in a Map or Set': [
    [[1, undefined]],
    [new Map([[undefined, undefined]])],
    [new Set([undefined])],
  ],
  'undefined, as a member': [[{ a: undefined, b: 1 }, { b: 1 }]],
  'null, booleans': [[null], [true], [false]],
  number: [
    ...[
      0,
      1,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 53 - 1,
      2 ** 53,
      2 ** 60,
      1e300,
      0.1,
    ].flatMap((number) => [[number] as const, [-number] as const]),
    [-32],
    [-33],
    [-129],
    [-32_769],
    [NaN],
    [Infinity],
    [-Infinity],
    [Number.MIN_VALUE],
  ],
  BigInt: [
    0n,
    5n,
    127n,
    128n,
    255n,
    256n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 64n,
    2n ** 4_000n,
  ].flatMap((big) => [[big] as const, [-big] as const, [-big - 1n] as const]),
  'string, well-formed': [
    ...[0, 1, 31, 32, 40, 41, 255, 256, 65_535, 65_536].flatMap((length) =>
      ['a', 'é', '€', '😀'].map((unit) => [unit.repeat(length)] as const),
    ),
    ['\u0000\ufeff\ufffd\uffff'],
    ['\ufffd'.repeat(50)],
  ],
  Date: [
    [new Date(0)],
    [new Date(1_700_000_000_123)],
    [new Date(-1)],
    [new Date(8.64e15)],
    [new Date(-8.64e15)],
    [new Date(2 ** 34 * 1_000 + 7)],
  ],
  'Buffer, Uint8Array': [
    [Buffer.from('x')],
    [Uint8Array.of(1, 2), Buffer.from([1, 2])],
    [{ deep: [Buffer.alloc(70_000, 7)] }],
    [new Uint8Array(new SharedArrayBuffer(3)), Buffer.alloc(3)],
    [foreign('new Uint8Array([9])'), Buffer.from([9])],
  ],
  'the other typed arrays, ArrayBuffer, DataView': [
    [Float64Array.of(1.5, NaN, -0)],
    [{ v: Float32Array.of(0.5) }],
    [
      [
        Int8Array.of(-1),
        Uint8ClampedArray.of(255),
        Int16Array.of(-2),
        Uint16Array.of(3),
        Int32Array.of(-4),
        Uint32Array.of(5),
      ],
    ],
    [[BigInt64Array.of(-6n), BigUint64Array.of(7n)]],
    [new Float64Array(64)],
    [new Float64Array([0, 1, 2]).subarray(1, 2), Float64Array.of(1)],
    [new Float64Array(0)],
    [shared, Float64Array.of(1.5, -0)],
    [foreign('new Float64Array([2.5])'), Float64Array.of(2.5)],
    [Uint8Array.of(1, 2, 3).buffer],
    [new DataView(Uint8Array.of(1, 2, 3).buffer, 1), new DataView(Uint8Array.of(2, 3).buffer)],
  ],
  array: [
    [[]],
    [[1, ['x', [null]]]],
    [Object.freeze([1])],
    [foreign('[1, [2]]'), [1, [2]]],
    [Array.from({ length: 70_000 }, (_, i) => i)],
  ],
  'plain object': [
    [{}],
    [{ a: { b: {} }, '': 1, 'é😀': 2, constructor: 'x', toJSON: 5 }],
    [Object.freeze({ a: 1 })],
    [Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    [foreign('({ a: { b: [1] } })'), { a: { b: [1] } }],
    [
      Object.defineProperty(
        {
          get a() {
            return 1;
          },
        },
        'hidden',
        { value: 2 },
      ),
      { a: 1 },
    ],
    [new Proxy({ a: 1 }, {}), { a: 1 }],
    [Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`m${i}`, i]))],
  ],
  'Map with keys that are no objects': [
    [new Map()],
    [
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    ],
    [
      new Map<unknown, unknown>([
        ['2', 1],
        ['1', 2],
        [1, 3],
        [1n, 4],
        [true, 5],
        [null, 6],
        [NaN, 7],
        ['__proto__', 8],
      ]),
    ],
    [{ deep: [new Map([['in', new Map([[1, { a: 1 }]])]])] }],
    [foreign('new Map([[1, 2]])'), new Map([[1, 2]])],
  ],
  'Set of what is no object': [
    [new Set()],
    [new Set(['b', 'a', 1, 1n, null])],
    [{ s: new Set([1]) }],
    [foreign('new Set([1])'), new Set([1])],
  ],
  'object with a toJSON method': [
    [new Money(), { cents: 150 }],
    [{ at: new URL('http://a/b') }, { at: 'http://a/b' }],
    [{ toJSON: () => 5 }, 5],
    [
      new (class extends Map<number, number> {
        toJSON(): unknown {
          return [...this];
        }
      })([[1, 2]]),
      [[1, 2]],
    ],
  ],
  'object of a class, with members of its own': [
    [new Point(3, 4), { x: 3, y: 4 }],
    [[new Point(3, 4)], [{ x: 3, y: 4 }]],
  ],
};

/** A value, and the path to what is refused in it. */
const REFUSALS: Readonly<Record<string, readonly (readonly [unknown, string?])[]>> = {
  'function, symbol': [
    [() => 1],
    [Symbol('s')],
    [{ a: { f: () => 1 } }, '.a.f'],
    [
      new (class {
        readonly f = (): number => 1;
      })(),
      '.f',
    ],
  ],
  'string with half of a surrogate pair': [
    ...[0, 1, 10, 30, 45, 300, 70_000].flatMap((length) => [
      ['x'.repeat(length) + '\ud83d'] as const,
      ['\ude00' + 'x'.repeat(length)] as const,
      ['é'.repeat(length) + '\ude00\ud83d' + 'é'.repeat(length)] as const,
    ]),
    [{ '\ud83d': 1 }, '["\\ud83d"]'],
    [[new Map([['a\ud83d', 1]])], '[0].keys()[0]'],
    [new Set(['\ud83d']), '.values()[0]'],
  ],
  'invalid Date': [[{ values: [0, 0, 0, { when: new Date(NaN) }] }, '.values[3].when'], [new Date('x')]],
  'Date of a subclass': [[new (class Day extends Date {})()], [{ when: new (class Day extends Date {})() }, '.when']],
  'array with a hole, or of a subclass': [
    [holes(1), '[1]'],
    [{ a: holes(0) }, '.a[0]'],
    [new (class Row extends Array {})()],
  ],
  'member called `__proto__`': [[JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}'), '.a.__proto__']],
  'Map with an object as a key, with members, or of a subclass': [
    [new Map([[{}, 1]]), '.keys()[0]'],
    [Object.assign(new Map(), { more: 1 })],
    [new (class Registry extends Map<number, number> {})([[1, 2]])],
    [{ m: new Map([['k', new Map([[1, Symbol('s')]])]]) }, '.m.get("k").get(1)'],
  ],
  'Set of objects, with members, or of a subclass': [
    [new Set([1, {}]), '.values()[1]'],
    [new (class Tags extends Set {})()],
    [Object.assign(new Set(), { x: 1 })],
  ],
  SharedArrayBuffer: [[new SharedArrayBuffer(8)]],
  RegExp: [[/x/], [{ filter: /x/ }, '.filter'], [foreign('/x/')]],
  Error: [[new Error('x')], [[new TypeError('x')], '[0]'], [foreign('new Error("x")')]],
  Promise: [[Promise.resolve(1)], [{ p: Promise.resolve(1) }, '.p']],
  'boxed value, as of new Number(1)': [[Object(1)], [Object('x')], [Object(true)], [Object(1n)], [Object(Symbol('s'))]],
  'object of a class, without members of its own': [
    [new Secret()],
    [{ s: new (class {})() }, '.s'],
    [Object.create({ a: 1 })],
  ],
  'any other object that is built in or names itself with Symbol.toStringTag': [
    [new WeakMap()],
    [new WeakRef({})],
    [new URLSearchParams('a=1')],
    [(function* () {})()],
    [
      (function () {
        return arguments;
      })(),
    ],
    [new (class X extends Uint8Array {})(1)],
    [new (class D extends Date {})()],
    [Object.assign(Object.create({ [Symbol.toStringTag]: 'Map' }) as object, { a: 1 })],
    [foreign('[].values()')],
  ],
  circle: [
    [
      (() => {
        const a: Record<string, unknown> = {};
        a['self'] = a;
        return a;
      })(),
      '.self',
    ],
    [
      (() => {
        const b: unknown[] = [];
        b.push({ list: b });
        return { b };
      })(),
      '.b[0].list',
    ],
    [
      (() => {
        const m = new Map();
        m.set('m', m);
        return m;
      })(),
      '.get("m")',
    ],
  ],
  'objects in objects, more than 512 deep': [[nested(VALUE_LIMITS.depthMax + 1)], [nested(100_000)]],
};

function holes(before: number): number[] {
  const list = Array.from({ length: before }, () => 1);
  list.length = before + 2;
  return list;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

function refusalOf(value: unknown): MajordomoError {
  try {
    encodeBody(value);
  } catch (error) {
    return error as MajordomoError;
  }
  throw new Error('it was encoded');
}

test('every row has examples, and every example a row', () => {
  expect(Object.keys(ARRIVING)).toEqual(TRAVELLING.map(({ kind }) => kind));
  expect(Object.keys(REFUSALS)).toEqual(REFUSED.map(({ kind }) => kind));
});

test.each(Object.entries(ARRIVING))('%s: it arrives as the table says', (_kind, examples) => {
  for (const [sent, arrived = sent] of examples) {
    const came = there(sent);
    expect(isDeepStrictEqual(came, arrived) ? 'equal' : came).toBe('equal');
  }
});

test.each(Object.entries(REFUSALS))('%s: UNENCODABLE, and the path says where', (_kind, examples) => {
  for (const [value, path = ''] of examples) {
    const error = refusalOf(value);
    expect(error).toMatchObject({ code: 'UNENCODABLE', ran: 'no' });
    const isTooDeep = error.message.includes('nested more than');
    expect(isTooDeep ? path : error.details['path']).toBe(path);
    expect(error.message).toContain(path === '' ? 'this value cannot be sent' : `cannot be sent at ${path}: `);
    expect(error.message).not.toMatch(/\p{Surrogate}/u);
  }
});

test('the deepest value that travels does', () => {
  expect(there(nested(VALUE_LIMITS.depthMax))).toEqual(nested(VALUE_LIMITS.depthMax));
});

test('docs/values.md has these rows and no others', () => {
  const text = readFileSync(new URL('../../../../docs/values.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:-|what you send|what is refused)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const expected = [
    ...TRAVELLING.map(({ kind, arrives, written }) => [kind, arrives, written]),
    ...REFUSED.map(({ kind, instead }) => [kind, instead]),
  ];
  expect(rows).toEqual(expected);
});
