// The demo itself: a broker, two workers, a client with thousands of calls, and one worker killed while it holds requests.

import { connect, type Client } from '@majordomo/client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crew, type Member } from './crew.js';
import { CONCURRENCY, type Order, type Receipt } from './orders.js';
import type { Story } from './story.js';
import { Tally, type BrokerTotals, type Summary } from './tally.js';
import { monotonicMs, type ChildWord, type HappenedWord, type ReportWord } from './words.js';

/** What one worker takes: two share it, so the killed one holds half of it, and the other one has room for that. */
const IN_FLIGHT = CONCURRENCY;
/** When this part of the calls is answered, the worker is killed. */
const KILL_AT = 0.4;
/** A call that is not answered by then is lost, in ms. */
const DEADLINE_MS = 15_000;

export interface PerformanceOptions {
  readonly calls: number;
  /** An empty folder, for what the workers write down. */
  readonly folder: string;
  readonly story: Story;
}

export class Performance {
  readonly #options: PerformanceOptions;
  readonly #tally: Tally;
  readonly #crew = new Crew((word) => this.#hear(word));
  readonly #workers: string[] = [];
  #endpoint = '';
  #report: ((word: ReportWord) => void) | undefined;
  #lastWorker: Promise<void> | undefined;

  constructor(options: PerformanceOptions) {
    this.#options = options;
    this.#tally = new Tally(options.calls);
  }

  /**
   * From the start of the broker to the sums.
   *
   * @throws when a process of the demo ends by itself, or the client cannot connect.
   */
  async play(): Promise<Summary> {
    const { story, calls } = this.#options;
    const broker = await this.#crew.startBroker();
    this.#endpoint = broker.ready.endpoint ?? '';
    story.tell(`broker listens on ${this.#endpoint}`);
    const [victim] = await Promise.all([this.#startWorker(), this.#startWorker()]);
    const client = await connect({ brokers: [this.#endpoint], name: 'demo-client', logger: false });
    try {
      story.tell(`client makes ${calls.toLocaleString('en-US')} calls of orders.create, ${IN_FLIGHT} at a time`);
      await Promise.race([this.#callAll(client, victim), this.#crew.failed]);
      story.complete(this.#tally.answered);
      await this.#lastWorker;
    } finally {
      await client.close();
    }
    const totals = await Promise.race([this.#askFor(broker), this.#crew.failed]);
    const runs = this.#workers.map((name) => readFileSync(this.#runsOf(name), 'utf8'));
    return this.#tally.summary(runs, totals);
  }

  /** Ends every process. May be called twice. */
  end(): void {
    this.#options.story.end();
    this.#crew.end();
  }

  #runsOf(name: string): string {
    return join(this.#options.folder, `${name}.runs`);
  }

  async #startWorker(): Promise<Member> {
    const name = `worker-${this.#workers.length + 1}`;
    this.#workers.push(name);
    const worker = await this.#crew.startWorker(name, this.#endpoint, this.#runsOf(name));
    this.#options.story.tell(`${name} serves orders (process ${worker.child.pid})`);
    return worker;
  }

  async #callAll(client: Client, victim: Member): Promise<void> {
    const { calls, story } = this.#options;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < calls) {
        const call = next++;
        await this.#callOnce(client, call);
        story.progress(this.#tally.answered);
        if (this.#lastWorker === undefined && this.#tally.answered >= calls * KILL_AT) this.#kill(victim);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  }

  async #callOnce(client: Client, call: number): Promise<void> {
    const order: Order = { call };
    try {
      const receipt = await client.call<Receipt>('orders.create', order, { deadlineMs: DEADLINE_MS });
      this.#tally.tellAnswer(call, receipt.call);
    } catch (error) {
      this.#tally.tellError(error);
    }
  }

  #kill(victim: Member): void {
    this.#tally.tellKill(monotonicMs());
    this.#crew.kill(victim);
    this.#options.story.tell(`${victim.name} killed with SIGKILL`);
    this.#lastWorker = this.#startWorker().then(() => undefined);
    // Told by the crew as well; nobody waits for it before the calls are over.
    this.#lastWorker.catch(() => undefined);
  }

  #hear(word: ChildWord): void {
    switch (word.kind) {
      case 'worker-lost':
        return this.#hearOfLoss(word);
      case 'redelivered':
        return this.#tally.tellRedelivered(word.atMs);
      case 'report':
        return this.#report?.(word);
      case 'ready':
        return undefined;
      default:
        return word satisfies never;
    }
  }

  #hearOfLoss({ count, atMs }: HappenedWord): void {
    const { held, afterMs } = this.#tally.tellLost(count, atMs);
    this.#options.story.tell(
      `broker notices after ${afterMs} ms: it held ${held} requests, which are handed out again`,
    );
  }

  #askFor({ child }: Member): Promise<BrokerTotals> {
    return new Promise((resolve) => {
      this.#report = resolve;
      child.send('report');
    });
  }
}
