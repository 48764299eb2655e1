// Requests the broker has given up on, kept with the reason and the history of every attempt, within a bound.
//
// G1. The oldest make room for the newest; how many went is counted.

import type { Bytes, ErrorCode, Milliseconds } from '@majordomo/protocol';
import { deadLetterBytesMax } from './shares.js';
import type { BrokerSettings } from './settings.js';
import type { Attempt } from './attempt.js';

export interface DeadLetter {
  /** Text form of the request id. */
  readonly request: string;
  readonly service: string;
  readonly method: string;
  readonly code: ErrorCode;
  readonly history: readonly Attempt[];
  /** In the broker's monotonic ms. */
  readonly diedAt: Milliseconds;
  readonly headers: Bytes;
  readonly body: Bytes;
  /** Its number in the journal; 0 when it is not there. */
  readonly ticket: number;
}

export class DeadLetters {
  readonly #letters: DeadLetter[] = [];
  readonly #countMax: number;
  readonly #bytesMax: number;
  #bytes = 0;
  #dropped = 0;

  constructor(settings: BrokerSettings) {
    this.#countMax = settings.deadLettersMax;
    this.#bytesMax = deadLetterBytesMax(settings);
  }

  get all(): readonly DeadLetter[] {
    return this.#letters;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** How many had to make room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The one of this request. */
  find(request: string): DeadLetter | undefined {
    return this.#letters.find((letter) => letter.request === request);
  }

  /** Takes one out. */
  remove(letter: DeadLetter): void {
    const at = this.#letters.indexOf(letter);
    if (at < 0) return;
    this.#letters.splice(at, 1);
    this.#bytes -= bytesOf(letter);
  }

  add(letter: DeadLetter): void {
    this.#letters.push(letter);
    this.#bytes += bytesOf(letter);
    while (this.#letters.length > this.#countMax || (this.#bytes > this.#bytesMax && this.#letters.length > 1)) {
      const oldest = this.#letters.shift();
      if (oldest !== undefined) this.#bytes -= bytesOf(oldest);
      this.#dropped += 1;
    }
  }
}

function bytesOf(letter: DeadLetter): number {
  return letter.body.length + letter.headers.length;
}
