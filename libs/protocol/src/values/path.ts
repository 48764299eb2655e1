// Where in a value something stands, written as JavaScript would write it: `.values[3].when`.

import { VALUE_LIMITS } from '../limits.js';

/** A member by its name, an element by its place, and what stands in a Map or a Set. */
export type Step =
  | string
  | number
  | { readonly in: 'key' | 'member'; readonly place: number }
  | { readonly in: 'value'; readonly key: unknown };

const NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** @returns '' for the value itself. Always well-formed and at most `pathLengthMax` characters long: the end is what is kept. */
export function pathText(steps: readonly Step[]): string {
  const text = steps.map(stepText).join('');
  const most = VALUE_LIMITS.pathLengthMax;
  return text.length <= most ? text : `…${text.slice(1 - most)}`;
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'string') return NAME.test(step) && step.length <= KEY_LENGTH ? `.${step}` : `[${quoted(step)}]`;
  if (step.in === 'value') return `.get(${typeof step.key === 'string' ? quoted(step.key) : String(step.key)})`;
  return `.${step.in === 'key' ? 'keys' : 'values'}()[${step.place}]`;
}

const KEY_LENGTH = 64;

/** JSON escapes what is not well-formed. */
function quoted(key: string): string {
  return JSON.stringify(key.length <= KEY_LENGTH ? key : `${key.slice(0, KEY_LENGTH)}…`);
}
