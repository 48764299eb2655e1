// What the command line of the bench asks for: every problem is found and told together.

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nearestName } from '@majordomo/protocol';
import { CATALOGUE } from './catalogue.js';
import { parseCell, type Cell } from './cell.js';
import { CHECKED } from './check.js';

export interface Settings {
  readonly mode: 'compare' | 'check' | 'update-baseline';
  readonly cells: readonly Cell[];
  /** Names of the catalogue. */
  readonly systems: readonly string[];
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
  readonly isJson: boolean;
  /** Where the chart is written to, undefined for none. */
  readonly chartFile: string | undefined;
}

export type Asked = { readonly settings: Settings } | { readonly help: string } | { readonly problems: string[] };

const CELLS =
  '64x1000,64x100,64x1,1024x1000,1024x100,1024x1,65536x100,64x250x4,submit:256x1000,submit:256x100,submit:256x1,mixed:64x100,paired:64x100';
const SYSTEMS = CATALOGUE.map((each) => each.name).join(',');
const ROUNDS_MAX = 1_000;
const SECONDS_MAX = 3_600;

const OPTIONS = {
  cells: { type: 'string', default: CELLS },
  systems: { type: 'string', default: SYSTEMS },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '2' },
  'warm-up': { type: 'string', default: '3' },
  json: { type: 'boolean' },
  chart: { type: 'string' },
  check: { type: 'boolean' },
  'update-baseline': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Name = keyof typeof OPTIONS;

export const USAGE = `npm run bench -- [options]

  --cells LIST       BYTESxINFLIGHT, or BYTESxINFLIGHTxN for N clients and N workers; before it submit: for requests that are handed over for good,
                     mixed: for echoes beside a client that submits, paired: beside one that calls
                     (${CELLS})
  --systems LIST     (${SYSTEMS})
  --rounds N         every system runs once a round in each cell; figures are medians (3)
  --seconds S        measured time of a run (2)
  --warm-up S        time before it that does not count (3)
  --json             print everything as JSON; use npm run -s
  --chart FILE.svg   also write the throughput as a chart
  --check            fail when the ratio to the floor is 25 % worse than test/bench/baseline.json
  --update-baseline  write that file
  --help
`;

/** Reads the words after the program's name. */
export function parseArguments(words: readonly string[]): Asked {
  const problems: string[] = [];
  const given = new Map<Name, string | true>();
  let unknownAt = Number.NaN;
  const { tokens } = parseArgs({ args: [...words], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    // What stands behind an unknown option is its value, and no problem of its own.
    if (token.kind === 'positional' && unknownAt !== token.index - 1)
      problems.push(`${token.value} is not understood: everything is an option`);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(OPTIONS, token.name) ? OPTIONS[token.name as Name] : undefined;
    if (option === undefined) {
      unknownAt = token.index;
      const nearest = nearestName(token.name, Object.keys(OPTIONS));
      problems.push(`${token.rawName} is not an option${nearest === undefined ? '' : `; did you mean --${nearest}?`}`);
    } else if (option.type === 'boolean' && token.value !== undefined) problems.push(`${token.rawName} takes no value`);
    else if (option.type === 'string' && !token.value) problems.push(`${token.rawName} needs a value`);
    else given.set(token.name as Name, token.value ?? true);
  }
  if (given.has('help')) return { help: USAGE };
  const settings = settingsOf(given, problems);
  return problems.length > 0 ? { problems } : { settings };
}

function settingsOf(given: ReadonlyMap<Name, string | true>, problems: string[]): Settings {
  const text = (name: 'cells' | 'systems' | 'rounds' | 'seconds' | 'warm-up'): string =>
    String(given.get(name) ?? OPTIONS[name].default);
  const amount = (name: 'rounds' | 'seconds' | 'warm-up', rule: { min: number; max: number }): number => {
    const number = Number(text(name));
    const isWhole = name !== 'rounds' || Number.isInteger(number);
    if (!(number >= rule.min && number <= rule.max && isWhole))
      problems.push(
        `--${name} is ${name === 'rounds' ? 'a whole number' : 'seconds'} from ${rule.min} to ${rule.max}, not ${text(name)}`,
      );
    return number;
  };
  const isCheck = given.has('check') || given.has('update-baseline');
  if (given.has('check') && given.has('update-baseline'))
    problems.push('--check and --update-baseline contradict each other');
  if (isCheck && (given.has('cells') || given.has('systems')))
    problems.push('--check and --update-baseline measure cells and systems of their own; leave --cells and --systems');
  return {
    mode: given.has('check') ? 'check' : given.has('update-baseline') ? 'update-baseline' : 'compare',
    cells: cellsOf(isCheck ? CHECKED.map((each) => each.cell).join(',') : text('cells'), problems),
    systems: systemsOf(isCheck ? 'floor,majordomo' : text('systems'), problems),
    rounds: amount('rounds', { min: 1, max: ROUNDS_MAX }),
    measureMs: amount('seconds', { min: 0.1, max: SECONDS_MAX }) * 1_000,
    warmUpMs: amount('warm-up', { min: 0, max: SECONDS_MAX }) * 1_000,
    isJson: given.has('json'),
    chartFile: chartFileOf(given.get('chart'), problems),
  };
}

function once(list: string): string[] {
  return [...new Set(list.split(',').map((word) => word.trim()))];
}

function cellsOf(list: string, problems: string[]): Cell[] {
  return once(list).flatMap((word) => {
    const cell = parseCell(word);
    if (cell === undefined) problems.push(`${word || 'nothing'} is not a cell; write 64x1000, or 64x250x4`);
    return cell ?? [];
  });
}

function systemsOf(list: string, problems: string[]): string[] {
  const names = once(list);
  for (const name of names)
    if (!SYSTEMS.split(',').includes(name))
      problems.push(`${name || 'nothing'} is not a system; there are ${SYSTEMS.replaceAll(',', ', ')}`);
  return names;
}

function chartFileOf(file: string | true | undefined, problems: string[]): string | undefined {
  if (typeof file !== 'string') return undefined;
  if (!file.endsWith('.svg')) problems.push(`--chart writes an .svg, not ${file}`);
  // Looked at now, not when all has been measured.
  if (!existsSync(dirname(resolve(file)))) problems.push(`--chart ${file}: there is no such folder`);
  return resolve(file);
}
