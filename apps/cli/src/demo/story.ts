// What a person sees of the demo while it goes on, and at the end.
//
// S1. On a terminal one line is written over; elsewhere a line at each quarter is enough.

import type { Screen } from '../output/screen.js';
import { monotonicMs } from './words.js';
import type { Summary } from './tally.js';

const BAR_LENGTH = 24;
/** A line that is written over more often than this only flickers. ms. */
const REDRAW_MS = 50;

/** 5000 is 5,000. */
function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export class Story {
  readonly #screen: Screen;
  readonly #calls: number;
  readonly #startedAt = monotonicMs();
  #drawnAt = -Infinity;
  #quarter = 0;
  #isDrawn = false;

  constructor(screen: Screen, calls: number) {
    this.#screen = screen;
    this.#calls = calls;
  }

  /** Something happened. */
  tell(text: string): void {
    this.#erase();
    const { dim } = this.#screen.paintAside;
    this.#screen.aside(`${dim(this.#time())}  ${text}`);
  }

  progress(answered: number): void {
    if (this.#screen.isWatched) return this.#draw(answered);
    const quarter = Math.floor((answered * 4) / this.#calls);
    if (quarter <= this.#quarter) return;
    this.#quarter = quarter;
    this.tell(this.#answeredText(answered));
  }

  /** All calls have ended: the last state of a line that was written over stays. */
  complete(answered: number): void {
    if (this.#screen.isWatched) this.tell(this.#answeredText(answered));
  }

  /** Nothing is written over any more. */
  end(): void {
    this.#erase();
  }

  #answeredText(answered: number): string {
    return `${grouped(answered)} of ${grouped(this.#calls)} calls answered`;
  }

  #draw(answered: number): void {
    const now = monotonicMs();
    if (now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    const done = Math.round((answered / this.#calls) * BAR_LENGTH);
    const bar = '█'.repeat(done) + '░'.repeat(BAR_LENGTH - done);
    const line = `${this.#time()}  ${bar}  ${this.#answeredText(answered)}`;
    this.#screen.raw(`\r${line.slice(0, this.#screen.columns - 1)}\u001b[K`);
  }

  #erase(): void {
    if (this.#isDrawn) this.#screen.raw('\r\u001b[K');
    this.#isDrawn = false;
  }

  #time(): string {
    return `${((monotonicMs() - this.#startedAt) / 1_000).toFixed(2).padStart(6)} s`;
  }
}

/** The sums, one to a line, with what they mean. */
export function summaryText(summary: Summary, screen: Screen): string {
  const { calls, answered, lost, answeredTwice, held, redelivered, runTwice, redeliveryMs, error } = summary;
  const lines: [string, string, string][] = [
    ['calls made', grouped(calls), ''],
    ['answered', grouped(answered), ''],
    ['lost', grouped(lost), error === null ? '' : `the first error: ${error}`],
    ['answered twice', grouped(answeredTwice), ''],
    ['redelivered', grouped(redelivered), `the killed worker held ${grouped(held)}`],
    ['run twice', grouped(runTwice), 'begun on the killed worker and begun again: handlers run at least once'],
  ];
  const time = redeliveryMs === null ? 'none' : `${redeliveryMs.median} ms median, ${redeliveryMs.max} ms longest`;
  const { bold, dim } = screen.paint;
  const table = lines.map(
    ([title, sum, note]) => `  ${title.padEnd(22)}${bold(sum.padStart(9))}${note && dim(`  ${note}`)}`,
  );
  return ['', ...table, `  ${'kill to redelivery'.padEnd(22)}${bold(time)}`].join('\n');
}
