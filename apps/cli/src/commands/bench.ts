// majordomo bench: puts load on one method and prints how it answered.
//
// B1. One call is made first. What says that no call can succeed ends the command, as it would end majordomo call; what a service under
//     load may well say (that the handler failed, that it is busy) is for the measurement to count.
// B2. Every answer is seen: BUSY is not asked again behind the back of who counts.

import type { CallOptions, Client } from '@majordomo/client';
import { isMajordomoError } from '@majordomo/protocol';
import { SystemClock } from '@majordomo/runtime';
import { writeFile } from 'node:fs/promises';
import { Load } from '../bench/load.js';
import { readPlan, type BenchPlan } from '../bench/plan.js';
import { Progress } from '../bench/progress.js';
import { reportOf, type Report } from '../bench/report.js';
import { Run, type Ask } from '../bench/run.js';
import { SharpClock } from '../bench/sharp-clock.js';
import { summaryText } from '../bench/summary.js';
import { Tally } from '../bench/tally.js';
import { EXIT_CODES, exitCodeOf, exitReasonOf, type ExitReason } from '../exit-codes.js';
import { jsonLine } from '../output/plain-json.js';
import { UsageError } from '../settings/usage-error.js';
import { askingSettings, Interrupt, withClients } from './asking.js';
import type { CommandLine } from './command.js';
import { readRequestLine, type RequestLine } from './request-line.js';

/** B1 */
const HOPELESS: readonly ExitReason[] = ['usage', 'noBroker', 'noSuchMethod', 'refused', 'internal'];
/** B2 */
const NO_RETRIES = { start: 0, max: 0, perCall: 0 };
const FILL = 0x2a;

export async function bench(line: CommandLine): Promise<number> {
  const wrong = [...line.problems];
  const asked = await readRequestLine(line, wrong);
  const { plan, problems } = readPlan(line.flags, asked.input !== undefined);
  const settings = await askingSettings({ ...line, problems: wrong }, problems);
  const interrupt = new Interrupt();
  interrupt.listen();
  const bench = new Bench(line, { asked, plan, interrupt, timeoutMs: settings.timeout });
  try {
    const code = await withClients({ ...settings, count: plan.connections }, { retryBudget: NO_RETRIES }, (clients) =>
      bench.perform(clients),
    );
    return interrupt.exitCode ?? code;
  } catch (error) {
    if (interrupt.exitCode === undefined) throw error;
    return interrupt.exitCode;
  } finally {
    interrupt.unlisten();
  }
}

interface BenchParts {
  readonly asked: RequestLine;
  readonly plan: BenchPlan;
  readonly interrupt: Interrupt;
  readonly timeoutMs: number;
}

class Bench {
  readonly #line: CommandLine;
  readonly #parts: BenchParts;
  readonly #clock = new SharpClock(new SystemClock());
  readonly #tally = new Tally();

  constructor(line: CommandLine, parts: BenchParts) {
    this.#line = line;
    this.#parts = parts;
  }

  /** @returns the exit code. @throws what the first call says, if no other can do better (B1). */
  async perform(clients: readonly Client[]): Promise<number> {
    const ask = this.#asking(clients);
    try {
      await ask(0);
    } catch (error) {
      if (!isMajordomoError(error) || HOPELESS.includes(exitReasonOf(error.code))) throw error;
    }
    // A signal came meanwhile: nothing was begun that could be told.
    if (this.#parts.interrupt.signal.aborted) return EXIT_CODES.ok.code;
    const report = await this.#measure(ask);
    await this.#tell(report);
    const [worst] = report.errors;
    return worst === undefined ? EXIT_CODES.ok.code : exitCodeOf(worst.code);
  }

  async #measure(ask: Ask): Promise<Report> {
    const { asked, plan, interrupt, timeoutMs } = this.#parts;
    const [clock, tally] = [this.#clock, this.#tally];
    const load = new Load(plan, tally, clock.now());
    const run = new Run(load, clock, ask);
    const progress = new Progress(this.#line.screen, clock, load, tally);
    interrupt.signal.addEventListener('abort', () => run.stop());
    progress.start();
    try {
      await run.play();
    } finally {
      progress.end();
    }
    const interrupted = interrupt.signal.aborted;
    return reportOf({ address: asked.address, plan, timeoutMs, load, tally, interrupted }, clock.now());
  }

  async #tell(report: Report): Promise<void> {
    const { screen } = this.#line;
    const { latencies } = this.#tally;
    const { hdr } = this.#parts.plan;
    // First, so that a reader that goes away does not take it along; but a disk that is full takes nothing from the result.
    const problem = hdr === undefined ? undefined : await problemOfWriting(hdr, latencies.distributionText());
    await screen.result(screen.json ? jsonLine(report) : summaryText(report, latencies.bands(), screen.paint));
    if (problem !== undefined) throw new UsageError([problem]);
  }

  /** Each client in turn. */
  #asking(clients: readonly Client[]): Ask {
    const { asked, plan, interrupt, timeoutMs } = this.#parts;
    const input = plan.bodyBytes === undefined ? asked.input : new Uint8Array(plan.bodyBytes).fill(FILL);
    const options: CallOptions = { ...asked.options, deadlineMs: timeoutMs, signal: interrupt.signal };
    const one = asked.streams ? readStream : readValue;
    return (number) => one(clients[number % clients.length] as Client, { ...asked, input, options });
  }
}

function readValue(client: Client, { address, input, options }: RequestLine): Promise<unknown> {
  return client.call(address, input, options);
}

async function readStream(client: Client, { address, input, options }: RequestLine): Promise<void> {
  const values = client.stream(address, input, options)[Symbol.asyncIterator]();
  while ((await values.next()).done !== true);
}

async function problemOfWriting(path: string, text: string): Promise<string | undefined> {
  try {
    await writeFile(path, text);
    return undefined;
  } catch (error) {
    return `--hdr ${path}: it could not be written: ${(error as NodeJS.ErrnoException).code}`;
  }
}
