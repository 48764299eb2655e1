// The service of the demo, written as anybody would write one: a class with a decorated method.

import { SystemClock } from '@majordomo/runtime';
import { Method, Service, type RequestContext } from '@majordomo/worker';
import { writeSync } from 'node:fs';

/** What is asked for. */
export interface Order {
  /** The number of the call, from 0. */
  readonly call: number;
}

/** What is answered. */
export interface Receipt {
  readonly call: number;
  readonly worker: string;
  readonly attempt: number;
}

/** Work that takes 15 to 25 ms, as with a database. */
const WORK_MIN_MS = 15;
const WORK_SPREAD_MS = 11;
/** Requests that one worker works on at once. */
export const CONCURRENCY = 48;

@Service('orders', { concurrency: CONCURRENCY })
export class Orders {
  readonly #worker: string;
  readonly #runs: number;
  readonly #clock = new SystemClock();

  /** @param runs an open file: every run is written down there before it begins, so that it is known even if the process dies in it. */
  constructor(worker: string, runs: number) {
    this.#worker = worker;
    this.#runs = runs;
  }

  @Method({ name: 'create' })
  async create({ call }: Order, { attempt }: RequestContext): Promise<Receipt> {
    writeSync(this.#runs, `${call}\n`);
    await new Promise<void>((resolve) => this.#clock.setTimer(WORK_MIN_MS + ((call * 7) % WORK_SPREAD_MS), resolve));
    return { call, worker: this.#worker, attempt };
  }
}
