// What is remembered of a peer that speaks MDP: one connection is one client, or one worker of one service.

import { NumberMap, type Bytes, type LinkId } from '@majordomo/protocol';
import type { Manner } from './dialect.js';
import type { AskedName } from './names.js';

/** A request of an MDP client that has not been answered yet. */
export interface MdpRequest {
  readonly ref: number;
  /** As the client wrote it: the reply says it again. */
  readonly service: Bytes;
  /** What the broker is asked, to ask again as a stream. */
  readonly again: { readonly name: number; readonly headers: Bytes; readonly body: Bytes };
  /** It was asked for as a stream. */
  isStream: boolean;
  /** `titanic.request`: its answer is a ticket. */
  readonly isTitanic: boolean;
  /** `titanic.reply`: its answer is an outcome that is read from the disk. */
  readonly isOutcome: boolean;
  /** Values of a stream: gathered for 0.1; for 0.2 the last one, which is said when it is known whether another follows. */
  held: Bytes[];
  heldBytes: number;
  received: number;
}

export class MdpClient {
  readonly role = 'client';
  /** By `ref`. */
  readonly requests = new NumberMap<MdpRequest>();
  /** Numbers given to addresses on this link. */
  readonly names = new Map<string, number>();
  lastRef = 0;
  lastName = -1;
  settledSaid = 1;
  /** What it asked for last. */
  asked: AskedName | undefined;
  #settledBelow = 1;

  constructor(
    readonly link: LinkId,
    readonly instance: number,
    readonly manner: Manner,
  ) {}

  /** Everything below is answered. */
  get settledBelow(): number {
    while (this.#settledBelow <= this.lastRef && !this.requests.has(this.#settledBelow)) this.#settledBelow += 1;
    return this.#settledBelow;
  }
}

/** What an MDP worker is at. */
export interface MdpLease {
  readonly ref: number;
  /** The client frame of its request: nobody can know it who was not given it. */
  readonly client: Buffer;
  /** A stream is wanted: parts go out as they come, as far as the client has room. Otherwise they are gathered. */
  readonly isStream: boolean;
  /** Values of the stream that may go out in all, and that have. */
  allowed: number;
  sent: number;
  /** What has not gone out. */
  parts: Bytes[];
  partsBytes: number;
  /** The last part is among them. */
  isOver: boolean;
}

export class MdpWorker {
  readonly role = 'worker';
  lease: MdpLease | undefined;

  constructor(
    readonly link: LinkId,
    readonly instance: number,
    readonly manner: Manner,
    readonly service: string,
  ) {}
}

export type MdpPeer = MdpClient | MdpWorker;
