// Addresses taken apart once, and the numbers that stand for them on one link.

import { parseAddress, type Address } from '@majordomo/protocol';
import { CALLER_LIMITS } from './limits.js';

/** The addresses that were asked lately, each the same object every time, so that a link can find its number without comparing texts. */
export class AddressBook {
  readonly #known = new Map<string, Address>();

  /** @returns the parts of `service.method`, undefined when it is not an address. */
  find(text: string): Address | undefined {
    return this.#known.get(text) ?? this.#learn(text);
  }

  #learn(text: string): Address | undefined {
    const address = parseAddress(text);
    if (address === undefined) return undefined;
    // Beginning anew costs a NAME for each address and link, no more.
    if (this.#known.size >= CALLER_LIMITS.addressesMax) this.#known.clear();
    this.#known.set(text, address);
    return address;
  }
}

/**
 * Which number stands for which address on one link (NAME). When all are in use the one that was given first is given again:
 * records are read in their order, so that what was asked under the old meaning keeps it (protocol.md W22).
 */
export class NameRing {
  readonly #numbers = new Map<Address, number>();
  readonly #holders: Address[] = [];
  readonly #size: number;
  #given = 0;

  /** @param size how many numbers the broker keeps: `namesMax` of WELCOME. */
  constructor(size: number) {
    this.#size = Math.max(1, size);
  }

  /** @returns undefined while the address has no number. */
  numberOf(address: Address): number | undefined {
    return this.#numbers.get(address);
  }

  /** Gives the address a number, from 0 to `size - 1`. The broker must be told before it is used. */
  give(address: Address): number {
    const number = this.#given++ % this.#size;
    const holder = this.#holders[number];
    if (holder !== undefined) this.#numbers.delete(holder);
    this.#holders[number] = address;
    this.#numbers.set(address, number);
    return number;
  }
}
