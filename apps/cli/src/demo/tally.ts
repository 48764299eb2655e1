// What came of the calls: counted from what the caller was told and from what the workers wrote down, not from what was promised.
//
// T1. A call is lost when it has no answer, or one that is not its own.
// T2. Answered exactly once is what callers are promised; run at least once is what handlers are: they differ, so both are counted.

import { readThrown } from '@majordomo/protocol';

/** The sums at the end. Times in ms. */
export interface Summary {
  readonly calls: number;
  readonly answered: number;
  readonly lost: number;
  readonly answeredTwice: number;
  /** Requests that the killed worker held. */
  readonly held: number;
  readonly redelivered: number;
  /** Orders whose handler was started more than once. */
  readonly runTwice: number;
  /** From the kill to the redelivery, over all redelivered requests; null when there were none. */
  readonly redeliveryMs: { readonly median: number; readonly max: number } | null;
  /** The first error that a caller was told, if any. */
  readonly error: string | null;
}

/** What the broker said at the end. */
export interface BrokerTotals {
  readonly requests: number;
  readonly settled: number;
}

export class Tally {
  readonly #answers: Uint8Array;
  readonly #redeliveredAt: number[] = [];
  #killedAt = Infinity;
  #held = 0;
  #answered = 0;
  #strayed = 0;
  #error: string | null = null;

  constructor(calls: number) {
    this.#answers = new Uint8Array(calls);
  }

  /** Calls that have an answer of their own. */
  get answered(): number {
    return this.#answered;
  }
  get redelivered(): number {
    return this.#redeliveredAt.length;
  }

  /** A call has ended with an answer. `answersCall` is the number that stands in it. */
  tellAnswer(call: number, answersCall: number): void {
    if (answersCall !== call) this.#strayed += 1;
    else {
      const answers = (this.#answers[call] ?? 0) + 1;
      this.#answers[call] = answers;
      if (answers === 1) this.#answered += 1;
    }
  }

  tellError(error: unknown): void {
    this.#error ??= readThrown(error).message;
  }

  /** The worker is about to be killed. */
  tellKill(atMs: number): void {
    this.#killedAt = atMs;
  }

  /** The broker has noticed. @returns how many requests the worker held, and how long it took. */
  tellLost(held: number, atMs: number): { readonly held: number; readonly afterMs: number } {
    this.#held += held;
    return { held, afterMs: tenths(atMs - this.#killedAt) };
  }

  tellRedelivered(atMs: number): void {
    this.#redeliveredAt.push(atMs);
  }

  /** @param runs one text for each worker: the number of a call on each line. */
  summary(runs: readonly string[], broker: BrokerTotals): Summary {
    const calls = this.#answers.length;
    const doubles = this.#answers.filter((answers) => answers > 1).length;
    return {
      calls,
      answered: this.#answered,
      lost: calls - this.#answered,
      // The broker's own count sees an outcome that was sent twice even where the client has dropped the second.
      answeredTwice: doubles + this.#strayed + Math.max(0, broker.settled - broker.requests),
      held: this.#held,
      redelivered: this.#redeliveredAt.length,
      runTwice: runTwice(runs),
      redeliveryMs: this.#redeliveryMs(),
      error: this.#error,
    };
  }

  #redeliveryMs(): Summary['redeliveryMs'] {
    const waits = this.#redeliveredAt.map((at) => at - this.#killedAt).sort((a, b) => a - b);
    const max = waits.at(-1);
    const median = waits[Math.floor(waits.length / 2)];
    return max === undefined || median === undefined ? null : { median: tenths(median), max: tenths(max) };
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function runTwice(runs: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const call of runs.flatMap((text) => text.split('\n')).filter((each) => each !== '')) {
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count > 1).length;
}
