// Submissions in closed loops, and the count of what became of every ticket that somebody was given.

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@majordomo/client';
import type { Line } from './processes.js';

export interface HandoversInit {
  readonly client: Client;
  /** A method that answers with the id of the request and the name of the run. */
  readonly address: string;
  readonly inFlight: number;
  /** From a ticket to the next submission of the same loop, in ms. */
  readonly pauseMs: number;
  /** What the handler is asked to take at most, in ms. */
  readonly workMs: number;
}

/** What became of those that were handed over. */
export interface HandoverReport {
  readonly acknowledged: number;
  /** Acknowledged, and without an outcome, a line each. */
  readonly lost: readonly string[];
  /** Tickets that have had two different results, or that of another request, or one that nobody has made. */
  readonly different: readonly string[];
  /** Submissions that ended in an error: nobody was told that they were accepted. */
  readonly refused: readonly string[];
  /** Runs of a ticket that had been run already. */
  readonly runsBeyondFirst: number;
  /** Runs of what the broker had not on disk, nor told anybody that it was accepted, when it was killed: it was handed over anew. */
  readonly runsBeforeAcceptance: number;
}

/** Results asked for at one time when all are counted. */
const LOT = 500;
/** Long enough for a result that is going to come, in ms. */
const RESULT_MS = 20_000;
/** One of so many waits for its result at once, while brokers die. */
const ASKED_EARLY = 3;
/** One of so many is handed over under an idempotency key, and once more as soon as there is a ticket. */
const KEYED = 5;

export class Handovers {
  /** By what was handed over, every ticket that was given for it. */
  readonly #tickets = new Map<string, string[]>();
  /** By ticket, every result that somebody has had, as text. */
  readonly #results = new Map<string, Set<string>>();
  readonly #init: HandoversInit;
  readonly #loops: Promise<void>[] = [];
  readonly #early: Promise<void>[] = [];
  readonly #refused: string[] = [];
  #begun = 0;
  #isOver = false;

  /** Begins at once. */
  constructor(init: HandoversInit) {
    this.#init = init;
    for (let i = 0; i < init.inFlight; i++) this.#loops.push(this.#loop());
  }

  get acknowledged(): number {
    return this.#tickets.size;
  }

  /** Hands over nothing new; settles when each loop has its last ticket and nobody waits for an early result. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    await Promise.all(this.#early);
  }

  /**
   * Asks for every result once from each of these clients, and counts.
   *
   * @param runs what the workers have said of their runs: `id` and `run`.
   */
  async count(clients: readonly Client[], runs: () => Promise<readonly Line[]>): Promise<HandoverReport> {
    const all = [...this.#tickets.entries()];
    const lost: string[] = [];
    for (let at = 0; at < all.length; at += LOT) {
      const lot = all.slice(at, at + LOT).flatMap(([id, tickets]) => tickets.map((ticket) => ({ id, ticket })));
      for (const client of clients)
        await Promise.all(lot.map(async ({ id, ticket }) => lost.push(...(await this.#ask(client, id, ticket)))));
    }
    const said = await runs();
    const made = namesOf(said, 'id');
    const byRequest = namesOf(said, 'request');
    const runsBeyondFirst = said.length - byRequest.size;
    const tickets = new Set(all.flatMap(([, given]) => given));
    const runsBeforeAcceptance = [...byRequest].reduce(
      (sum, [request, names]) => sum + (tickets.has(request) ? 0 : names.size),
      0,
    );
    return {
      acknowledged: all.length,
      lost,
      different: this.#different(made),
      refused: this.#refused,
      runsBeyondFirst,
      runsBeforeAcceptance,
    };
  }

  async #loop(): Promise<void> {
    while (!this.#isOver) {
      const number = ++this.#begun;
      try {
        await this.#one(`handed-${number}`, number);
      } catch (error) {
        this.#refused.push(`handed-${number}: ${String(error)}`);
      }
      await delay(this.#init.pauseMs);
    }
  }

  async #one(id: string, number: number): Promise<void> {
    const { client, workMs } = this.#init;
    const options = number % KEYED === 0 ? { idempotencyKey: id } : {};
    const input = { id, ms: Math.floor(Math.random() * workMs) };
    const ticket = await this.#submit(input, options);
    this.#tickets.set(id, [ticket]);
    if (number % KEYED === 0) this.#tickets.get(id)?.push(await this.#submit(input, options));
    if (number % ASKED_EARLY === 0) this.#early.push(this.#ask(client, id, ticket).then(() => undefined));
  }

  async #submit(input: object, options: { readonly idempotencyKey?: string }): Promise<string> {
    const { client, address } = this.#init;
    return (await client.submit(address, input, options)).id;
  }

  /** @returns a line when there is no result. */
  async #ask(client: Client, id: string, ticket: string): Promise<string[]> {
    try {
      const result = JSON.stringify(await client.ticket(ticket).result({ timeoutMs: RESULT_MS }));
      this.#results.set(ticket, (this.#results.get(ticket) ?? new Set()).add(result));
      return [];
    } catch (error) {
      return [`${id}, ticket ${ticket}: ${String(error)}`];
    }
  }

  #different(made: ReadonlyMap<string, ReadonlySet<string>>): string[] {
    return [...this.#tickets].flatMap(([id, tickets]) => {
      const results = [...new Set(tickets)].flatMap((ticket) => [...(this.#results.get(ticket) ?? [])]);
      const isRight = (text: string): boolean => {
        const result = JSON.parse(text) as { readonly id: string; readonly run: string };
        return result.id === id && made.get(id)?.has(result.run) === true;
      };
      const isOne = new Set(tickets).size === 1 && results.length <= 1 && results.every(isRight);
      return isOne ? [] : [`${id}, tickets ${tickets.join(' and ')}: ${results.join(' and ')}`];
    });
  }
}

/** The names of the runs by what they say of themselves. */
function namesOf(runs: readonly Line[], by: 'id' | 'request'): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const line of runs) {
    const name = String(line[by]);
    names.set(name, (names.get(name) ?? new Set()).add(String(line['run'])));
  }
  return names;
}
