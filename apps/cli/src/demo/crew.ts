// The processes of the demo: started, killed, and never left behind.
//
// C1. A child that ends without being told to is an error of the demo, told at once.
// C2. Whatever ends this process, its children end: here by `end`, and by themselves when they lose their parent.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildWord, ReadyWord } from './words.js';

const BROKER = fileURLToPath(new URL('./broker-process.js', import.meta.url));
const WORKER = fileURLToPath(new URL('./worker-process.js', import.meta.url));

/** One process that works. */
export interface Member {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ready: ReadyWord;
}

export class Crew {
  readonly #children = new Set<ChildProcess>();
  readonly #onWord: (word: ChildWord) => void;
  readonly #onExit = (): void => this.end();
  #fail!: (error: Error) => void;
  /** Rejects when a child ends by itself (C1); it never resolves. */
  readonly failed: Promise<never>;

  /** @param onWord is told what children tell after they are ready. */
  constructor(onWord: (word: ChildWord) => void) {
    this.#onWord = onWord;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever races against it hears of it; nobody must.
    this.failed.catch(() => undefined);
    process.on('exit', this.#onExit);
  }

  startBroker(): Promise<Member> {
    return this.#start('broker', BROKER, []);
  }

  /** @param runs the file in which it writes down its runs. */
  startWorker(name: string, endpoint: string, runs: string): Promise<Member> {
    return this.#start(name, WORKER, [endpoint, name, runs]);
  }

  #start(name: string, file: string, args: readonly string[]): Promise<Member> {
    const child = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#children.add(child);
    child.once('exit', (code, signal) => {
      const isExpected = !this.#children.delete(child);
      if (!isExpected)
        this.#fail(new Error(`the ${name} of the demo ended by itself (${signal ?? `exit code ${code}`})`));
    });
    child.once('error', (error) => this.#fail(error));
    const ready = new Promise<Member>((resolve) => {
      child.on('message', (word: ChildWord) => {
        if (word.kind === 'ready') resolve({ name, child, ready: word });
        else this.#onWord(word);
      });
    });
    return Promise.race([ready, this.failed]);
  }

  /** Kills one child as nothing can prevent: it has no chance to say anything. */
  kill({ child }: Member): void {
    this.#children.delete(child);
    child.kill('SIGKILL');
  }

  /** C2. May be called twice. */
  end(): void {
    process.off('exit', this.#onExit);
    for (const child of this.#children) {
      this.#children.delete(child);
      child.kill('SIGKILL');
    }
  }
}
