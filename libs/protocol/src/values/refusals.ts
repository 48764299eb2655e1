// Why a value cannot be sent, and where in it: the words of UNENCODABLE.

import { MajordomoError } from '../errors.js';
import { boundedText, isInstance, readThrown } from '../thrown.js';
import { namesOf } from './kinds.js';
import { pathText, type Step } from './path.js';
import { insteadOf } from './table.js';

/** Thrown by an encoder where something cannot be written; it adds where that is. */
export class Refusal {
  constructor(readonly reason: string) {}
}

export const HALF_PAIR = 'the string has half of a surrogate pair, which has no UTF-8; toWellFormed() replaces it';
export const BAD_NAME = 'a member cannot have this name: it is __proto__, or has half of a surrogate pair';

/** Of a Proxy of an array, which may answer anything. */
export const BAD_LENGTH = 'its length is not that of an array';

/** @param value of a kind that does not travel. */
export function reasonAgainst(value: unknown): string {
  if (typeof value === 'function') return 'a function cannot be sent';
  if (typeof value === 'symbol') return 'a symbol cannot be sent';
  if (typeof value !== 'object' || value === null) return `${String(value)} cannot be sent`;
  const [tag, name] = namesOf(value);
  return `an object of ${name} cannot be sent: ${insteadOf(tag)}`;
}

/**
 * @param thrown a Refusal, or what user code threw while the value was read.
 * @param path to what could not be written.
 * @param parents what it is in, outermost first.
 */
export function unencodable(thrown: unknown, path: readonly Step[], parents: readonly object[] = []): MajordomoError {
  const turn = parents.findIndex((parent, i) => parents.indexOf(parent) < i);
  // A circle is as deep as the encoder goes; where it closes is what helps.
  const where = pathText(turn < 0 ? path : path.slice(0, turn));
  const reason = turn < 0 ? reasonOf(thrown) : 'it is circular: it is in itself';
  const init = { details: { path: where }, ...(isRefusal(thrown) ? {} : { cause: thrown }) };
  return new MajordomoError(
    'UNENCODABLE',
    `this value cannot be sent${where === '' ? '' : ` at ${where}`}: ${reason}`,
    init,
  );
}

/** User code may have thrown anything, and the stack may have been nearly full when the encoder was called. */
function reasonOf(thrown: unknown): string {
  return isRefusal(thrown) ? thrown.reason : `reading it failed: ${boundedText(readThrown(thrown).message, 1_000)}`;
}

function isRefusal(thrown: unknown): thrown is Refusal {
  return isInstance(thrown, Refusal);
}
