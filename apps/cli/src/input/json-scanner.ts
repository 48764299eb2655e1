// Where does a text stop being JSON? A scanner that keeps only what is open and what must come next.

// Each is tried at one place only.
const SPACE = /[ \t\n\r]*/y;
// Everything from the space on, less the quote and the backslash.
const STRING = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const STRING_PART = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function lengthOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** What must come next: a value, the first of an array or object (which may close at once), a key, a colon, or what follows a value. */
type Awaiting = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'after';

class Scanner {
  at = 0;
  readonly #text: string;
  /** The brackets that are open, by what closes them. */
  readonly #open: string[] = [];
  #awaiting: Awaiting = 'value';

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes past one token. @returns false when it cannot: `at` is where it goes wrong. */
  step(): boolean {
    this.at += lengthOf(SPACE, this.#text, this.at);
    const here = this.#text[this.at];
    if (here === undefined) return false;
    switch (this.#awaiting) {
      case 'after':
        return this.#after(here);
      case 'colon':
        return here === ':' && this.#take(1, 'value');
      case 'key':
        return this.#string('colon');
      case 'first-key':
        return here === '}' ? this.#close() : this.#string('colon');
      case 'first-value':
        return here === ']' ? this.#close() : this.#value(here);
      case 'value':
        return this.#value(here);
      default:
        return this.#awaiting satisfies never;
    }
  }

  #take(length: number, awaiting: Awaiting): boolean {
    this.at += length;
    this.#awaiting = awaiting;
    return true;
  }

  #close(): boolean {
    this.#open.pop();
    return this.#take(1, 'after');
  }

  #after(here: string): boolean {
    const closing = this.#open.at(-1);
    if (closing === undefined) return false;
    if (here === closing) return this.#close();
    return here === ',' && this.#take(1, closing === '}' ? 'key' : 'value');
  }

  #value(here: string): boolean {
    if (here === '"') return this.#string('after');
    if (here === '{' || here === '[') {
      this.#open.push(here === '{' ? '}' : ']');
      return this.#take(1, here === '{' ? 'first-key' : 'first-value');
    }
    const length = lengthOf(SCALAR, this.#text, this.at);
    return length > 0 && this.#take(length, 'after');
  }

  #string(awaiting: Awaiting): boolean {
    const length = lengthOf(STRING, this.#text, this.at);
    if (length > 0) return this.#take(length, awaiting);
    this.at += lengthOf(STRING_PART, this.#text, this.at);
    return false;
  }
}

/**
 * @param text something that JSON.parse refused.
 * @returns the offset of the first character that cannot stand where it does; the length of the text when it only ends too early.
 */
export function faultOf(text: string): number {
  const scanner = new Scanner(text);
  while (scanner.step());
  return scanner.at;
}
