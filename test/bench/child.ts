// A process of a system under test, as the one who started it sees it: it is told words and says lines of JSON.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PartInit, Seen, Took } from './cell.js';

const PART = fileURLToPath(new URL('part.js', import.meta.url));
/** A process that does not say in this time what it should has failed, in ms. */
const PATIENCE_MS = 20_000;
/** A process that was told to end and does not is killed after this, in ms. */
const GRACE_MS = 2_000;
/** So much of the end of what it wrote to stderr is kept for the report of its failure, in characters. */
const ERRORS_MAX = 2_000;

interface Said {
  readonly ready?: string;
  readonly seen?: Seen;
  readonly took?: Took;
}

/** A child process that runs one part. BENCH_PROFILE=broker (or worker, client) writes its CPU profile to bench-profiles. */
export class Child {
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
      // A library may print something of its own.
      if (line.startsWith('{')) this.#said.push(JSON.parse(line) as Said);
      this.#wake();
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-ERRORS_MAX);
    });
    // A pipe to a process that has just died; its exit says more.
    this.#process.stdin?.on('error', () => undefined);
    this.#process.once('exit', () => this.#wake());
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  tell(word: 'start' | 'stop'): void {
    this.#process.stdin?.write(`${word}\n`);
  }

  /** Waits until it has said something of this kind. Rejects when it ends before, or says nothing for 20 s. */
  async hear<Key extends keyof Said>(key: Key): Promise<NonNullable<Said[Key]>> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.#said.find((said) => said[key] !== undefined)?.[key];
      if (found !== undefined) return found as NonNullable<Said[Key]>;
      const left = until - performance.now();
      if (this.#isOver || left <= 0) throw new Error(this.#obituary(key));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #obituary(key: string): string {
    const state = this.#isOver
      ? `it ended with ${String(this.#process.exitCode ?? this.#process.signalCode)}`
      : `it still runs after ${PATIENCE_MS / 1_000} s`;
    return `the ${this.init.part} said no "${key}", ${state}: ${this.#errors.trim() || 'nothing on stderr'}`;
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), GRACE_MS);
    await gone;
    clearTimeout(timer);
  }
}
