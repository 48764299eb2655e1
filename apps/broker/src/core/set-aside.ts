// Tickets of which nothing can be said, because their entries were damaged: found at this start or at an earlier one.
//
// A1. At most so many are remembered, and the highest numbers go last (D6).

/** A few hundred KiB; more are damaged only where nearly everything is. */
export const SET_ASIDE_MAX = 10_000;

export class SetAside {
  readonly #tickets = new Set<number>();
  #unreachable = 0;

  /** Entries that cannot be reached at all: nobody knows their numbers. */
  get unreachable(): number {
    return this.#unreachable;
  }

  /** @param key 0 where it is not known. @param unreachable entries that this one stands for. */
  add(key: number, unreachable = 0): void {
    this.#unreachable += unreachable;
    if (key === 0) return;
    this.#tickets.add(key);
    if (this.#tickets.size <= SET_ASIDE_MAX) return;
    const [first] = this.#tickets;
    if (first !== undefined) this.#tickets.delete(first);
  }

  has(ticket: number): boolean {
    return this.#tickets.has(ticket);
  }
}
