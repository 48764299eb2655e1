// A port with an ear on it: everything that comes and goes is traced, may be altered by a broken variant, and is a step at which
// the process may die.

import { decodeMessage, encodeMessages, Kind, type LinkId, type WireRecord } from '@majordomo/protocol';
import type { Port, PortHandlers } from '@majordomo/runtime';

const BYTES_MAX = 64 * 1024 * 1024;

/** One message on its way, seen from the process whose port this is. */
export interface Passing {
  readonly process: string;
  readonly way: 'in' | 'out';
  readonly link: LinkId;
  readonly peer: string;
}

/** What listens. */
export interface Ear {
  readonly name: string;
  /** How many times it has been started: what an earlier start has asked for is not done in a later one. */
  readonly starts: number;
  /** Runs it now, later when the process is stopped, never when it is dead. */
  gate(act: () => void): void;
  /** A message is sent. @returns false when the process dies before it leaves. */
  sends(peer: string, frames: readonly Uint8Array[]): boolean;
  /** Records as they are to be; undefined when nobody wants to see them. */
  readonly alter: ((passing: Passing, records: readonly WireRecord[]) => readonly WireRecord[]) | undefined;
  /** A broken port: it does not wait for what has arrived before timers are judged. */
  readonly judgesFirst: boolean;
}

export class TappedPort implements Port {
  readonly #port: Port;
  readonly #ear: Ear;
  readonly #peers = new Map<LinkId, string>();
  /** Messages that have arrived at a process that is stopped, by link. */
  readonly #unread = new Map<LinkId, number>();

  constructor(port: Port, ear: Ear) {
    this.#port = port;
    this.#ear = ear;
  }

  start(handlers: PortHandlers): void {
    const ear = this.#ear;
    this.#port.start({
      message: (link, frames) => {
        this.#meet(link, frames);
        for (const message of this.#altered('in', link, frames)) {
          this.#arrived(link, 1);
          ear.gate(() => {
            this.#arrived(link, -1);
            handlers.message(link, message);
          });
        }
      },
      lost: (link, reason) => ear.gate(() => handlers.lost(link, reason)),
    });
  }

  connect(link: LinkId, endpoint: string): void {
    this.#peers.set(link, endpoint.replace('ipc://', ''));
    this.#port.connect(link, endpoint);
  }

  send(link: LinkId, message: Uint8Array[]): void {
    const peer = this.#peers.get(link) ?? '?';
    for (const altered of this.#altered('out', link, message)) {
      if (this.#ear.sends(peer, altered)) this.#port.send(link, altered);
    }
  }

  close(link: LinkId): void {
    this.#port.close(link);
  }

  afterInput(lateMs: number, then: () => void): void {
    const ear = this.#ear;
    const { starts } = ear;
    if (ear.judgesFirst) then();
    else this.#port.afterInput(lateMs, () => ear.gate(() => (starts === ear.starts ? then() : undefined)));
  }

  shutdown(lingerMs: number): Promise<void> {
    return this.#port.shutdown(lingerMs);
  }

  /** Has something arrived on this link that its process has not read? */
  hasUnread(link: LinkId): boolean {
    return this.#unread.has(link);
  }

  #arrived(link: LinkId, count: number): void {
    const unread = (this.#unread.get(link) ?? 0) + count;
    if (unread === 0) this.#unread.delete(link);
    else this.#unread.set(link, unread);
  }

  /** Who speaks on a link says so in HELLO. */
  #meet(link: LinkId, frames: Uint8Array[]): void {
    if (this.#peers.has(link)) return;
    const decoded = decodeMessage(frames, BYTES_MAX);
    const hello =
      decoded.fault === undefined ? decoded.records.find((record) => record.kind === Kind.hello) : undefined;
    this.#peers.set(link, hello?.kind === Kind.hello ? hello.identity : '?');
  }

  #altered(way: 'in' | 'out', link: LinkId, frames: Uint8Array[]): Uint8Array[][] {
    const { alter, name: process } = this.#ear;
    if (alter === undefined) return [frames];
    const decoded = decodeMessage(frames, BYTES_MAX);
    if (decoded.fault !== undefined) return [frames];
    const records = alter({ process, way, link, peer: this.#peers.get(link) ?? '?' }, decoded.records);
    if (records === decoded.records) return [frames];
    return records.length === 0 ? [] : encodeMessages(records as WireRecord[]);
  }
}
