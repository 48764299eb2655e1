// The house rules about documents: that what they name exists, and that what they promise is tested.
//
// R1. As in source-rules.ts: each entry of an answer names the place and what is wrong there.
import { isSpec, type House } from './house.js';

/** What the catalogue of @majordomo/protocol says of one code; docs/errors.md must say the same. */
export interface CatalogueRow {
  readonly number: number;
  readonly retryable: boolean;
  readonly ran: string;
  readonly help: string;
}

const FRONT_PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];

// Fenced blocks hold commands and output, in which a backtick means something else. The line count is kept.
const withoutFences = (text: string): string =>
  text.replace(/^([ \t]*)(```+|~~~+)[^\n]*\n[\s\S]*?^[ \t]*\2[ \t]*$/gm, (block) => block.replace(/[^\n]/g, ''));

// `*` stands for anything within one folder, `**` for any folders.
function globOf(path: string): RegExp {
  const parts = path.split(/(\*\*\/?|\*)/).map((part) => {
    if (part.startsWith('**')) return '.*';
    return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

function exists(house: House, path: string): boolean {
  const wanted = path.replace(/\/$/, '');
  if (wanted.includes('*')) return house.paths.some((found) => globOf(wanted).test(found));
  return house.paths.some((found) => found === wanted || found.startsWith(`${wanted}/`));
}

// A path in the text of a document: less a line number or an anchor. Built files and patterns like `NNNN-title` are no paths.
function namedPath(token: string): string | undefined {
  const path = /^(?:apps|libs|test|docs|tools|examples)\/[^\s`]*/.exec(token)?.[0]?.replace(/[:#].*$|[.,;)]+$/g, '');
  return path === undefined || /NNNN|[<>{}…]|\.\.\.|\/(?:dist|node_modules)(?:\/|$)/.test(path) ? undefined : path;
}

/** Paths in backticks that lead nowhere, and front pages that are missing. */
export function deadPaths(house: House): string[] {
  const missing = FRONT_PAGES.filter((page) => house.text(page) === undefined).map((page) => `${page} is missing`);
  const pages = house.paths.filter((path) => FRONT_PAGES.includes(path) || /^docs\/.+\.md$/.test(path));
  const dead = pages.flatMap((page) =>
    [...withoutFences(house.text(page) ?? '').matchAll(/`([^`\n]+)`/g)].flatMap((match) => {
      const path = namedPath(match[1] ?? '');
      return path === undefined || exists(house, path) ? [] : [`${page}: ${path}`];
    }),
  );
  return [...missing, ...dead];
}

const ERROR_ROW = /^\|\s*`([A-Z][A-Z0-9_]*)`\s*\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)\|\s*$/gm;

function rowFaults(code: string, cells: readonly string[], row: CatalogueRow): string[] {
  const [number = '', retryable = '', ran = '', help = ''] = cells.map((cell) => cell.trim());
  const faults: string[] = [];
  if (number !== String(row.number)) faults.push(`number is ${row.number}, not "${number}"`);
  if (retryable !== (row.retryable ? 'yes' : 'no')) faults.push(`retryable is ${row.retryable}, not "${retryable}"`);
  if (ran.replace(/[`"]/g, '') !== row.ran) faults.push(`ran is ${row.ran}, not "${ran}"`);
  if (help === '') faults.push('it has no help');
  return faults.map((fault) => `docs/errors.md: ${code}: ${fault}`);
}

/** Where docs/errors.md and the catalogue differ: codes that only one has, or that stand twice, and rows that say otherwise. */
export function errorDocFaults(house: House, catalogue: Readonly<Record<string, CatalogueRow>>): string[] {
  const text = house.text('docs/errors.md');
  if (text === undefined) return ['docs/errors.md is missing'];
  const rows = [...text.matchAll(ERROR_ROW)].map(([, code = '', ...cells]) => ({ code, cells }));
  const codes = rows.map((row) => row.code);
  return [
    ...Object.keys(catalogue)
      .filter((code) => !codes.includes(code))
      .map((code) => `docs/errors.md: ${code} is missing`),
    ...codes.filter((code, at) => codes.indexOf(code) !== at).map((code) => `docs/errors.md: ${code} stands twice`),
    ...rows.flatMap(({ code, cells }) => {
      const row = Object.hasOwn(catalogue, code) ? catalogue[code] : undefined;
      return row === undefined ? [`docs/errors.md: ${code} is not in the catalogue`] : rowFaults(code, cells, row);
    }),
  ];
}

interface Rule {
  /** Undefined for text that belongs to no numbered rule. */
  readonly id: string | undefined;
  readonly line: number;
  text: string;
}

const RULE_START = /^\s*(?:[-*]\s+|\d+[.)]\s+)?\*\*([A-Z]+\d+[a-z]?)[.:]?\*\*/;

// A rule goes from the line that begins with its id to an empty line, a heading, or the next id.
function rulesOf(text: string): Rule[] {
  const rules: Rule[] = [];
  let open: Rule | undefined;
  for (const [at, line] of withoutFences(text).split('\n').entries()) {
    const id = RULE_START.exec(line)?.[1];
    if (line.trim() === '' || line.startsWith('#')) open = undefined;
    if (id !== undefined || (open === undefined && line.trim() !== ''))
      rules.push((open = { id, line: at + 1, text: '' }));
    if (open !== undefined) open.text += `${line}\n`;
  }
  return rules;
}

const MDP_TESTS = /^(?:test\/(?:mdp|interop)\/.*|apps\/broker\/src\/core\/mdp\/.*\.spec)\.ts$/;

/** Decisions of docs/mdp.md whose ids are given twice, and those that no test of plain Majordomo peers names outside of comments. */
export function untestedDecisions(house: House): string[] {
  const text = house.text('docs/mdp.md');
  if (text === undefined) return ['docs/mdp.md is missing'];
  const tests = house.paths.filter((path) => MDP_TESTS.test(path)).map((path) => house.text(path) ?? '');
  const named = new Set(tests.flatMap((each) => each.replace(/^\s*\/\/.*$/gm, '').match(/\bM\d+\b/g) ?? []));
  const ids = rulesOf(text).flatMap((rule) => rule.id ?? []);
  return [
    ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `docs/mdp.md: ${id} is given twice`),
    ...ids.filter((id) => !named.has(id)).map((id) => `docs/mdp.md: no test names ${id}`),
    ...(ids.length === 0 ? ['docs/mdp.md: it decides nothing'] : []),
  ];
}

/** MUSTs of docs/protocol.md without an id, ids given twice, and ids of MUSTs that no test and no spec names. */
export function untestedMusts(house: House): string[] {
  const text = house.text('docs/protocol.md');
  if (text === undefined) return ['docs/protocol.md is missing'];
  // What this test says of itself names no rule, and the sentence that explains the key words is not one.
  const tests = house.paths.filter(
    (path) => (path.startsWith('test/') && !path.startsWith('test/tidy')) || isSpec(path),
  );
  const named = new Set(tests.flatMap((path) => (house.text(path) ?? '').match(/\b[A-Z]+\d+[a-z]?\b/g) ?? []));
  const rules = rulesOf(text);
  const ids = rules.flatMap((rule) => rule.id ?? []);
  const musts = rules.filter((rule) => /\bMUST\b/.test(rule.text) && !/RFC ?2119|key words/i.test(rule.text));
  return [
    ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `docs/protocol.md: ${id} is given twice`),
    ...musts.flatMap(({ id, line }) => {
      if (id === undefined) return [`docs/protocol.md:${line}: a MUST without an id`];
      return named.has(id) ? [] : [`docs/protocol.md:${line}: no test names ${id}`];
    }),
    ...(musts.length === 0 ? ['docs/protocol.md: it has no MUST'] : []),
  ];
}
