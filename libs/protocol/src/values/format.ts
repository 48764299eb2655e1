// The bytes by which MessagePack and this project's extensions of it are known (docs/values.md).

/** First bytes of the MessagePack format. Those that carry a length in their low bits are given with length 0. */
export const Token = {
  fixMap: 0x80,
  fixArray: 0x90,
  fixString: 0xa0,
  nil: 0xc0,
  no: 0xc2,
  yes: 0xc3,
  bin8: 0xc4,
  bin16: 0xc5,
  bin32: 0xc6,
  ext8: 0xc7,
  ext16: 0xc8,
  ext32: 0xc9,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  fixExt1: 0xd4,
  fixExt2: 0xd5,
  fixExt4: 0xd6,
  fixExt8: 0xd7,
  fixExt16: 0xd8,
  string8: 0xd9,
  string16: 0xda,
  string32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
  negative: 0xe0,
} as const;

/** Types of extensions. Each is a MessagePack extension with a length, so that a reader that does not know it can go past it. */
export const Extension = {
  /** One zero byte. */
  undefined: 0x00,
  /** A big integer in two's complement, big-endian. */
  bigint: 0x42,
  /** A MessagePack map whose keys are not only strings, or that was a Map. */
  map: 0x4d,
  /** A MessagePack array. */
  set: 0x53,
  /** One byte that says which kind of array, then its bytes, little-endian. */
  typedArray: 0x74,
  /** MessagePack's own timestamp, type -1. */
  timestamp: 0xff,
} as const;

/** The second byte of a typed array: the place of its name in this list. */
export const ARRAY_KINDS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;

export const ARRAY_BUFFER_KIND = 16;
export const DATA_VIEW_KIND = 17;
