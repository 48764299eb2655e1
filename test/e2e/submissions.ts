// Durable requests without end: so many handed over side by side, each that has its ticket followed by the next.

import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Ticket } from '@majordomo/client';
import type { Answer } from './stage.js';

export interface SubmissionsInit {
  readonly client: Client;
  /** A method of the fixture's service that answers with the id of the request. */
  readonly address: string;
  readonly inFlight: number;
  /** What every input has beside its id. */
  readonly input?: object;
  /** Refusals that are no failure of the test; after one the next request follows. Default: none. */
  readonly mayRefuse?: (error: unknown) => boolean;
}

export class Submissions {
  /** What was acknowledged, by the id of the request. */
  readonly tickets = new Map<string, Ticket>();
  readonly #init: SubmissionsInit;
  readonly #running: Promise<unknown>;
  #isOver = false;

  /** Begins at once. */
  constructor(init: SubmissionsInit) {
    this.#init = init;
    this.#running = Promise.all(Array.from({ length: init.inFlight }, (_, lane) => this.#loop(lane)));
    // Told at the end; until then a test may fail for a reason of its own.
    this.#running.catch(() => undefined);
  }

  /** Hands over nothing new, and waits for the tickets of what is under way. Rejects with the first failure that was not to be expected. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Waits for the result of each ticket, as anybody may who knows its number. @returns what each answers, in the order of `tickets`. */
  async answered(): Promise<string[]> {
    const tickets = [...this.tickets.values()];
    const answers = await Promise.all(tickets.map(({ id }) => this.#init.client.ticket<Answer>(id).result()));
    return answers.map(({ id }) => id);
  }

  async #loop(lane: number): Promise<void> {
    const { client, address, input, mayRefuse } = this.#init;
    for (let i = 0; !this.#isOver; i++) {
      const id = `${lane}-${i}`;
      try {
        this.tickets.set(id, await client.submit(address, { ...input, id }));
      } catch (error) {
        if (mayRefuse?.(error) !== true) throw error;
        await delay(20);
      }
    }
  }
}
