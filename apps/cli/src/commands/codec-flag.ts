// --codec: how the bytes of plain Majordomo workers are written and read, and how they are shown (docs/mdp.md M9).

import type { Codec } from '@majordomo/client';

const CODECS: readonly Codec[] = ['msgpack', 'json', 'raw'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param problems what is wrong with the flag is added to it. @returns undefined when it was not given. */
export function readCodec(flags: Readonly<Record<string, unknown>>, problems: string[]): Codec | undefined {
  const { codec } = flags;
  if (typeof codec !== 'string') return undefined;
  const found = CODECS.find((each) => each === codec);
  if (found === undefined) problems.push(`--codec ${codec}: must be msgpack, json or raw`);
  return found;
}

/** A raw answer is bytes, or a list of them: what is text in UTF-8 is shown as text. Other answers are shown as they are. */
export function readable(value: unknown, codec: Codec | undefined): unknown {
  if (codec !== 'raw') return value;
  return Array.isArray(value) ? value.map(textOf) : textOf(value);
}

function textOf(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  try {
    return utf8.decode(value);
  } catch {
    return value;
  }
}
