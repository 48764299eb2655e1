// What a deliberately broken world may change: the seams at which a variant puts its fault.

import type { Broker, BrokerOptions, Loaded, Store } from '@majordomo/broker';
import type { WireRecord } from '@majordomo/protocol';
import type { Disk } from '../disk.js';
import type { Plan } from '../plan.js';
import type { Passing } from '../tapped-port.js';

/** What a variant may ask of its world. */
export interface Timed {
  readonly clock: { now(): number };
}

export interface Variant {
  readonly name: string;
  /** What is broken, in a sentence. */
  readonly breaks: string;
  /** Which of the rules is expected to find it: the beginning of the problem. */
  readonly rule: RegExp;
  /** The kind of world in which it can be found. */
  readonly plan?: (plan: Plan) => Plan;
  readonly settings?: Partial<BrokerOptions>;
  /** Changes a broker's machine, once for each start. */
  readonly machine?: (machine: Broker, world: Timed) => void;
  /** Stands between a broker and its store. */
  readonly store?: (store: Store, disk: Disk) => Store;
  /** What a broker finds on its disk. */
  readonly loaded?: (loaded: Loaded) => Loaded;
  /** Changes what a process hears or says. */
  readonly alter?: (passing: Passing, records: readonly WireRecord[], world: Timed) => readonly WireRecord[];
  /** Timers are judged before what has arrived is read. */
  readonly judgesFirst?: boolean;
  /** Changes classes for as long as the world lasts. @returns what undoes it. */
  readonly patch?: () => () => void;
}
