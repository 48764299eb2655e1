// Text of strangers in logs: without what a terminal would obey, and not at any length.

/** Longer than any reason that a broker writes. */
const CHARACTERS_MAX = 600;

/** @returns the text with every control or format character and line break as `\u{1b}`, cut off after 600 characters. */
export function plainText(text: string): string {
  return text.slice(0, CHARACTERS_MAX).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => {
    return `\\u{${(char.codePointAt(0) as number).toString(16)}}`;
  });
}
