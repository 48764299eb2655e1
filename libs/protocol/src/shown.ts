// A value in the sentence of an error: short, and without its content where that may be large.

import { boundedText } from './thrown.js';

/** Of a text in a message, in characters. */
export const SHOWN_LENGTH_MAX = 100;

/** `"tcp://…"`, `5`, `null`, `an array`, `a function`. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(boundedText(value, SHOWN_LENGTH_MAX));
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : isArray(value) ? 'an array' : 'an object';
    default:
      return boundedText(String(value), SHOWN_LENGTH_MAX);
  }
}

/** A revoked proxy throws when it is asked. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
