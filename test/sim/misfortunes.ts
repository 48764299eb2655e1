// What befalls a world while it is stormy, by the dice: links that break or fall silent, processes that stop and die, disks that fill.

import type { Connection } from '@majordomo/runtime/fake';
import type { Dice } from '../fuzz/dice.js';
import type { Evils } from './plan.js';
import type { SimProcess } from './sim-process.js';
import type { Town } from './town.js';

export class Misfortunes {
  readonly #world: Town;
  readonly #dice: Dice;
  readonly #lot: (keyof Evils)[];

  constructor(world: Town, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
    const evils = Object.entries(world.plan.evils) as [keyof Evils, number][];
    this.#lot = evils.flatMap(([evil, weight]) => Array<keyof Evils>(weight).fill(evil));
  }

  /** The next one, and so on for as long as the storm lasts. */
  begin(): void {
    const { misfortuneMs } = this.#world.plan;
    if (this.#lot.length === 0) return;
    this.#world.later(1 + this.#dice.below(2 * misfortuneMs), () => {
      if (!this.#world.isStormy) return;
      this.#strike(this.#dice.of(this.#lot));
      this.begin();
    });
  }

  #strike(evil: keyof Evils): void {
    const { brokers, workers, clients } = this.#world;
    switch (evil) {
      case 'cut':
      case 'silence':
      case 'oneWay':
      case 'slow':
      case 'stall':
        return this.#strikeLink(evil);
      case 'isolate':
        return this.#isolate();
      case 'pause':
        return this.#pause(this.#dice.of([...brokers, ...workers, ...clients]));
      case 'crashBroker':
        return this.#crash(this.#dice.of(brokers));
      case 'crashWorker':
        return this.#crash(this.#dice.of(workers));
      case 'crashClient':
        return this.#crash(this.#dice.of(clients));
      case 'crashMidway':
        return this.#crashMidway(this.#dice.of([...brokers, ...brokers, ...workers, ...clients]));
      case 'drainWorker':
        return this.#dice.of(workers).leave();
      case 'drainBroker':
        return this.#dice.of(brokers).leave();
      default:
        return this.#strikeDisk(evil);
    }
  }

  #strikeLink(evil: 'cut' | 'silence' | 'oneWay' | 'slow' | 'stall'): void {
    const dice = this.#dice;
    const { network } = this.#world;
    const open = network.connections.filter(({ state }) => state === 'open');
    if (open.length === 0) return;
    const connection = dice.of(open);
    this.#world.note(`a link to ${connection.endpoint}: ${evil}`);
    if (evil === 'cut') connection.cut({ connector: this.#lateness(), listener: this.#lateness() });
    else if (evil === 'slow') connection.delayMs = dice.of([1, 20, 300]);
    else this.#hold(connection, evil);
  }

  /** How late one end learns of a break: mostly at once. */
  #lateness(): number {
    return this.#dice.oneIn(2) ? 0 : this.#dice.below(3_000);
  }

  #hold(connection: Connection, evil: 'silence' | 'oneWay' | 'stall'): void {
    const dice = this.#dice;
    const side = dice.of(['connector', 'listener'] as const);
    if (evil === 'silence') connection.silence();
    else if (evil === 'oneWay') connection.silence(side);
    else connection.stall(side);
    this.#world.later(50 + dice.below(5_000), () => {
      if (connection.state !== 'open') return;
      if (evil === 'stall') connection.resume(side);
      else connection.heal();
    });
  }

  #isolate(): void {
    const { network, brokers } = this.#world;
    const { endpoint } = this.#dice.of(brokers);
    this.#world.note(`${endpoint} is cut off`);
    network.isolate(endpoint);
    this.#world.later(100 + this.#dice.below(6_000), () => {
      this.#world.note(`${endpoint} is there again`);
      network.heal(endpoint);
    });
  }

  #pause(process: SimProcess): void {
    const { starts } = process;
    process.stop();
    this.#world.later(50 + this.#dice.below(5_000), () => {
      if (process.starts === starts) process.continue();
    });
  }

  #crash(process: SimProcess): void {
    if (!process.isAlive) return;
    process.kill('misfortune');
    this.#restart(process);
  }

  #restart(process: SimProcess): void {
    this.#world.later(this.#dice.oneIn(3) ? this.#dice.below(4_000) : this.#dice.below(300), () => process.start());
  }

  /** At a step that nobody knows: between two sends of one turn, before or after a commit. */
  #crashMidway(process: SimProcess): void {
    process.stepsToLive = 1 + this.#dice.below(40);
  }

  #strikeDisk(evil: 'diskFull' | 'diskError' | 'diskSlow'): void {
    const { disk, name } = this.#dice.of(this.#world.brokers);
    this.#world.note(`the disk of ${name}: ${evil}`);
    if (evil === 'diskError') disk.failsNext = true;
    else if (evil === 'diskFull') {
      disk.isFull = true;
      this.#world.later(100 + this.#dice.below(2_000), () => (disk.isFull = false));
    } else disk.syncMs = this.#dice.of([0, 3, 50, 400]);
  }
}
