// What was asked about requests that may be among the unread entries of the journal: kept until its entry, or all of them, have been read.
//
// F1. At most one for each number of a session: a resend takes the place of what came before it.
// F2. The table is bounded by count and by bytes (D6).

import { Timer, type Milliseconds, type Request as RequestRecord, type Submit } from '@majordomo/protocol';
import type { NamedAddress, Session } from './state.js';

/** What a deferral takes beside its headers and body, in memory, about. */
const DEFERRAL_BYTES = 500;

/** One that waits. Its own timer is its deadline, if it has one. */
export class Deferral extends Timer {
  constructor(
    readonly session: Session,
    readonly name: NamedAddress,
    readonly record: RequestRecord | Submit,
    readonly since: Milliseconds,
  ) {
    super(undefined, 'deferral');
  }

  get bytes(): number {
    return DEFERRAL_BYTES + this.record.headers.length + this.record.body.length;
  }
}

export class Deferrals {
  /** By session, then by number, in the order in which they came. */
  readonly #byNumber = new Map<Session, Map<number, Deferral>>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }
  get bytes(): number {
    return this.#bytes;
  }

  *[Symbol.iterator](): IterableIterator<Deferral> {
    for (const ofSession of this.#byNumber.values()) yield* ofSession.values();
  }

  of(session: Session): Deferral[] {
    return [...(this.#byNumber.get(session)?.values() ?? [])];
  }

  get(session: Session, ref: number): Deferral | undefined {
    return this.#byNumber.get(session)?.get(ref);
  }

  add(deferral: Deferral): void {
    const { session, record } = deferral;
    let ofSession = this.#byNumber.get(session);
    if (ofSession === undefined) {
      ofSession = new Map();
      this.#byNumber.set(session, ofSession);
    }
    ofSession.set(record.ref, deferral);
    this.#count += 1;
    this.#bytes += deferral.bytes;
  }

  remove(deferral: Deferral): void {
    const ofSession = this.#byNumber.get(deferral.session);
    if (ofSession?.get(deferral.record.ref) !== deferral) return;
    ofSession.delete(deferral.record.ref);
    if (ofSession.size === 0) this.#byNumber.delete(deferral.session);
    this.#count -= 1;
    this.#bytes -= deferral.bytes;
  }
}
