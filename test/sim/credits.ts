// Keeps the books of a worker's credit from its own side: what brokers gave it, and what it had said that it would take (D4).
//
// Heard on the wire, because a broker that counts wrong believes its own books.

import { decodeMessage, Kind, type LinkId, type WireRecord } from '@majordomo/protocol';
import type { Port, PortHandlers } from '@majordomo/runtime';

const BYTES_MAX = 64 * 1024 * 1024;

class Account {
  /** The most that was ever said on this link, by service: a broker may not have heard of less yet. */
  readonly limits = new Map<number, number>();
  /** Leases that were given by DISPATCH. */
  readonly held = new Set<number>();
}

export class Credits implements Port {
  readonly #port: Port;
  readonly #overdrawn: (problem: string) => void;
  readonly #accounts = new Map<LinkId, Account>();

  constructor(port: Port, overdrawn: (problem: string) => void) {
    this.#port = port;
    this.#overdrawn = overdrawn;
  }

  start(handlers: PortHandlers): void {
    this.#port.start({
      message: (link, frames) => {
        for (const record of recordsOf(frames)) this.#heard(link, record);
        handlers.message(link, frames);
      },
      lost: (link, reason) => handlers.lost(link, reason),
    });
  }

  connect(link: LinkId, endpoint: string): void {
    this.#port.connect(link, endpoint);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    for (const record of recordsOf(message)) this.#said(link, record);
    this.#port.send(link, message);
  }

  close(link: LinkId): void {
    this.#accounts.delete(link);
    this.#port.close(link);
  }

  afterInput(lateMs: number, then: () => void): void {
    this.#port.afterInput(lateMs, then);
  }

  shutdown(lingerMs: number): Promise<void> {
    return this.#port.shutdown(lingerMs);
  }

  #heard(link: LinkId, record: WireRecord): void {
    // ATTACH is for what the worker holds already: outside the credit.
    if (record.kind !== Kind.dispatch) return;
    const { held, limits } = this.#of(link);
    held.add(record.ref);
    const limit = limits.get(record.service) ?? 0;
    if (held.size > limit) this.#overdrawn(`was given ${held.size} leases, it takes ${limit}`);
  }

  #said(link: LinkId, record: WireRecord): void {
    const { held, limits } = this.#of(link);
    if (record.kind === Kind.credit)
      limits.set(record.service, Math.max(limits.get(record.service) ?? 0, record.limit));
    else if (record.kind === Kind.final || record.kind === Kind.error || record.kind === Kind.release)
      held.delete(record.ref);
  }

  #of(link: LinkId): Account {
    const account = this.#accounts.get(link) ?? new Account();
    this.#accounts.set(link, account);
    return account;
  }
}

function recordsOf(frames: Uint8Array[]): readonly WireRecord[] {
  const decoded = decodeMessage(frames, BYTES_MAX);
  return decoded.fault === undefined ? decoded.records : [];
}
