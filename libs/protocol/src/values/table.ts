// What may travel, and what may not: the one table. docs/values.md says the same, and a test holds the two together.

/** A kind that travels. */
export interface TravellingRow {
  readonly kind: string;
  readonly arrives: string;
  /** In terms of MessagePack. */
  readonly written: string;
}

/** A kind that is refused as UNENCODABLE. */
export interface RefusedRow {
  readonly kind: string;
  /** What objects of it are called by the language; none where that does not tell them. */
  readonly names: readonly string[];
  /** What to do. */
  readonly instead: string;
}

export const TRAVELLING: readonly TravellingRow[] = [
  { kind: 'undefined, as the whole value', arrives: 'equal', written: 'no bytes at all' },
  { kind: 'undefined, as an element or in a Map or Set', arrives: 'equal', written: 'extension 0' },
  {
    kind: 'undefined, as a member',
    arrives: 'as no member, as in JSON: reading it gives undefined',
    written: 'nothing',
  },
  { kind: 'null, booleans', arrives: 'equal', written: 'nil, bool' },
  {
    kind: 'number',
    arrives: 'equal, with NaN, the infinities and -0',
    written: 'safe integers as int or uint in the shortest form, others and -0 as float 64',
  },
  {
    kind: 'BigInt',
    arrives: 'equal',
    written: 'int 64 or uint 64 beyond ±2^53, as long as it fits; else extension 66',
  },
  { kind: 'string, well-formed', arrives: 'equal', written: 'str, UTF-8' },
  { kind: 'Date', arrives: 'equal, to the millisecond', written: 'timestamp (extension -1)' },
  { kind: 'Buffer, Uint8Array', arrives: 'as a Buffer with the same bytes', written: 'bin' },
  {
    kind: 'the other typed arrays, ArrayBuffer, DataView',
    arrives: 'equal, in memory of its own, which is not shared',
    written: 'extension 116',
  },
  { kind: 'array', arrives: 'equal: its elements', written: 'array' },
  { kind: 'plain object', arrives: 'equal: its own enumerable members that a string names', written: 'map' },
  { kind: 'Map with keys that are no objects', arrives: 'equal, in the same order', written: 'extension 77' },
  { kind: 'Set of what is no object', arrives: 'equal, in the same order', written: 'extension 83' },
  { kind: 'object with a toJSON method', arrives: 'as what toJSON() returns', written: 'as that' },
  {
    kind: 'object of a class, with members of its own',
    arrives: 'as a plain object with these members',
    written: 'map',
  },
];

const OBJECT = 'send a plain object, or give its class a toJSON method';

export const REFUSED: readonly RefusedRow[] = [
  { kind: 'function, symbol', names: [], instead: 'send what it stands for' },
  { kind: 'string with half of a surrogate pair', names: [], instead: 'mend it with toWellFormed()' },
  { kind: 'invalid Date', names: [], instead: 'send null' },
  { kind: 'Date of a subclass', names: ['Date'], instead: 'send a plain one: new Date(it)' },
  {
    kind: 'array with a hole, or of a subclass',
    names: ['Array'],
    instead: 'send a plain array without holes: Array.from(it)',
  },
  { kind: 'member called `__proto__`', names: [], instead: 'use another name, or a Map' },
  {
    kind: 'Map with an object as a key, with members, or of a subclass',
    names: ['Map'],
    instead: 'send an array of pairs',
  },
  { kind: 'Set of objects, with members, or of a subclass', names: ['Set'], instead: 'send an array' },
  { kind: 'SharedArrayBuffer', names: ['SharedArrayBuffer'], instead: 'send a Uint8Array of it' },
  { kind: 'RegExp', names: ['RegExp'], instead: 'send its source and flags' },
  { kind: 'Error', names: ['Error'], instead: 'send what it says, or throw it' },
  { kind: 'Promise', names: ['Promise'], instead: 'await it first' },
  {
    kind: 'boxed value, as of new Number(1)',
    names: ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'],
    instead: 'send its valueOf()',
  },
  { kind: 'object of a class, without members of its own', names: ['Object'], instead: OBJECT },
  { kind: 'any other object that is built in or names itself with Symbol.toStringTag', names: [], instead: OBJECT },
  { kind: 'circle', names: [], instead: 'send an id in the place of the object' },
  { kind: 'objects in objects, more than 512 deep', names: [], instead: 'send a list with ids' },
];

/** @param name by which the language calls an object that is refused. */
export function insteadOf(name: string): string {
  return REFUSED.find(({ names }) => names.includes(name))?.instead ?? OBJECT;
}
