// The one door of the protocol: words, wire, limits, errors, and the pure pieces that two ends share.

export * from './allowance.js';
export * from './body.js';
export * from './chance.js';
export * from './contract.js';
export * from './digest.js';
export * from './errors.js';
export * from './limits.js';
export * from './list.js';
export * from './liveness.js';
export * from './machine.js';
export * from './names.js';
export { NumberMap } from './number-map.js';
export { nearestName } from './nearest.js';
export * from './option-rules.js';
export * from './options.js';
export { plainText } from './plain-text.js';
export * from './peer/broker-links.js';
export { plainCopy, type CopyBounds, type LeafCopy } from './plain-copy.js';
export * from './records.js';
export { shown } from './shown.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js';
export {
  boundedText,
  hasMember,
  isError,
  isInstance,
  isNamed,
  member,
  readThrown,
  stackText,
  type Thrown,
} from './thrown.js';
export { thrownDetails, type ThrownDetails } from './thrown-details.js';
export { isWellFormed, wellFormed } from './text.js';
export * from './timers.js';
export { keptBytes } from './values/binary.js';
export { bytesOfView, isBytes, isRecord } from './values/kinds.js';
export { parseJson } from './values/json-read.js';
export { writeJsonText } from './values/json-write.js';
export { REFUSED, TRAVELLING, type RefusedRow, type TravellingRow } from './values/table.js';
export { decodeMessage, isNative, type Decoded, type Fault, type FaultName } from './wire/decode.js';
export { encodeMessages, type Message } from './wire/encode.js';
