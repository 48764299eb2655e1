// What may stand behind `npm run sim --`, and what it is said to be when something else does.

import { parseArgs } from 'node:util';
import { VARIANTS, type Variant } from './variants/index.js';

export const USAGE = `Worlds from seeds in which everything breaks (docs/simulation.md).

  npm run sim -- [--seeds <n>] [--from <seed>]   n worlds on two cores, from that seed on (1000, from 1)
  npm run sim -- --fresh [--seeds <n>]           n worlds from a seed that nobody has seen; it is printed
  npm run sim -- --seed <seed>                   one world, with its whole trace
  npm run sim -- --seed <seed> --variant <name>  one world in which that is broken
  npm run sim -- --variants [--seeds <n>]        the table of broken variants
  npm run sim -- --help                          this text

The exit code is 0 when everything held, 1 when a world found something, 2 when the command line is wrong.
`;

export type Wish =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }
  | { readonly kind: 'world'; readonly seed: number; readonly variant: Variant | undefined }
  /** `first` undefined: a seed that nobody has seen. */
  | { readonly kind: 'survey' | 'table'; readonly first: number | undefined; readonly count: number }
  /** What a child of a survey does: every second world. */
  | { readonly kind: 'share'; readonly first: number; readonly count: number; readonly part: number };

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  seeds: { type: 'string' },
  from: { type: 'string' },
  fresh: { type: 'boolean' },
  seed: { type: 'string' },
  variant: { type: 'string' },
  variants: { type: 'boolean' },
  share: { type: 'string' },
} as const;

/** @param args what stands behind the file. */
export function readWish(args: readonly string[]): Wish {
  try {
    return wishOf(parseArgs({ args: [...args], options: OPTIONS }).values);
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

type Given = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

function wishOf(given: Given): Wish {
  if (given.help === true) return { kind: 'help' };
  const first = given.fresh === true ? undefined : wholeNumber('from', given.from ?? '1', 0);
  const count = wholeNumber('seeds', given.seeds ?? '1000', 1);
  if (given.fresh === true && given.from !== undefined) throw new Error('--fresh and --from exclude each other');
  if (given.seed !== undefined)
    return { kind: 'world', seed: wholeNumber('seed', given.seed, 0), variant: variantNamed(given.variant) };
  if (given.variant !== undefined) throw new Error('--variant needs --seed');
  if (given.share !== undefined)
    return { kind: 'share', first: first ?? 0, count, part: wholeNumber('share', given.share, 0) };
  return { kind: given.variants === true ? 'table' : 'survey', first, count };
}

/** @throws when it is none: a word that is no number would be no world at all, and all would seem well. */
function wholeNumber(name: string, text: string, min: number): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= min) return number;
  throw new Error(`--${name} ${text}: must be a whole number from ${min}`);
}

function variantNamed(name: string | undefined): Variant | undefined {
  if (name === undefined) return undefined;
  const variant = VARIANTS.find((each) => each.name === name);
  if (variant !== undefined) return variant;
  throw new Error(`no variant is called "${name}"; there are\n  ${VARIANTS.map((each) => each.name).join('\n  ')}`);
}
