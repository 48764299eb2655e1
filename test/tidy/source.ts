// A source text taken apart far enough for the house rules: what is code, what is comment, and what it imports.
//
// It is a scanner, not a parser: the rules must need no tool that could be missing or have another idea of the language.
// S1. Masking keeps every offset and every line break, so that a place in one view is the same place in all.

/** One text, in the views that the rules look at. All have the same length. */
export interface Source {
  /** As it stands in the file. */
  readonly text: string;
  /** Comments, and what is inside strings, templates and regular expressions, are blanks; the quotes stay. */
  readonly code: string;
  /** Everything that is imported, re-exported or required, types included, in order. */
  readonly imports: readonly string[];
  /** Everything named with `new URL(…, import.meta.url)`: files that are run or read, but not imported. */
  readonly urls: readonly string[];
}

// A slash begins a regular expression, not a division, after one of these or at the start of the text.
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await))$/;

// The end of what begins at `at`, just past it. An unclosed token ends with the text.
function endOf(text: string, at: number, closing: string): number {
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text.startsWith(closing, i)) return i + closing.length;
  }
  return text.length;
}

function endOfComment(text: string, at: number): number {
  const closing = text[at + 1] === '*' ? '*/' : '\n';
  const found = text.indexOf(closing, at + 2);
  if (found < 0) return text.length;
  return closing === '\n' ? found : found + 2;
}

function endOfRegExp(text: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < text.length && text[i] !== '\n'; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
    else if (text[i] === '/' && !inClass) return i + 1;
  }
  return at + 1;
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

// Keeps the first and the last character of a token, so that a string is still seen to be one.
function hollow(token: string): string {
  return token.length < 2 ? token : `${token[0]}${blank(token.slice(1, -1))}${token.at(-1)}`;
}

/** The text with comments and the insides of strings, templates and regular expressions blanked (S1); `${…}` in templates stays. */
export function mask(text: string): string {
  let out = '';
  // One entry for each template that is open around this place: how many braces are open inside its `${`.
  const braces: number[] = [];
  let at = 0;
  const take = (end: number, view: (token: string) => string): void => {
    out += view(text.slice(at, end));
    at = end;
  };
  const template = (): void => {
    let end = at + 1;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1;
    if (text.startsWith('${', end)) {
      braces.push(0);
      take(end + 2, (token) => `${token[0]}${blank(token.slice(1, -2))}\${`);
    } else take(end + 1, hollow);
  };
  while (at < text.length) {
    const here = text[at];
    const depth = braces.at(-1);
    if (here === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) take(endOfComment(text, at), blank);
    else if (here === "'" || here === '"') take(endOf(text, at + 1, here), hollow);
    else if (here === '`') template();
    else if (here === '}' && depth === 0) {
      braces.pop();
      template();
    } else if (here === '/' && BEFORE_REGEXP.test(out.trimEnd().slice(-12))) take(endOfRegExp(text, at), hollow);
    else {
      if (depth !== undefined && here === '{') braces.push((braces.pop() ?? 0) + 1);
      if (depth !== undefined && here === '}') braces.push((braces.pop() ?? 0) - 1);
      take(at + 1, (token) => token);
    }
  }
  return out;
}

const QUOTED = `(?:'[^'\\n]*'|"[^"\\n]*")`;
const IMPORT = new RegExp(
  `(?<![.\\w$#])(?:from\\s*|import\\s*|(?:import|require|require\\.resolve)\\s*\\(\\s*)(${QUOTED})`,
  'g',
);
const MODULE_URL = new RegExp(`\\bnew\\s+URL\\s*\\(\\s*(${QUOTED})\\s*,\\s*import\\.meta\\.url`, 'g');

// What stands in the text where the pattern's first group found an emptied string in the code.
function quotedIn(text: string, code: string, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map((match) => {
    const quoted = match[1] ?? '';
    const start = match.index + match[0].indexOf(quoted) + 1;
    return text.slice(start, start + quoted.length - 2);
  });
}

/** Takes a text apart. */
export function sourceOf(text: string): Source {
  const code = mask(text);
  return { text, code, imports: quotedIn(text, code, IMPORT), urls: quotedIn(text, code, MODULE_URL) };
}

/** The number of the line, from 1, in which this offset lies. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
