// What the user of a client wants: one thing after the other, at chance times, of every kind that there is.

import type { Dice } from '../fuzz/dice.js';
import type { Asked, MethodName, Task } from './history.js';
import { TIMES } from './plan.js';
import type { SimClient } from './sim-client.js';
import type { Town } from './town.js';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** How long what is asked under a key takes, in ms: under some of them longer than some callers wait. */
const KEYED_MS: Readonly<Record<string, number>> = { 'call-d': 1_500, 'call-e': 1_500, 'call-f': 1_500 };

export class User {
  readonly #world: Town;
  readonly #client: SimClient;
  readonly #dice: Dice;

  constructor(world: Town, client: SimClient, dice: Dice) {
    this.#world = world;
    this.#client = client;
    this.#dice = dice;
  }

  /** Asks for something, and again after a while, for as long as misfortunes go on. */
  begin(): void {
    const { askMs } = this.#world.plan;
    this.#world.later(1 + this.#dice.below(2 * askMs), () => {
      if (!this.#world.isStormy) return;
      if (this.#client.isRunning) this.#ask();
      this.begin();
    });
  }

  #ask(): void {
    const dice = this.#dice;
    const kind = dice.below(this.#world.plan.isDurable ? 10 : 5);
    if (kind === 0) this.#stream();
    else if (kind < 5) this.#call();
    else if (kind < 8) this.#submit();
    else this.#askForTicket();
  }

  #call(): void {
    const dice = this.#dice;
    const method = dice.of<MethodName>(['echo', 'echo', 'once', 'once', 'limited']);
    const key = dice.oneIn(8) ? `call-${dice.of(KEYS)}` : '';
    const cancelAfterMs = dice.oneIn(12) && key === '' ? dice.below(400) : Infinity;
    const operation = this.#world.history.asked(this.#asked('call', key === '' ? method : 'echo', key));
    this.#client.call(operation, cancelAfterMs);
  }

  #stream(): void {
    this.#client.stream(this.#world.history.asked(this.#asked('stream', 'count', '')));
  }

  #submit(): void {
    const dice = this.#dice;
    const key = dice.oneIn(8) ? `submit-${dice.of(KEYS)}` : '';
    const method = key === '' ? dice.of<MethodName>(['echo', 'echo', 'once', 'limited']) : 'echo';
    const now = this.#world.clock.now();
    const operation = this.#world.history.asked({
      ...this.#asked('submit', method, key),
      lane: dice.oneIn(2) && key === '' ? dice.of(['x', 'y']) : '',
      runAt: dice.oneIn(8) && key === '' ? now + dice.below(2_000) : 0,
    });
    const wishes = { priority: dice.below(10), expiresMs: dice.oneIn(10) ? 4_000 + dice.below(4_000) : undefined };
    void this.#client.submit(operation, wishes).then((ticket) => {
      if (ticket !== undefined) this.#world.given(ticket, operation);
    });
  }

  /** Of any ticket that was ever given out, whoever has it. */
  #askForTicket(): void {
    const dice = this.#dice;
    const { tickets } = this.#world;
    if (tickets.all.size === 0) return;
    const handed = dice.of([...tickets.all.values()]);
    if (dice.oneIn(12)) {
      handed.isCancelled = true;
      this.#client.cancelTicket(handed.ticket);
    } else
      this.#world.askResult(this.#client, handed, 200 + dice.below(3_000), dice.oneIn(4) ? dice.below(400) : Infinity);
  }

  #asked(kind: Asked['kind'], method: MethodName, key: string): Asked {
    const dice = this.#dice;
    const work = key === '' ? `${kind}-${this.#world.history.operations.length + 1}` : key;
    const task =
      key === '' ? this.#task(work) : { work, does: 'return' as const, ms: KEYED_MS[key] ?? 30, attempts: 0 };
    const deadlineMs = 300 + dice.below(TIMES.deadlineMaxMs - 300);
    return { kind, client: this.#client.name, method, task, key, deadlineMs, lane: '', runAt: 0 };
  }

  #task(work: string): Task {
    const dice = this.#dice;
    const isGood = dice.below(10) < 6;
    const does = isGood ? 'return' : dice.of(['fail', 'fail', 'fail', 'retry', 'hang', 'stick', 'crash'] as const);
    const ms = dice.oneIn(4) ? 0 : dice.oneIn(isGood ? 3 : 2) ? 100 + dice.below(800) : dice.below(60);
    return { work, does, ms, attempts: isGood ? 0 : dice.of([1, 1, 2, 99]) };
  }
}
