// What peers do wrong, as events: bounded in number and in length, so that no peer can fill a log or write into it.
//
// F1. A fault of one kind is reported once per peer.
// F2. Reports of one kind about all peers together are bounded: so many at once, then one per interval. The next report counts those left out.
// F3. What a peer has sent appears in a report as printable ASCII of bounded length.

import { Allowance, setBounded, type Bytes, type LinkId, type Milliseconds, type Output } from '@majordomo/protocol';
import type { BrokerEvent, PeerFault } from './events.js';

/** F2: enough to see which peers of a small fleet are wrong; then six lines a minute for each kind. */
const REPORTS_MAX = 10;
const REFILL_MS = 10_000;
/** Peers whose faults are remembered (F1), about 100 bytes each; past it the oldest is forgotten and may be reported again. */
const PEERS_MAX = 4_096;
/** F3. */
const SHOWN_MAX = 60;
const REASON_MAX = 400;

/** F2, for one kind. */
interface Reports {
  readonly allowance: Allowance;
  suppressed: number;
}

export class PeerFaults {
  readonly #output: Output<BrokerEvent>;
  readonly #reported = new Map<LinkId, Set<PeerFault>>();
  /** By kind: there are as many as kinds. */
  readonly #reports = new Map<string, Reports>();

  constructor(output: Output<BrokerEvent>) {
    this.#output = output;
  }

  /** F1, F2. */
  report(fault: PeerFault, link: LinkId, reason: string, now: Milliseconds): void {
    if (!this.#isNew(link, fault)) return;
    const suppressed = this.admit(fault, now);
    if (suppressed === undefined) return;
    this.#output.tell({
      event: 'peer.fault',
      fault,
      peer: `link-${link}`,
      reason: reason.slice(0, REASON_MAX),
      suppressed,
    });
  }

  #isNew(link: LinkId, fault: PeerFault): boolean {
    let faults = this.#reported.get(link);
    if (faults === undefined) {
      faults = new Set();
      setBounded(this.#reported, link, faults, PEERS_MAX);
    }
    if (faults.has(fault)) return false;
    faults.add(fault);
    return true;
  }

  /**
   * F2.
   *
   * @param kind one of a fixed set, never what a peer has sent.
   * @returns how many of this kind were left out since the last report; undefined when this one is left out too.
   */
  admit(kind: string, now: Milliseconds): number | undefined {
    let reports = this.#reports.get(kind);
    if (reports === undefined) {
      reports = { allowance: new Allowance(REPORTS_MAX, REFILL_MS, now), suppressed: 0 };
      this.#reports.set(kind, reports);
    }
    if (!reports.allowance.take(now)) {
      reports.suppressed += 1;
      return undefined;
    }
    const { suppressed } = reports;
    reports.suppressed = 0;
    return suppressed;
  }

  /** The connection is gone. */
  forget(link: LinkId): void {
    this.#reported.delete(link);
  }
}

/** F3: what a peer has sent, in quotation marks. */
export function shown(sent: Bytes | string): string {
  const bytes = Buffer.from(sent.slice(0, SHOWN_MAX) as string);
  return `"${printable(bytes.toString('latin1'))}${sent.length > SHOWN_MAX ? '...' : ''}"`;
}

/** F3: the text of a peer, at most so long; every character that is not printable ASCII as its number. */
export function printable(text: string, charactersMax = SHOWN_MAX): string {
  return text
    .slice(0, charactersMax)
    .replace(/[^ -~]|["\\]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
