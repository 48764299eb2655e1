// The simulator from the command line: many worlds on two cores, one world with its whole trace, or a broken variant.
//
//     npm run sim -- --seeds 1000        worlds 1 to 1,000; --from 5000 begins elsewhere, --fresh at a place that nobody knows
//     npm run sim -- --seed 7            one world, with its trace
//     npm run sim -- --variants          the table of broken variants, as it stands in docs/simulation.md
//     npm run sim -- --seed 7 --variant "requeue at the tail"

import { fork } from 'node:child_process';
import { argv, exit, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hunt } from './hunt.js';
import { freshSeed, seedsFrom } from './seeds.js';
import { VARIANTS, type Variant } from './variants/index.js';
import { World, type Verdict } from './world.js';

const { values: given } = parseArgs({
  args: argv.slice(2),
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
    seed: { type: 'string' },
    variant: { type: 'string' },
    variants: { type: 'boolean', default: false },
    share: { type: 'string' },
  },
});
const PROCESSES = 2;

/** @throws when it is none: a word that is no number would be no world at all, and all would seem well. */
function wholeNumber(name: 'seeds' | 'from' | 'seed' | 'share', text: string, min: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= min) return number;
  console.error(`--${name} ${text}: must be a whole number from ${min}`);
  exit(2);
}

type Finding = Pick<Verdict, 'seed' | 'problem' | 'steps' | 'runs' | 'asked'>;

function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

function variantNamed(name: string | undefined): Variant | undefined {
  if (name === undefined) return undefined;
  const variant = VARIANTS.find((each) => each.name === name);
  if (variant === undefined)
    throw new Error(`no variant is called "${name}"; there are ${VARIANTS.map((each) => each.name).join(', ')}`);
  return variant;
}

/** One world, all of it. */
async function replay(seed: number): Promise<number> {
  const verdict = await new World({ seed, variant: variantNamed(given.variant), isTraced: true }).run();
  say(...verdict.trace, '', verdict.problem ?? 'everything held', `seed ${seed}, hash ${verdict.hash.toString(16)}`);
  return verdict.problem === undefined ? 0 : 1;
}

/** What a child does: every second world, told to its parent. */
async function share(first: number, count: number, part: number): Promise<void> {
  for (const seed of seedsFrom(first, count)) {
    if (seed % PROCESSES !== part) continue;
    const { problem, steps, runs, asked } = await new World({ seed }).run();
    process.send?.({ seed, problem, steps, runs, asked } satisfies Finding);
  }
}

function child(first: number, part: number, tell: (finding: Finding) => void): Promise<number> {
  const args = ['--share', String(part), '--from', String(first), '--seeds', given.seeds];
  const forked = fork(fileURLToPath(import.meta.url), args);
  forked.on('message', (finding) => tell(finding as Finding));
  return new Promise((resolve) => forked.on('exit', (code) => resolve(code ?? 1)));
}

/** Many worlds, on two cores. */
async function survey(first: number): Promise<number> {
  const begun = hrtime.bigint();
  const sum = { worlds: 0, steps: 0, asked: 0, runs: 0, failed: 0 };
  const tell = ({ seed, problem, steps, asked, runs }: Finding): void => {
    sum.worlds += 1;
    sum.steps += steps;
    sum.asked += asked;
    sum.runs += runs;
    if (problem === undefined) return;
    sum.failed += 1;
    say(`seed ${seed}: ${problem.split('\n')[0] ?? ''}`);
  };
  const codes = await Promise.all([...Array(PROCESSES).keys()].map((part) => child(first, part, tell)));
  const seconds = Number(hrtime.bigint() - begun) / 1e9;
  const { worlds, steps, asked, runs, failed } = sum;
  say(
    `${worlds} worlds from seed ${first} in ${seconds.toFixed(1)} s: ${steps} steps, ${asked} requests, ${runs} runs, ${failed} failed`,
  );
  return failed > 0 || codes.some((code) => code !== 0) ? 1 : 0;
}

/** The table for docs/simulation.md. */
async function table(first: number, count: number): Promise<number> {
  let missed = 0;
  say('| variant | what is broken | found | first seed |', '| --- | --- | --- | --- |');
  for (const variant of VARIANTS) {
    const { found, worlds } = await hunt(variant, seedsFrom(first, count));
    if (found === undefined) missed += 1;
    const problem = found?.problem?.split('\n')[0]?.replaceAll('|', '/').slice(0, 90) ?? 'NOT FOUND';
    say(
      `| ${variant.name} | ${variant.breaks} | ${problem} | ${found === undefined ? `none of ${worlds}` : found.seed} |`,
    );
  }
  return missed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const first = given.fresh ? freshSeed() : wholeNumber('from', given.from, 0);
  const count = wholeNumber('seeds', given.seeds, 1);
  if (given.seed !== undefined) return replay(wholeNumber('seed', given.seed, 0));
  if (given.variants) return table(first, count);
  if (given.share === undefined) return survey(first);
  await share(first, count, wholeNumber('share', given.share, 0));
  return 0;
}

exit(await main());
