// Puts the records of one turn in order by link, so that each link gets one batch.
//
// G1. The order of records on one link is kept; links come in the order of their first record.
// G2. Nothing is allocated for a record: groups and their arrays are used again from turn to turn.

import type { LinkId, WireRecord } from '@majordomo/protocol';

/** The records for one link in this turn. */
export class Group {
  link: LinkId = 0;
  records: WireRecord[] = [];
}

/** A direct-mapped memory of the groups met last: brokers answer a few links again and again within one turn. */
const SLOTS = 64;
/** Groups kept for the next turn; a turn for more links than that allocates. */
const KEPT = 1_024;

export class Sorting {
  readonly #pool: Group[] = [];
  readonly #byLink = new Map<LinkId, Group>();
  readonly #slots: (Group | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  /** Groups of this turn: the first `count` of `groups`. */
  count = 0;
  get groups(): readonly Group[] {
    return this.#pool;
  }

  /** Sorts `records[i]` to `links[i]`. Call `clear` when the groups have been sent. */
  sort(links: readonly LinkId[], records: readonly WireRecord[]): void {
    let group: Group | undefined;
    for (let i = 0; i < records.length; i++) {
      const link = links[i] as LinkId;
      if (group === undefined || group.link !== link) {
        group = this.#slots[link % SLOTS];
        if (group === undefined || group.link !== link) group = this.#find(link);
      }
      group.records.push(records[i] as WireRecord);
    }
  }

  /** The groups have been sent. */
  clear(): void {
    for (let i = 0; i < this.count; i++) {
      const group = this.#pool[i] as Group;
      this.#slots[group.link % SLOTS] = undefined;
      group.records.length = 0;
    }
    if (this.#pool.length > KEPT) this.#pool.length = KEPT;
    this.#byLink.clear();
    this.count = 0;
  }

  #find(link: LinkId): Group {
    let group = this.#byLink.get(link);
    if (group === undefined) {
      group = this.#pool[this.count] ?? new Group();
      this.#pool[this.count] = group;
      this.count += 1;
      group.link = link;
      this.#byLink.set(link, group);
    }
    this.#slots[link % SLOTS] = group;
    return group;
  }
}
