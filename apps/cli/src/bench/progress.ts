// One line on stderr while a bench goes on, for a person who watches; nothing where nobody does.

import type { Milliseconds } from '@majordomo/protocol';
import type { Cancel, Clock } from '@majordomo/runtime';
import type { Screen } from '../output/screen.js';
import type { Load } from './load.js';
import { grouped } from './summary.js';
import type { Tally } from './tally.js';

/** ms. Often enough to look alive. */
const REDRAW_MS = 200;

export class Progress {
  readonly #screen: Screen;
  readonly #clock: Clock;
  readonly #load: Load;
  readonly #tally: Tally;
  #cancel: Cancel | undefined;

  constructor(screen: Screen, clock: Clock, load: Load, tally: Tally) {
    this.#screen = screen;
    this.#clock = clock;
    this.#load = load;
    this.#tally = tally;
  }

  start(): void {
    if (!this.#screen.isWatched) return;
    const line = progressText(this.#load, this.#tally, this.#clock.now());
    this.#screen.raw(`\r${line.slice(0, this.#screen.columns - 1)}\u001b[K`);
    this.#cancel = this.#clock.setTimer(REDRAW_MS, () => this.start());
  }

  /** The line is gone. */
  end(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#screen.raw('\r\u001b[K');
  }
}

function progressText(load: Load, tally: Tally, now: Milliseconds): string {
  if (now < load.measureAt) return `warming up, ${load.inFlight} in flight`;
  const ms = load.measuredMs(now);
  const of = load.endAt === Infinity ? '' : ` of ${grouped((load.endAt - load.measureAt) / 1_000)}`;
  const perSecond = ms > 0 ? Math.round((tally.passed * 1_000) / ms) : 0;
  const parts = [
    `${(ms / 1_000).toFixed(1)}${of} s`,
    `${grouped(tally.answered)} answered`,
    `${grouped(perSecond)} a second`,
  ];
  parts.push(`${grouped(load.inFlight)} in flight`);
  if (tally.failed > 0) parts.push(`${grouped(tally.failed)} failed`);
  return parts.join(', ');
}
