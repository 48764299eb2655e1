// Real child processes for tests: they speak in lines of JSON, can be killed, stopped and continued, and none is left behind.
//
// P1. A test waits for what a process says or does, never for time to pass; what does not come in time fails with all that was said.
// P2. Every process ends with its test (endAll), at the latest with this process; fixtures also end when their stdin does.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Something that does not happen in this time, in ms, does not happen: two slow cores with a whole test run on them. */
const PATIENCE_MS = 45_000;

/** What a process says. `at` is milliseconds since 1970 with fractions, by the clock that `wallClock` reads. */
export interface Line {
  readonly event: string;
  readonly at: number;
  readonly [key: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The time that processes on this machine share, in ms. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** The compiled file of a path in this repository. @throws when it was not built. */
export function built(path: string): string {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  if (!existsSync(file)) throw new Error(`${path} is not there: run npm run build first`);
  return file;
}

/** What is left on stderr of a process without the lines of its log that say that all is well. */
export function troubleIn(errors: string): string {
  return errors.replace(/^\S+ INFO {2}majordomo (client|worker|broker)\b.*\n/gm, '');
}

const alive = new Set<Program>();
process.on('exit', () => {
  for (const program of alive) program.signal('SIGKILL');
});

export interface ProgramInit {
  /** What runs the file; node unless said. */
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is started; the folder of this process unless given. */
  readonly cwd?: string | undefined;
  /** The system lets it write no file that is larger than so many blocks, of 512 or 1,024 bytes; beyond it a write is an I/O error. */
  readonly fileBlocksMax?: number | undefined;
  /** The system lets it have no more open files and connections than this. */
  readonly descriptorsMax?: number | undefined;
}

export class Program {
  /** All that it has said, in order. Lines that are not JSON are in `text`. */
  readonly lines: Line[] = [];
  readonly text: string[] = [];
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  readonly #ended: Promise<Ended>;
  #end: Ended | undefined;
  #errors = '';
  #asked = 0;

  /** Starts node, or what else is said, on a file. */
  constructor(
    file: string,
    { command = process.execPath, args = [], env = {}, cwd, fileBlocksMax, descriptorsMax }: ProgramInit = {},
  ) {
    this.#name = `${file.replace(/^.*\/dist\//, '')} ${args.join(' ')}`;
    const line = [command, file, ...args];
    const limits = [
      ...(fileBlocksMax === undefined ? [] : [`ulimit -f ${fileBlocksMax}`]),
      ...(descriptorsMax === undefined ? [] : [`ulimit -n ${descriptorsMax}`]),
    ];
    const limited = limits.length === 0 ? line : ['sh', '-c', `${limits.join('; ')}; exec "$0" "$@"`, ...line];
    this.#child = spawn(limited[0] as string, limited.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, MAJORDOMO_LOG_LEVEL: '', ...env },
      cwd,
    });
    alive.add(this);
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => this.#take(line));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#end = { code, signal };
        alive.delete(this);
        this.#wake();
        resolve(this.#end);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Settles when it has ended and all that it said was read. */
  get ended(): Promise<Ended> {
    return this.#ended;
  }

  get errors(): string {
    return this.#errors;
  }

  /** What it has said of one kind. */
  all(event: string): Line[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits for a line (P1); one that was said before counts, unless it stands before `from`. */
  async hear(event: string, isMeant: (line: Line) => boolean = () => true, from = 0): Promise<Line> {
    const find = (): Line | undefined => {
      for (let i = from; i < this.lines.length; i++) {
        const line = this.lines[i] as Line;
        if (line.event === event && isMeant(line)) return line;
      }
      return undefined;
    };
    let found = find();
    const until = performance.now() + PATIENCE_MS;
    while (found === undefined) {
      if (this.#end !== undefined || performance.now() >= until) throw new Error(this.#silence(event));
      await this.#news(until - performance.now());
      found = find();
    }
    return found;
  }

  /** Writes a line of JSON to its stdin. */
  tell(word: object): void {
    this.#child.stdin?.write(`${JSON.stringify(word)}\n`);
  }

  /** Settles when all that it has said until now was read: its last word if it has ended, else its answer to a question (fixtures/speech.ts). */
  async caughtUp(): Promise<void> {
    const number = ++this.#asked;
    this.tell({ number });
    try {
      await this.hear('heard', (line) => line['number'] === number);
    } catch (error) {
      if (this.#end === undefined) throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL. @returns when that was sent, by `wallClock`; it has ended by then or will at once. */
  kill(): number {
    const at = wallClock();
    this.#child.kill('SIGKILL');
    return at;
  }

  #take(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as Line);
    } catch {
      this.text.push(text);
    }
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  #news(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#listeners.add(done);
    });
  }

  #silence(event: string): string {
    const said = this.lines.slice(-20).map((line) => JSON.stringify(line));
    const end = this.#end === undefined ? 'still runs' : `has ended (${this.#end.code ?? this.#end.signal})`;
    return `${this.#name} said no "${event}" and ${end}\n${said.join('\n')}\n${this.text.join('\n')}\n${this.#errors}`;
  }
}

/** Kills every process that still runs (P2), stopped ones too. */
export async function endAll(): Promise<void> {
  const programs = [...alive];
  for (const program of programs) program.kill();
  await Promise.all(programs.map((program) => program.ended));
}

/** Waits until something holds that nobody tells of; it is looked at again and again. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() >= end) throw new Error(`it never came to be that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Below the ports from which systems take the near end of a connection: there a peer that knocks on a dead broker could meet itself. */
const PORT_FIRST = 20_000;
const PORTS = 12_000;
/** Test files that run side by side have ports of their own: what one has found free, the other could take before it is used. */
const SHARES = 4;
const given = new Set<number>();

/** An endpoint of this machine where nobody listens, so that a broker can be started there more than once. */
export async function freeEndpoint(): Promise<string> {
  for (;;) {
    const share = Number(process.env['JEST_WORKER_ID'] ?? 0) % SHARES;
    const port = PORT_FIRST + Math.floor(((share + Math.random()) * PORTS) / SHARES);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return `tcp://127.0.0.1:${port}`;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
