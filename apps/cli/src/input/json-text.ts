// JSON typed by hand, on a command line or piped in; when it is wrong, where it is wrong.
//
// T1. parseJson decides what is JSON: it loses no digit of an integer. The scanner only looks for the place, which JSON.parse does not tell for short texts.

import { parseJson } from '@majordomo/protocol';
import { UsageError } from '../settings/usage-error.js';
import { faultOf } from './json-scanner.js';

/** How much of a long text is shown around the place. */
const EXCERPT = 32;

/**
 * @param source what is told to have been wrong: `the argument`, `stdin`.
 * @throws UsageError that says where, with the text around the place.
 */
export function readJson(text: string, source: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new UsageError([isComplete(text) ? `${source}: ${(error as Error).message}` : problemWith(text, source)]);
  }
}

/** Is it JSON, with a number in it that is beyond all numbers? */
function isComplete(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function problemWith(text: string, source: string): string {
  if (text.trim() === '') return `${source} is empty: JSON is expected, for example '{"sku":"a"}'`;
  const at = faultOf(text);
  const place = placeOf(text, at);
  if (at >= text.length) return `${source} is not JSON: it ends too early, at ${place}: ${excerpt(text, at)}`;
  const hint = hintFor(text, at);
  return `${source} is not JSON: unexpected ${JSON.stringify(charAt(text, at))} at ${place}: ${excerpt(text, at)}${hint}`;
}

function charAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  const column = Array.from(before.at(-1) ?? '').length + 1;
  return text.includes('\n') ? `line ${before.length}, column ${column}` : `column ${column}`;
}

/** The line around the place, with a mark before the place. */
function excerpt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const from = Math.max(start, at - EXCERPT);
  const to = Math.min(end < 0 ? text.length : end, at + EXCERPT);
  return `${from > start ? '…' : ''}${text.slice(from, at)}»${text.slice(at, to)}${to < (end < 0 ? text.length : end) ? '…' : ''}`;
}

/** A bare word is most often a text whose quotes the shell has eaten. */
function hintFor(text: string, at: number): string {
  if (!/[A-Za-z_']/.test(text[at] ?? '')) return '';
  return ` (texts and names stand in double quotes; in a shell, put single quotes around the whole: '{"sku":"a"}')`;
}
