// Where a command writes: results on stdout, everything else on stderr.
//
// P1. No colour and no moving line where no person looks: not a terminal, or NO_COLOR.
// P2. A reader that has gone away (`| head -1`) ends the command quietly: with ReaderGone, so that it can leave its brokers in good order.

import type { Writable } from 'node:stream';

/** Two ways to make a word stand out, or none. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const PLAIN: Paint = { bold: (text) => text, dim: (text) => text };
const COLOUR: Paint = { bold: (text) => `\u001b[1m${text}\u001b[22m`, dim: (text) => `\u001b[2m${text}\u001b[22m` };

interface MaybeTerminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ScreenOptions {
  readonly stdout: MaybeTerminal;
  readonly stderr: MaybeTerminal;
  /** Results are wanted as JSON. */
  readonly json: boolean;
  readonly noColor: boolean;
}

export class Screen {
  readonly json: boolean;
  /** For stdout and for stderr. */
  readonly paint: Paint;
  readonly paintAside: Paint;
  /** Someone watches stderr: a line there may be written over. */
  readonly isWatched: boolean;
  /** What stderr is, for a log. */
  readonly logTarget: { readonly isTerminal: boolean; readonly noColor: boolean };
  readonly #stdout: MaybeTerminal;
  readonly #stderr: MaybeTerminal;

  constructor({ stdout, stderr, json, noColor }: ScreenOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.logTarget = { isTerminal: stderr.isTTY === true, noColor };
    this.isWatched = stderr.isTTY === true && !noColor;
    this.paint = stdout.isTTY === true && !noColor ? COLOUR : PLAIN;
    this.paintAside = this.isWatched ? COLOUR : PLAIN;
  }

  /** The width of the terminal behind stderr, in columns; 80 where there is none, or one that does not know. */
  get columns(): number {
    return this.#stderr.columns || 80;
  }

  /** A result, with a line break after it. Resolves when it is written. @throws ReaderGone (P2). */
  result(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(`${text}\n`, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(isBrokenPipe(error) ? new ReaderGone() : error);
      });
    });
  }

  /** Anything else that a person should read, with a line break after it. */
  aside(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** As it is: for lines that are written over. */
  raw(text: string): void {
    this.#stderr.write(text);
  }
}

/** Nobody reads the results any more. Nothing is wrong. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

function isBrokenPipe(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}

/** P2. A pipe without a reader is no uncaught error; whoever writes a result is told. To be called once, before anything is written. */
export function allowBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!isBrokenPipe(error)) throw error;
    });
  }
}
