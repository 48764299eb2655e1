// The brokers as requests see them: which of them is asked next, and what each has been told.

import { digestOf, type BrokerLink } from '@majordomo/protocol';
import { NameRing } from './addresses.js';

/** One broker of the list. What is kept here holds for its current link. */
export class Outlet {
  /** Requests that it has and that are not settled. */
  unsettled = 0;
  /** SETTLED was said up to here. */
  settledSaid = 1;
  names = new NameRing(1);

  constructor(readonly link: BrokerLink) {}

  /** The instance of the broker; 0 before the first WELCOME. */
  get instance(): number {
    return this.link.welcome?.instance ?? 0;
  }

  /** Does it take requests? */
  get isOpen(): boolean {
    return this.link.isOpen && !this.link.draining;
  }

  /** How long the broker remembers what became of a request, in ms. */
  get dedupeWindowMs(): number {
    return this.link.welcome?.dedupeWindowMs ?? Infinity;
  }

  /** Where it stores what is submitted; 0: nowhere. */
  get journal(): number {
    return this.link.welcome?.journal ?? 0;
  }

  /** As many requests as the broker allows one client. */
  get isFull(): boolean {
    return this.unsettled >= (this.link.welcome?.requestsMax ?? 0);
  }

  /** A new link: the broker at its end knows none of our numbers. */
  opened(): void {
    this.settledSaid = 1;
    this.names = new NameRing(this.link.welcome?.namesMax ?? 1);
  }
}

export class Outlets {
  readonly all: readonly Outlet[];
  readonly #byLink: ReadonlyMap<BrokerLink, Outlet>;
  #turn = 0;

  constructor(links: readonly BrokerLink[]) {
    this.all = links.map((link) => new Outlet(link));
    this.#byLink = new Map(this.all.map((outlet) => [outlet.link, outlet]));
  }

  of(link: BrokerLink): Outlet {
    const outlet = this.#byLink.get(link);
    if (outlet === undefined) throw new Error(`no outlet for ${link.endpoint}`);
    return outlet;
  }

  /**
   * The open broker with the fewest unsettled requests, among equals each in turn.
   *
   * @param other a broker that has just refused: it is taken only when no other is open.
   * @param mayTake which brokers come into question.
   * @returns undefined when none takes requests.
   */
  choose(other: Outlet | undefined, mayTake: (outlet: Outlet) => boolean): Outlet | undefined {
    const count = this.all.length;
    let chosen: Outlet | undefined;
    for (let i = 0; i < count; i++) {
      const outlet = this.all[(this.#turn + i) % count] as Outlet;
      if (!outlet.isOpen || !mayTake(outlet)) continue;
      if (chosen === undefined || chosen === other || (outlet !== other && outlet.unsettled < chosen.unsettled)) {
        chosen = outlet;
      }
    }
    this.#turn = (this.#turn + 1) % count;
    return chosen;
  }

  /**
   * The open broker with the highest weight for this key (rendezvous hashing): a broker that comes or goes moves its own keys only.
   *
   * @returns undefined when none takes requests.
   */
  home(key: string, mayTake: (outlet: Outlet) => boolean): Outlet | undefined {
    let chosen: Outlet | undefined;
    let highest = -1;
    for (const outlet of this.all) {
      if (!outlet.isOpen || !mayTake(outlet)) continue;
      const weight = digestOf(Buffer.from(`${outlet.journal || outlet.instance} ${key}`));
      if (weight > highest) [chosen, highest] = [outlet, weight];
    }
    return chosen;
  }
}
