// A world as those see it who move its people: users, misfortunes, and the calm after them.

import type { Operation } from './history.js';
import type { SimBroker } from './sim-broker.js';
import type { SimClient } from './sim-client.js';
import type { SimProcess } from './sim-process.js';
import type { SimWorker } from './sim-worker.js';
import type { Surroundings } from './surroundings.js';
import type { Handed, Tickets } from './tickets.js';

export interface Town extends Surroundings {
  readonly brokers: readonly SimBroker[];
  readonly workers: readonly SimWorker[];
  readonly clients: readonly SimClient[];
  readonly processes: readonly SimProcess[];
  readonly tickets: Tickets;
  readonly isStormy: boolean;
  /** What was found so far. */
  readonly problem: string | undefined;
  /**
   * Time passes, and promises get their turn between two instants.
   *
   * @returns true when `until` was true, or something was found, before the time was over.
   */
  pass(ms: number, until?: () => boolean): Promise<boolean>;
  /** A client was told that its request is kept under this ticket. */
  given(ticket: string, operation: Operation): void;
  /** A client asks for the outcome of a ticket. */
  askResult(client: SimClient, handed: Handed, timeoutMs: number, cancelAfterMs?: number): Operation;
}
