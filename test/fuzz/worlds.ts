// Worlds for the fuzz of whole machines: each from a seed of its own, and when all of it is over the broker may remember nothing.

import type { Broker } from '@majordomo/broker';
import { Dice, FUZZ_SEED } from './dice.js';

export interface FuzzWorld {
  readonly broker: Broker;
  /** What happened so far, to be read when something goes wrong. */
  readonly log: readonly string[];
  step(): void;
  /** Everybody leaves, and time passes. */
  end(): void;
}

/** Lines of the log that a failure shows. */
const SHOWN = 14;

const NOTHING = {
  unsettled: 0,
  links: 0,
  sessions: 0,
  services: 0,
  outcomes: 0,
  outcomeBytes: 0,
  keyed: 0,
  holdings: 0,
};

function remembered({ memory }: Broker): Record<keyof typeof NOTHING, number> {
  return {
    unsettled: memory.unsettled,
    links: memory.links.size,
    sessions: memory.sessions.size,
    services: memory.services.size,
    outcomes: memory.settled.length,
    outcomeBytes: memory.settledBytes,
    keyed: memory.keyed.size,
    holdings: memory.holdings.size,
  };
}

/** Plays `count` worlds of `steps` steps each, to their end. @throws what went wrong in the first that failed, with its seed. */
export function playWorlds(count: number, steps: number, make: (dice: Dice) => FuzzWorld): void {
  for (let i = 0; i < count; i++) {
    const world = make(new Dice(FUZZ_SEED + i));
    try {
      for (let step = 0; step < steps; step++) world.step();
      world.end();
      expect(remembered(world.broker)).toEqual(NOTHING);
    } catch (cause) {
      const last = world.log.slice(-SHOWN).join('\n');
      throw new Error(`FUZZ_SEED=${FUZZ_SEED + i}, after ${world.log.length} inputs: ${String(cause)}\n${last}`, {
        cause,
      });
    }
  }
}
