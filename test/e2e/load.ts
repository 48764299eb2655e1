// A closed loop of calls: so many in flight, each that is answered replaced by the next, and a count of what became of every one.

import { isMajordomoError, type Client } from '@majordomo/client';
import { wallClock } from './processes.js';
import { LIMIT_MS, type Answer } from './stage.js';

export interface LoadInit {
  readonly client: Client;
  /** A method of the fixture's service that answers with the id of the call. */
  readonly address: string;
  readonly inFlight: number;
  /** What the handler is asked to take, in ms. */
  readonly ms?: number;
  /** Whether a call waits while nobody offers the service. Default: no. */
  readonly waitForService?: boolean;
}

/** What became of the calls. */
export interface LoadReport {
  readonly asked: number;
  /** Answered with what they asked for, once. */
  readonly right: number;
  /** What became of the others, a line each. */
  readonly wrong: readonly string[];
  readonly slowestMs: number;
}

export class Load {
  /** When which process answered, in the order in which the answers came. */
  readonly answers: { readonly id: string; readonly at: number; readonly pid: number }[] = [];
  readonly #init: LoadInit;
  readonly #name: string;
  readonly #wrong: string[] = [];
  readonly #settled = new Map<string, number>();
  #asked = 0;
  #slowestMs = 0;
  #slowestLatelyMs = 0;
  #isOver = false;
  #running: Promise<void>[] = [];

  /** Begins at once. */
  constructor(name: string, init: LoadInit) {
    this.#name = name;
    this.#init = init;
    for (let i = 0; i < init.inFlight; i++) this.#running.push(this.#loop());
  }

  /** How many were asked: their ids are the load's name and a number from 1 to this. */
  get asked(): number {
    return this.#asked;
  }

  /** Calls asked and not settled now. */
  get inFlight(): number {
    return this.#asked - this.#settled.size;
  }

  /** The slowest of those that have settled since this was asked before, in ms. */
  takeSlowestMs(): number {
    const slowestMs = this.#slowestLatelyMs;
    this.#slowestLatelyMs = 0;
    return slowestMs;
  }

  /** Asks nothing new, and waits until everything is settled. */
  async end(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#running);
    const wrong = [...this.#wrong];
    for (const [id, times] of this.#settled) if (times !== 1) wrong.push(`${id} was settled ${times} times`);
    return { asked: this.#asked, right: this.answers.length, wrong, slowestMs: this.#slowestMs };
  }

  async #loop(): Promise<void> {
    while (!this.#isOver) await this.#one(`${this.#name}-${++this.#asked}`);
  }

  async #one(id: string): Promise<void> {
    const { client, address, ms = 0, waitForService = false } = this.#init;
    const askedAt = wallClock();
    try {
      const answer = await client.call<Answer>(address, { id, ms }, { waitForService, deadlineMs: LIMIT_MS });
      if (answer.id === id) this.answers.push({ id, at: wallClock(), pid: answer.pid });
      else this.#wrong.push(`${id} was answered with ${answer.id}`);
    } catch (error) {
      this.#wrong.push(`${id}: ${String(error)}`);
      // Nobody can answer any more.
      if (isMajordomoError(error, 'CLOSED')) this.#isOver = true;
    }
    this.#settled.set(id, (this.#settled.get(id) ?? 0) + 1);
    const tookMs = wallClock() - askedAt;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    this.#slowestLatelyMs = Math.max(this.#slowestLatelyMs, tookMs);
  }
}
