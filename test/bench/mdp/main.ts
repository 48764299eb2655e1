// npm run bench:mdp: what a client and a worker of MDP/0.1 written in C get from this broker, and from others, in one run.

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeEndpoint } from '../../e2e/processes.js';
import { costBetween, costOf } from '../process-cost.js';
import { whole } from '../table.js';
import { brokersOf, compile, endOf, startBroker, type BrokerProgram } from './brokers.js';

const USAGE = `npm run bench:mdp -- [options]

  --in-flight LIST   requests that are under way at a time (300,1)
  --bytes N          of a body, echoed (64)
  --rounds N         every broker runs once a round; figures are medians (3)
  --seconds S        measured time of a run (4)
  --warm-up S        time before it that does not count (3)
  --against COMMAND  another broker of MDP/0.1 to measure, as a command with {endpoint} or {port} where it is to listen;
                     several times for several
  --help

It compiles its peers: cc and libzmq (Debian: gcc, libzmq3-dev).
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const OPTIONS = {
  'in-flight': { type: 'string', default: '300,1' },
  bytes: { type: 'string', default: '64' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '4' },
  'warm-up': { type: 'string', default: '3' },
  against: { type: 'string', multiple: true, default: [] as string[] },
  help: { type: 'boolean' },
} as const;

interface Settings {
  readonly inFlight: readonly number[];
  readonly bytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly against: readonly string[];
}

/** @throws Error that says what is not understood. */
function readSettings(): Settings | 'help' {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help === true) return 'help';
  const positive = (name: string, text: string): number => {
    if (!(Number(text) > 0)) throw new Error(`--${name} ${text}: must be a number above 0`);
    return Number(text);
  };
  return {
    inFlight: values['in-flight'].split(',').map((text) => positive('in-flight', text)),
    bytes: positive('bytes', values.bytes),
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    warmUp: positive('warm-up', values['warm-up']),
    against: values.against,
  };
}

/** A worker connects and says that it is ready; nobody answers that. */
const READY_MS = 300;

interface Figures {
  readonly perSecond: number;
  /** Of a request, in µs. */
  readonly p50: number;
  readonly p99: number;
  /** Of the broker, in ms of CPU for 1,000 requests; NaN where that cannot be read. */
  readonly cpuMs: number;
}

async function measure(broker: BrokerProgram, peers: string, inFlight: number, settings: Settings): Promise<Figures> {
  const { bytes, warmUp, seconds } = settings;
  const endpoint = await freeEndpoint();
  const running = await startBroker(broker, endpoint);
  const worker = spawn(peers, ['worker', endpoint, 'echo'], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await sleep(READY_MS);
    const words = ['client', endpoint, 'echo', ...[inFlight, bytes, warmUp, seconds].map(String)];
    const client = spawn(peers, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    client.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => client.once('close', resolve));
    await sleep(warmUp * 1_000);
    const before = costOf(running.pid);
    await sleep(seconds * 1_000);
    const cost = costBetween(before, costOf(running.pid));
    if ((await ended) !== 0) throw new Error('the client got no answers');
    const figures = JSON.parse(said) as Omit<Figures, 'cpuMs'>;
    return { ...figures, cpuMs: ((cost?.cpuMs ?? Number.NaN) / (figures.perSecond * seconds)) * 1_000 };
  } finally {
    await endOf(worker);
    await running.end();
  }
}

/** The figures of one broker over all rounds, or why there are none. */
type Results = Figures[] | { readonly failure: string };

/** Every broker runs once a round, so that whatever else the machine does hits all alike. */
async function runRounds(
  brokers: readonly BrokerProgram[],
  peers: string,
  inFlight: number,
  settings: Settings,
): Promise<Results[]> {
  const results: Results[] = brokers.map(() => []);
  for (let round = 1; round <= settings.rounds; round++) {
    for (const [i, broker] of brokers.entries()) {
      const before = results[i];
      if (!Array.isArray(before)) continue;
      process.stderr.write(`${inFlight} in flight, round ${round}: ${broker.name}\n`);
      try {
        before.push(await measure(broker, peers, inFlight, settings));
      } catch (error) {
        results[i] = { failure: error instanceof Error ? error.message : String(error) };
      }
    }
  }
  return results;
}

function middle(results: Results | undefined, key: keyof Figures): number {
  if (!Array.isArray(results)) return Number.NaN;
  const sorted = results.map((figures) => figures[key]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function line(results: Results, ours: number): string {
  if (!Array.isArray(results)) return `failed: ${results.failure}`;
  const perSecond = middle(results, 'perSecond');
  return [
    `${whole(perSecond)} requests/s`.padStart(18),
    `p50 ${whole(middle(results, 'p50'))} µs`.padStart(15),
    `p99 ${whole(middle(results, 'p99'))} µs`.padStart(16),
    `CPU ${whole(middle(results, 'cpuMs'))} ms per 1,000`.padStart(22),
    `majordomo is ${(ours / perSecond).toFixed(2)} of it`,
  ].join('  ');
}

/** @returns the exit code. */
async function run(settings: Settings): Promise<number> {
  const programs = compile();
  if ('missing' in programs) {
    process.stdout.write(`not measured: ${programs.missing}\n`);
    return 0;
  }
  const others = settings.against.map((command) => ({ name: command, command: command.split(' ') }));
  const brokers = [...brokersOf(programs.plain), ...others];
  const width = Math.max(...brokers.map(({ name }) => name.length));
  let exitCode = 0;
  for (const inFlight of settings.inFlight) {
    const results = await runRounds(brokers, programs.peers, inFlight, settings);
    const ours = middle(results[0], 'perSecond');
    process.stdout.write(`${settings.bytes} B, ${inFlight} in flight\n`);
    for (const [i, each] of results.entries()) {
      if (!Array.isArray(each)) exitCode = EXIT_FAILED;
      process.stdout.write(`  ${(brokers[i]?.name ?? '').padEnd(width)}  ${line(each, ours)}\n`);
    }
  }
  return exitCode;
}

let settings: Settings | 'help' | undefined;
try {
  settings = readSettings();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
}
if (settings === 'help') process.stdout.write(USAGE);
else if (settings !== undefined) process.exitCode = await run(settings);
