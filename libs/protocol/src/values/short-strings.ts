// Reads short ASCII strings without a call into the runtime, and member names without making them anew.
//
// H1. A name is found by its length and three of its bytes, and compared byte by byte: what else was read before decides nothing.

/** Longer strings are faster read by the runtime. */
export const SHORT_LENGTH_MAX = 24;
/** A service has some tens of names. */
const NAMES_MAX = 512;

const { fromCharCode } = String;

/** @returns undefined when it is not ASCII. `at` to `at + length` lies within the bytes; `length` is at most SHORT_LENGTH_MAX. */
export function shortText(bytes: Uint8Array, at: number, length: number): string | undefined {
  const end = at + length;
  let all = 0;
  for (let i = at; i < end; i++) all |= bytes[i] as number;
  if (all >= 0x80) return undefined;
  let text = '';
  let i = at;
  for (; end - i >= 8; i += 8) text += eight(bytes, i);
  for (; end - i >= 3; i += 3) text += fromCharCode(bytes[i] as number, bytes[i + 1] as number, bytes[i + 2] as number);
  for (; i < end; i++) text += fromCharCode(bytes[i] as number);
  return text;
}

function eight(b: Uint8Array, i: number): string {
  return fromCharCode(
    b[i] as number,
    b[i + 1] as number,
    b[i + 2] as number,
    b[i + 3] as number,
    b[i + 4] as number,
    b[i + 5] as number,
    b[i + 6] as number,
    b[i + 7] as number,
  );
}

export class ShortNames {
  readonly #names: (string | undefined)[] = Array.from({ length: NAMES_MAX });

  /** As `shortText`, for a name that is likely to come again. */
  read(bytes: Uint8Array, at: number, length: number): string | undefined {
    const last = at + length - 1;
    const mark =
      length === 0
        ? 0
        : (bytes[at] as number) * 31 + (bytes[last] as number) * 7 + (bytes[(at + last) >> 1] as number) + length * 61;
    const place = mark % NAMES_MAX;
    const known = this.#names[place];
    if (known !== undefined && isAt(known, bytes, at, length)) return known;
    const text = shortText(bytes, at, length);
    if (text !== undefined) this.#names[place] = text;
    return text;
  }
}

/** H1. */
function isAt(name: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}
