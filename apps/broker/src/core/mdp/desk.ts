// What the rooms of plain Majordomo peers are given by the gateway: the broker, the settings, and a way to say something to either side.

import type { Bytes, LinkId, WireRecord } from '@majordomo/protocol';
import type { Broker } from '../broker.js';
import type { PeerFault } from '../events.js';

/** Times in ms. */
export interface MdpSettings {
  /** How often workers are told that we are alive. */
  readonly heartbeatMs: number;
  /** Silent intervals after which a worker is gone. */
  readonly liveness: number;
  /** How long a worker that holds a request may be silent, when that is longer: a single-threaded one sends nothing while its handler runs. */
  readonly busySilenceMaxMs: number;
  /** How long a client's request may take; MDP has no deadlines. */
  readonly expiresMs: number;
  /** 18 hexadecimal digits for the number of a ticket, which nobody can guess: with it a uuid of Titanic is good. */
  readonly sealOf: (ticket: number) => string;
}

/** A value of a stream that an MDP worker has sent, as it was. Native values are not known here: they are one frame, and have another behind them or not. */
export interface MdpPart {
  readonly frames: readonly Bytes[];
  /** It came with FINAL. */
  readonly isLast: boolean;
}

/** What peers of these protocols are told and asked with. */
export interface Desk {
  readonly broker: Broker;
  readonly settings: MdpSettings;
  /** By the body that went through the machine in its place. */
  readonly parts: WeakMap<Bytes, MdpPart>;
  /** Reports what a peer does wrong; once per peer and kind. */
  report(fault: PeerFault, link: LinkId, reason: string): void;
  /** Says to the machine what a peer would say. */
  say(link: LinkId, ...records: WireRecord[]): void;
  /** Sends a message to a peer; with `stored` when everything written so far is on disk. */
  send(link: LinkId, frames: readonly Bytes[], stored?: boolean): void;
}
