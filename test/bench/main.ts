// npm run bench: Majordomo next to what a developer would otherwise use and to the bare-socket floor, on the same work, in one run.

import { writeFileSync } from 'node:fs';
import { parseArguments, USAGE, type Settings } from './arguments.js';
import { readBaseline, writeBaseline } from './baseline-file.js';
import { CATALOGUE, type ServerName } from './catalogue.js';
import { chart } from './chart.js';
import { compare, ratiosOf, type Verdict } from './check.js';
import { environment, environmentLine, type Environment } from './environment.js';
import { preparePeers } from './peers-package.js';
import { Progress } from './progress.js';
import { runRounds, type Candidate } from './rounds.js';
import { isClean, type Row } from './rows.js';
import { runOnce } from './run.js';
import { Servers, type Absence, type Server } from './servers.js';
import { LEGEND, table } from './table.js';
import { targetLines, targetsOf } from './targets.js';

const EXIT_USAGE = 2;
/** What a shell says of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

const progress = new Progress((text) => process.stderr.write(text), process.stderr.isTTY);
const servers = new Servers();

/** Finds out which systems can run; servers and packages are looked for only when a system needs them. */
async function candidatesOf(settings: Settings): Promise<Candidate[]> {
  const listings = CATALOGUE.filter(({ name }) => settings.systems.includes(name));
  const peersAbsence = listings.some(({ kind }) => kind === 'peer')
    ? await preparePeers((sentence) => progress.say(sentence))
    : undefined;
  const started = new Map<ServerName, Server | Absence>();
  const candidates: Candidate[] = [];
  for (const listing of listings) {
    const name = peersAbsence === undefined ? listing.server : undefined;
    if (name !== undefined && !started.has(name)) started.set(name, await servers.start(name));
    const server = name === undefined ? undefined : started.get(name);
    const absence = listing.kind === 'peer' ? peersAbsence : undefined;
    candidates.push(
      server !== undefined && 'reason' in server
        ? { listing, server: undefined, absence: server }
        : { listing, server, absence },
    );
  }
  return candidates;
}

function report(settings: Settings, rows: readonly Row[], where: Environment): void {
  const targets = targetsOf(rows);
  if (settings.isJson) {
    process.stdout.write(`${JSON.stringify({ environment: where, rows, targets }, undefined, 2)}\n`);
    return;
  }
  process.stdout.write(`${environmentLine(where)}\n${LEGEND}\n\n${table(rows)}`);
  if (settings.mode === 'compare' && targets.length > 0)
    process.stdout.write(`\nTargets\n${targetLines(targets).join('\n')}\n`);
}

/** What the guard says of these rows; undefined when nobody asked it. */
function guard(settings: Settings, rows: readonly Row[]): Verdict | undefined {
  switch (settings.mode) {
    case 'compare':
      return undefined;
    case 'check':
      return compare(ratiosOf(rows), readBaseline());
    case 'update-baseline':
      return writeBaseline(ratiosOf(rows));
    default:
      return settings.mode satisfies never;
  }
}

async function bench(settings: Settings): Promise<number> {
  // Said before anything is measured, not after.
  if (settings.mode === 'check' && readBaseline() === undefined) return tell(compare({}, undefined));
  const candidates = await candidatesOf(settings);
  const where = environment(settings, candidates, servers.running, Date.now());
  const rows = await runRounds({ ...settings, candidates }, runOnce, (step) => progress.step(step, performance.now()));
  progress.end();
  report(settings, rows, where);
  if (settings.chartFile !== undefined) writeFileSync(settings.chartFile, chart(rows, environmentLine(where)));
  const verdict = guard(settings, rows);
  const code = verdict === undefined ? 0 : tell(verdict);
  return rows.every(isClean) ? code : 1;
}

/** Says it, and gives the exit code for it. */
function tell({ isGood, sentences }: Verdict): number {
  process.stderr.write(`${sentences.join('\n')}\n`);
  return isGood ? 0 : 1;
}

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  if ('help' in asked) {
    process.stdout.write(asked.help);
    return 0;
  }
  if ('problems' in asked) {
    process.stderr.write(`${asked.problems.join('\n')}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  // The processes of the systems end when their standard input does; the servers have to be ended.
  const interrupted = (): void => void servers.end().finally(() => process.exit(EXIT_INTERRUPTED));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);
  try {
    return await bench(asked.settings);
  } finally {
    await servers.end();
  }
}

process.exitCode = await main();
