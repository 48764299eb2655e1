// How far a list of words that grows during an input, and may be emptied between two, has been put into other words.

import type { LinkId, WireRecord } from '@majordomo/protocol';

/** Puts one word into others, which take its place; undefined leaves it. May make the list longer at its end. */
export type Put = (link: LinkId, record: WireRecord) => readonly WireRecord[] | undefined;

export class Translated {
  #count = 0;

  /** To be called before each input: a list that is shorter than it was left was emptied. Nobody adds to it between two inputs. */
  begin(records: readonly WireRecord[]): void {
    if (records.length < this.#count) this.#count = 0;
  }

  isThrough(records: readonly WireRecord[]): boolean {
    return this.#count === records.length;
  }

  /** Goes on from where it stopped, to the end of the list, also when that moves. */
  catchUp(links: LinkId[], records: WireRecord[], put: Put): void {
    while (this.#count < records.length) {
      const link = links[this.#count] as LinkId;
      const instead = put(link, records[this.#count] as WireRecord);
      if (instead === undefined) this.#count += 1;
      else if (instead.length === 1) records[this.#count++] = instead[0] as WireRecord;
      else {
        records.splice(this.#count, 1, ...instead);
        links.splice(this.#count, 1, ...instead.map(() => link));
        this.#count += instead.length;
      }
    }
  }
}
