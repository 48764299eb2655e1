// The simulator from the command line: many worlds on two cores, one world with its whole trace, or a broken variant.

import { fork } from 'node:child_process';
import { argv, exit, hrtime } from 'node:process';
import { fileURLToPath } from 'node:url';
import { readWish, USAGE, type Wish } from './command-line.js';
import { hunt } from './hunt.js';
import { freshSeed, seedsFrom } from './seeds.js';
import { VARIANTS, type Variant } from './variants/index.js';
import { World, type Verdict } from './world.js';

const PROCESSES = 2;

type Finding = Pick<Verdict, 'seed' | 'problem' | 'steps' | 'runs' | 'asked'>;

function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

/** One world, all of it. */
async function replay(seed: number, variant: Variant | undefined): Promise<number> {
  const verdict = await new World({ seed, variant, isTraced: true }).run();
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

function child(args: readonly string[], tell: (finding: Finding) => void): Promise<number> {
  const forked = fork(fileURLToPath(import.meta.url), [...args]);
  forked.on('message', (finding) => tell(finding as Finding));
  return new Promise((resolve) => forked.on('exit', (code) => resolve(code ?? 1)));
}

/** Many worlds, on two cores. */
async function survey(first: number, count: number): Promise<number> {
  const begun = hrtime.bigint();
  const sum = { worlds: 0, steps: 0, asked: 0, runs: 0, failed: 0 };
  const tell = ({ seed, problem, steps, asked, runs }: Finding): void => {
    sum.worlds += 1;
    sum.steps += steps;
    sum.asked += asked;
    sum.runs += runs;
    if (problem === undefined) return;
    sum.failed += 1;
    say(`seed ${seed}: ${problem.split('\n')[0] ?? ''} (npm run sim -- --seed ${seed} shows it)`);
  };
  const shares = [...Array(PROCESSES).keys()].map((part) =>
    child(['--share', String(part), '--from', String(first), '--seeds', String(count)], tell),
  );
  const codes = await Promise.all(shares);
  const seconds = Number(hrtime.bigint() - begun) / 1e9;
  const { worlds, steps, asked, runs, failed } = sum;
  say(
    `${worlds} worlds from seed ${first} in ${seconds.toFixed(1)} s: ${steps} steps, ${asked} requests, ${runs} runs, ${failed} failed`,
  );
  // A child that ended early made fewer worlds, in which nothing was found.
  return failed > 0 || worlds < count || codes.some((code) => code !== 0) ? 1 : 0;
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

function main(wish: Wish): Promise<number> {
  switch (wish.kind) {
    case 'help':
      say(USAGE);
      return Promise.resolve(0);
    case 'wrong':
      console.error(`${wish.problem}\n\n${USAGE}`);
      return Promise.resolve(2);
    case 'world':
      return replay(wish.seed, wish.variant);
    case 'survey':
      return survey(wish.first ?? freshSeed(), wish.count);
    case 'table':
      return table(wish.first ?? freshSeed(), wish.count);
    case 'share':
      return share(wish.first, wish.count, wish.part).then(() => 0);
    default:
      return wish satisfies never;
  }
}

exit(await main(readWish(argv.slice(2))));
