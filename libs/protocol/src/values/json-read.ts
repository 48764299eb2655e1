// JSON to values without losing a digit: an integer that no number holds is a BigInt.

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
/** Only with one of these can a number be too large for JSON.parse. */
const LARGE = /\d{16}|[eE]\+?\d{3}/;
const TWO_53 = 2n ** 53n;

/**
 * As JSON.parse.
 *
 * @throws SyntaxError for what is not JSON, and for a number beyond the largest that there is.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LARGE.test(text)) return value;
  let hasBig = false;
  const mark = markFor(text);
  const marked = text.replace(TOKEN, (token) => {
    if (!isBig(token)) return token;
    hasBig = true;
    return `"${mark}${token}"`;
  });
  if (!hasBig) return value;
  const isMarked = (each: unknown): each is string => typeof each === 'string' && each.startsWith(mark);
  return JSON.parse(marked, (_name, each: unknown) => (isMarked(each) ? BigInt(each.slice(mark.length)) : each));
}

function isBig(token: string): boolean {
  if (token.startsWith('"')) return false;
  if (!Number.isFinite(Number(token))) throw new SyntaxError(`${token.slice(0, 40)} is larger than a number can be`);
  if (!INTEGER.test(token)) return false;
  const integer = BigInt(token);
  return integer > TWO_53 || integer < -TWO_53;
}

/** What no string of this text begins with. */
function markFor(text: string): string {
  const strings: string[] = [];
  JSON.parse(text, (_name, each: unknown) => {
    if (typeof each === 'string') strings.push(each);
    return each;
  });
  let mark = '#';
  while (strings.some((each) => each.startsWith(mark))) mark += '#';
  return mark;
}
