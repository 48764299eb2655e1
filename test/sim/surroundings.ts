// What a process of a world has around it: time, links, chance, and those who write down what it does.

import type { FakeClock, FakeNetwork } from '@majordomo/runtime/fake';
import type { Dice } from '../fuzz/dice.js';
import type { History, Operation, Outcome, Run } from './history.js';
import type { Plan } from './plan.js';
import type { Trace } from './trace.js';
import type { Variant } from './variants/variant.js';

export interface Surroundings {
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly trace: Trace;
  readonly plan: Plan;
  readonly variant: Variant | undefined;
  readonly history: History;
  /** Chance for misfortunes, and for what is lost with them. */
  readonly faultDice: Dice;
  readonly endpoints: readonly string[];
  /** Steps of all processes so far. */
  steps: number;
  /** Chance for processes, from 0 to 1. */
  chance(): number;
  note(text: string): void;
  /** A promise or a rule was broken: the world ends. */
  fail(problem: string, error?: unknown): void;
  later(ms: number, act: () => void): void;
  /** A client was told how an operation ended. */
  heard(operation: Operation, outcome: Outcome): void;
  /** A run begins: is it its turn, if it has one? */
  checkTurn(requestId: string, run: Run): void;
}
