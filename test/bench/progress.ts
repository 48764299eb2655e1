// What is said on stderr while the bench runs: one line that changes on a terminal, one line for each round elsewhere.

import type { Step } from './rounds.js';

const CLEAR_LINE = '\r\u001B[K';
const MINUTE_MS = 60_000;

/** `40 s` or `12 min`, for a time in ms. */
export function duration(ms: number): string {
  return ms < 2 * MINUTE_MS ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / MINUTE_MS)} min`;
}

/** How long it will still take, in ms, when `done` of `total` equal pieces took `elapsedMs`; undefined before the first is done. */
export function timeLeft(elapsedMs: number, done: number, total: number): number | undefined {
  return done === 0 ? undefined : (elapsedMs / done) * (total - done);
}

/** Follows the runs. `now` in ms. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  #startedAt: number | undefined;
  #round = 0;

  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  /** A sentence that stays. */
  say(sentence: string): void {
    this.#write(`${this.#isTerminal ? CLEAR_LINE : ''}${sentence}\n`);
  }

  step({ round, cell, system, done, total }: Step, now: number): void {
    this.#startedAt ??= now;
    const left = timeLeft(now - this.#startedAt, done, total);
    const estimate = left === undefined ? '' : `, about ${duration(left)} left`;
    if (this.#isTerminal) this.#write(`${CLEAR_LINE}${done + 1}/${total} ${cell} ${system}${estimate}`);
    else if (round !== this.#round) this.say(`round ${round}: run ${done + 1} of ${total}${estimate}`);
    this.#round = round;
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#isTerminal) this.#write(CLEAR_LINE);
  }
}
