// What kind of object a value is, whichever realm it comes from: a test of Jest and a context of node:vm have an Array of their own.
//
// K1. What an object is called decides nothing; where it has internal state, that is asked.
// K2. A subclass is another kind: its class would not arrive, nor what it adds.

/** What the encoder knows how to write; `instance` is an object of a class, anything else is refused unless it has toJSON. */
export type ObjectKind =
  | 'array'
  | 'bytes'
  | 'date'
  | 'instance'
  | 'map'
  | 'object'
  | 'other'
  | 'set'
  | 'typedArray'
  | 'arrayBuffer'
  | 'dataView';

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayName = getterOf(typedArrayPrototype, Symbol.toStringTag);
const typedArrayLength = getterOf(typedArrayPrototype, 'length');
const typedArrayMemory = memoryGetters(typedArrayPrototype);
const dataViewMemory = memoryGetters(DataView.prototype);
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const timeOf = (value: object): unknown => Date.prototype.getTime.call(value);

function getterOf(prototype: object, name: PropertyKey): (value: object) => unknown {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  return (value) => descriptor?.get?.call(value) as unknown;
}

function memoryGetters(prototype: object): readonly ((value: object) => unknown)[] {
  return ['buffer', 'byteOffset', 'byteLength'].map((name) => getterOf(prototype, name));
}

/** How many bytes a Uint8Array has, also when a member of its own called `length` differs (K1). */
export function lengthOfBytes(bytes: Uint8Array): number {
  return typedArrayLength(bytes) as number;
}

/** The bytes of a typed array or a DataView, also when members of its own differ (K1). */
export function bytesOfView(view: ArrayBufferView): Uint8Array {
  const getters = nameOfTypedArray(view) === undefined ? dataViewMemory : typedArrayMemory;
  const [buffer, byteOffset, byteLength] = getters.map((get) => get(view));
  return new Uint8Array(buffer as ArrayBuffer, byteOffset as number, byteLength as number);
}

/** Is it a Uint8Array, whatever its class and realm? A Proxy of one is not. Never throws. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && nameOfTypedArray(value) === 'Uint8Array';
}

/** Is it a Buffer or a Uint8Array of this realm, of no subclass and no Proxy? Never throws. */
export function isPlainBytes(value: unknown): value is Uint8Array {
  if (!isBytes(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Buffer.prototype || prototype === Uint8Array.prototype;
}

/** `Float64Array` and the like; undefined for what is no typed array. */
export function nameOfTypedArray(value: object): string | undefined {
  return typedArrayName(value) as string | undefined;
}

/** What an object is called: by the language, and by its class, for messages. */
export function namesOf(value: object): readonly [string, string] {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const { constructor } = value as { constructor?: unknown };
  return [tag, typeof constructor === 'function' && constructor.name !== '' ? constructor.name : tag];
}

/**
 * @param prototype of the value.
 * @throws whatever a Proxy or a getter of the object throws.
 */
export function kindOf(value: object, prototype: object | null): ObjectKind {
  if (prototype === null || prototype === Object.prototype) return hasState(value) ? 'other' : 'object';
  if (Array.isArray(value)) return Array.isArray(prototype) ? 'array' : 'other'; // K2
  if (ArrayBuffer.isView(value)) return kindOfView(value, prototype);
  const parent = Object.getPrototypeOf(prototype) as object | null;
  const isDirect = parent !== null && Object.getPrototypeOf(parent) === null; // K2
  switch (Object.prototype.toString.call(value)) {
    case '[object Object]':
      // The Object.prototype of another realm has no prototype either.
      if (parent === null) return 'object';
      // A Proxy of a typed array: its members would arrive as those of a plain object.
      return Object.hasOwn(prototype, 'BYTES_PER_ELEMENT') ? 'other' : 'instance';
    case '[object Date]':
      return isDirect && has(timeOf, value) ? 'date' : 'other';
    case '[object Map]':
      return isDirect && has(mapSize, value) ? 'map' : 'other';
    case '[object Set]':
      return isDirect && has(setSize, value) ? 'set' : 'other';
    case '[object ArrayBuffer]':
      return isDirect && has(bufferLength, value) ? 'arrayBuffer' : 'other';
    default:
      return 'other';
  }
}

/** Is all that it contains in its members? A Map, a Date or the Headers of fetch have theirs elsewhere. Never throws. */
export function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const kind = kindOf(value, Object.getPrototypeOf(value) as object | null);
    return kind === 'object' || kind === 'instance';
  } catch {
    return false;
  }
}

/** Something built in whose prototype was taken away, or an `arguments`. */
function hasState(value: object): boolean {
  return (
    Array.isArray(value) || ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== '[object Object]'
  );
}

function kindOfView(value: ArrayBufferView, prototype: object): ObjectKind {
  const name = nameOfTypedArray(value);
  if (prototype === Buffer.prototype) return name === 'Uint8Array' ? 'bytes' : 'other';
  if (name === undefined) return Object.hasOwn(prototype, 'byteLength') ? 'dataView' : 'other';
  if (!Object.hasOwn(prototype, 'BYTES_PER_ELEMENT')) return 'other'; // K2
  return name === 'Uint8Array' ? 'bytes' : 'typedArray';
}

/** K1 */
function has(state: (value: object) => unknown, value: object): boolean {
  try {
    state(value);
    return true;
  } catch {
    return false;
  }
}
