// One run: starts the processes of a system, lets its clients work, and collects what everybody says.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Cell, Part, PartInit, Run, Seen, Took } from './cell.js';

const PART = fileURLToPath(new URL('part.js', import.meta.url));
/** A process that does not get ready, or a client that does not end, in this time has failed, in ms. */
const PATIENCE_MS = 20_000;

interface Said {
  readonly ready?: string;
  readonly seen?: Seen;
  readonly took?: Took;
}

/** A child process that speaks in lines of JSON. */
class Child {
  readonly #process: ChildProcess;
  readonly #said: Said[] = [];
  #wake: () => void = () => undefined;
  #errors = '';

  constructor(readonly init: PartInit) {
    const flags = process.env['BENCH_PROFILE'] === init.part ? ['--cpu-prof', '--cpu-prof-dir=bench-profiles'] : [];
    this.#process = spawn(process.execPath, [...flags, PART, JSON.stringify(init)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#said.push(JSON.parse(line) as Said);
      this.#wake();
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#process.once('exit', () => this.#wake());
  }

  tell(word: string): void {
    this.#process.stdin?.write(`${word}\n`);
  }

  /** Waits until it has said something of this kind. */
  async hear<Key extends keyof Said>(key: Key, patienceMs: number): Promise<NonNullable<Said[Key]>> {
    const until = performance.now() + patienceMs;
    for (;;) {
      const found = this.#said.find((said) => said[key] !== undefined)?.[key];
      if (found !== undefined) return found as NonNullable<Said[Key]>;
      const left = until - performance.now();
      if (this.#process.exitCode !== null || left <= 0) {
        throw new Error(`${this.init.system} ${this.init.part} said no "${key}": ${this.#errors.slice(-2_000)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 2_000);
    await gone;
    clearTimeout(timer);
  }
}

export interface RunInit {
  readonly system: string;
  readonly cell: Cell;
  readonly measureMs: number;
  readonly warmUpMs: number;
}

/** Runs one system in one cell once. Rejects when a process fails; all processes are gone when it settles. */
export async function runOnce(run: RunInit): Promise<Run> {
  const children: Child[] = [];
  const start = (part: Part, endpoint: string): Child => {
    const child = new Child({ ...run, part, endpoint });
    children.push(child);
    return child;
  };
  try {
    const broker = start('broker', '');
    const endpoint = await broker.hear('ready', PATIENCE_MS);
    const workers = Array.from({ length: run.cell.workers }, () => start('worker', endpoint));
    for (const worker of workers) await worker.hear('ready', PATIENCE_MS);
    const clients = Array.from({ length: run.cell.clients }, () => start('client', endpoint));
    for (const client of clients) await client.hear('ready', PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, run.warmUpMs));
    for (const child of children) child.tell('start');
    const seen: Seen[] = [];
    for (const client of clients) seen.push(await client.hear('seen', run.warmUpMs + run.measureMs + PATIENCE_MS));
    for (const child of children) child.tell('stop');
    const tookBy = async (group: readonly Child[]): Promise<Took> => {
      const all = await Promise.all(group.map((child) => child.hear('took', PATIENCE_MS)));
      return {
        cpuMs: all.reduce((sum, took) => sum + took.cpuMs, 0),
        rssBytes: Math.max(...all.map((took) => took.rssBytes)),
      };
    };
    return summary(seen, {
      broker: await tookBy([broker]),
      worker: await tookBy(workers),
      client: await tookBy(clients),
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}

function summary(seen: readonly Seen[], took: Run['took']): Run {
  const answered = seen.reduce((sum, each) => sum + each.answered, 0);
  return {
    perSecond: seen.reduce((sum, each) => sum + (each.answered / each.elapsedMs) * 1_000, 0),
    failed: seen.reduce((sum, each) => sum + each.failed, 0),
    p50: Math.max(...seen.map((each) => each.p50)),
    p99: Math.max(...seen.map((each) => each.p99)),
    answered,
    took,
  };
}
