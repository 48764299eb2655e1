// The broker for peers that speak plain Majordomo (RFC 7 and RFC 18), on the same port: it stands between them and the machine, and speaks the
// native protocol in their name. The machine does not know that they are there.
//
// G1. A connection is native, one client or one worker, for as long as it lasts. Another one, even with the same routing id, is another peer.
// G2. What cannot be read is dropped, counted and reported; if it says that it is from a worker, the worker is told DISCONNECT.
// G3. A worker that is not known here is told DISCONNECT, whatever it says but READY: it comes back with READY.
// G4. A client's connection may be silent for as long as it likes: it is kept alive here. When it is lost, what it asked is given up.
// G5. What the machine says to these peers is put into their words in its place, so that its order and its waiting for the disk stay.
// G6. But for this: a worker hears its next request before the client hears the reply to the last one, for until then it is idle.

import {
  digestOf,
  FOREIGN,
  Kind,
  PROTOCOL_VERSION,
  Role,
  type Bytes,
  type Foreign,
  type LinkId,
  type LinkInput,
  type Machine,
  type Milliseconds,
  type Output,
  type WireRecord,
} from '@majordomo/protocol';
import type { Broker, OperatorInput, StoreInput } from '../broker.js';
import type { BrokerEvent, PeerFault } from '../events.js';
import { MdpClients } from './clients.js';
import type { Desk, MdpPart, MdpSettings } from './desk.js';
import { disconnectWorker, isMdp, readMdp, type Command, type Manner, type MdpFault } from './dialect.js';
import { MdpClient, type MdpPeer } from './peer.js';
import { Refusals } from './refusals.js';
import { describeStranger } from './strangers.js';
import { Translated } from './translated.js';
import { MdpWorkers } from './workers.js';

/** A message that is not of the native protocol, frame by frame; never none. */
export interface ForeignInput {
  readonly kind: 'foreign';
  readonly link: LinkId;
  readonly frames: readonly Bytes[];
}

/** Everything that the broker with its gateway takes. */
export type GatewayInput = OperatorInput | StoreInput | ForeignInput;

/** The longest silence that the machine allows is 10 min; clients are spoken for in good time before that. */
const CLIENT_BEAT_MS = 200_000;

export class MdpGateway implements Machine<GatewayInput, BrokerEvent>, Desk {
  readonly #peers = new Map<LinkId, MdpPeer>();
  readonly parts = new WeakMap<Bytes, MdpPart>();
  readonly #clients: MdpClients;
  readonly #workers: MdpWorkers;
  readonly #refusals = new Refusals();
  readonly #said = new Translated();
  readonly #saidStored = new Translated();
  #beatAt: Milliseconds = Infinity;
  /** Peers that there have been. */
  #made = 0;
  #now: Milliseconds = 0;
  /** Messages that could not be read. */
  faults = 0;

  constructor(
    readonly broker: Broker,
    readonly settings: MdpSettings,
  ) {
    this.#clients = new MdpClients(this);
    this.#workers = new MdpWorkers(this);
  }

  get output(): Output<BrokerEvent> {
    return this.broker.output;
  }

  wakeAt(): Milliseconds {
    return Math.min(this.broker.wakeAt(), this.#beatAt, this.#refusals.dueAt);
  }

  handle(input: GatewayInput | LinkInput, now: Milliseconds): void {
    this.#now = now;
    this.#said.begin(this.output.records);
    this.#saidStored.begin(this.output.storedRecords);
    if (now >= this.#refusals.dueAt) this.#sendDue();
    const said = this.output.records.length;
    if (input.kind === 'foreign') this.#take(input.link, input.frames);
    else {
      if (input.kind === 'link-lost') this.#lost(input.link);
      if (now >= this.#beatAt) this.#beat();
      if (!this.#isStray(input)) this.broker.handle(input, now);
    }
    this.#translate();
    if (input.kind === 'foreign') this.#workersFirst(said);
  }

  say(link: LinkId, ...records: WireRecord[]): void {
    this.broker.handle({ kind: 'records', link, records }, this.#now);
  }

  send(link: LinkId, frames: readonly Bytes[], stored = false): void {
    const record: Foreign = { kind: FOREIGN, frames };
    if (stored) this.output.sendStored(link, record);
    else this.output.send(link, record);
  }

  #take(link: LinkId, frames: readonly Bytes[]): void {
    // What the machine has ended in this turn is ended.
    if (this.output.closes.includes(link)) return;
    if (!this.#peers.has(link) && (!isMdp(frames) || this.broker.memory.links.has(link))) {
      this.broker.handle({ kind: 'fault', link, fault: 'NOT_NATIVE', detail: describeStranger(frames) }, this.#now);
      return;
    }
    const command = readMdp(frames);
    if ('fault' in command) this.#refuse(link, command);
    else if (command.from === 'client') this.#fromClient(link, command);
    else this.#fromWorker(link, command);
  }

  /** Native words, or what was to be some, of a peer that is not native (G1). */
  #isStray(input: GatewayInput | LinkInput): boolean {
    if (input.kind !== 'records' && input.kind !== 'fault') return false;
    const peer = this.#peers.get(input.link);
    if (peer === undefined) return false;
    const worker = peer.role === 'worker' ? peer.manner : undefined;
    this.#refuse(peer.link, { fault: 'it speaks natively on the same connection', kind: 'wrong-role', worker });
    return true;
  }

  /** G2. */
  #refuse(link: LinkId, { fault, kind, worker }: MdpFault): void {
    this.faults += 1;
    this.broker.memory.counters.faults += 1;
    this.report(kind, link, fault);
    if (worker !== undefined) this.#dismiss(link, worker, fault, fault);
  }

  report(fault: PeerFault, link: LinkId, reason: string): void {
    this.broker.memory.faults.report(fault, link, reason, this.#now);
  }

  #fromClient(link: LinkId, command: Command & { from: 'client' }): void {
    let peer = this.#peers.get(link);
    if (peer === undefined) {
      peer = new MdpClient(link, this.#instance(link), command.manner);
      if (!this.#welcome(peer)) {
        const { busyRetryMs: retryAfterMs } = this.broker.memory.settings;
        const refusal = { code: 'BUSY', message: 'this broker has too many links', retryAfterMs } as const;
        this.#clients.fail(peer, command.service, refusal);
        return;
      }
    }
    // A worker has no requests (G1).
    if (peer.role === 'client') this.#clients.request(peer, command.service, command.body, this.#now);
    else this.#refuse(link, { fault: 'a worker that asks as a client', kind: 'wrong-role', worker: undefined });
  }

  #fromWorker(link: LinkId, command: Command & { from: 'worker' }): void {
    const peer = this.#peers.get(link);
    if (command.verb === 'disconnect') {
      if (peer?.role === 'worker') this.#forget(peer, 'disconnect');
      return;
    }
    // refusals.ts R3
    if (this.#refusals.isPaused(link)) return;
    if (command.verb === 'ready' && peer === undefined) this.#ready(link, command);
    else if (peer?.role !== 'worker') this.#stray(link, command, peer);
    else {
      const fault = this.#workers.take(peer, command);
      if (fault === undefined) return;
      this.report('out-of-place', link, fault);
      this.#dismiss(link, command.manner, '', fault);
    }
  }

  #ready(link: LinkId, command: Command & { from: 'worker'; verb: 'ready' }): void {
    const worker = this.#workers.ready(link, this.#instance(link), command);
    if (worker === undefined) this.#dismiss(link, command.manner, `name ${nameKey(command.service)}`, '');
    else if (this.#welcome(worker)) this.#workers.offer(worker);
    else this.#dismiss(link, command.manner, 'too many links', '');
  }

  /** Of a client, or of nobody who is known (G3). */
  #stray(link: LinkId, { verb, manner }: Command & { from: 'worker' }, peer: MdpPeer | undefined): void {
    if (peer === undefined)
      this.report('unknown-worker', link, `${verb} of a worker that has not registered; it is told to`);
    else this.report('wrong-role', link, `a client that acts as a worker: ${verb}`);
    this.#dismiss(link, manner, '', 'a client that acts as a worker');
  }

  /**
   * Tells a worker to go; what it held is handed to others.
   *
   * @param mistake see `Refusals.refuse`. @param reason for `worker.left`.
   */
  #dismiss(link: LinkId, manner: Manner, mistake: string, reason: string): void {
    const peer = this.#peers.get(link);
    if (peer !== undefined) this.#forget(peer, reason);
    if (this.#refusals.refuse(link, manner, mistake, this.#now)) this.send(link, disconnectWorker(manner));
  }

  /** DISCONNECTs that were held back. */
  #sendDue(): void {
    for (let due = this.#refusals.takeDue(this.#now); due !== undefined; due = this.#refusals.takeDue(this.#now))
      this.send(due.link, disconnectWorker(due.manner));
  }

  /** The machine is greeted in the peer's name. @returns false when it refuses: too many are here. */
  #welcome(peer: MdpPeer): boolean {
    const { heartbeatMs, liveness } = this.settings;
    const isWorker = peer.role === 'worker';
    const said = this.output.records.length;
    this.say(peer.link, {
      kind: Kind.hello,
      versionMin: PROTOCOL_VERSION,
      versionMax: PROTOCOL_VERSION,
      roles: isWorker ? Role.worker : Role.client | Role.readsFrameLists,
      instance: peer.instance,
      heartbeatMs: isWorker ? heartbeatMs : 60_000,
      silenceMaxMs: isWorker ? heartbeatMs * liveness : 600_000,
      messageBytesMax: 0,
      identity: `mdp-${peer.role}-${peer.link}`,
      software: `MDP/0.${peer.manner.version}`,
    });
    if (this.broker.memory.links.get(peer.link)?.session === undefined) {
      // Its GOODBYE is no word that the peer knows, and it may ask again on the same connection.
      this.#unsay(peer.link, said);
      return false;
    }
    this.#peers.set(peer.link, peer);
    if (this.#beatAt === Infinity) this.#beatAt = this.#now + CLIENT_BEAT_MS;
    return true;
  }

  /** Of its own for each peer, also for the next one on the same connection, and each start of the broker: requests are remembered by it. */
  #instance(link: LinkId): number {
    this.#made += 1;
    return digestOf(Buffer.from(`${this.broker.memory.settings.instance}/${link}/${this.#made}`)) || 1;
  }

  /** G4: what it had asked is given up; what it held is handed out again. */
  #lost(link: LinkId): void {
    this.#refusals.gone(link);
    this.broker.memory.faults.forget(link);
    const peer = this.#peers.get(link);
    if (peer === undefined) return;
    this.#peers.delete(link);
    if (peer.role === 'client') this.say(link, { kind: Kind.goodbye, code: undefined, reason: '' });
  }

  #forget(peer: MdpPeer, reason: string): void {
    this.#peers.delete(peer.link);
    this.say(peer.link, { kind: Kind.goodbye, code: undefined, reason });
    this.#keepOpen(peer.link);
  }

  /** The connection stays: who comes back on it with READY is a new peer. The machine asks to have it closed; it is not ours to close. */
  #keepOpen(link: LinkId): void {
    const { closes } = this.output;
    const at = closes.lastIndexOf(link);
    if (at >= 0) closes.splice(at, 1);
  }

  /** Takes back what the machine has said to this link after so many words of the turn. */
  #unsay(link: LinkId, said: number): void {
    const { links, records } = this.output;
    for (let i = records.length - 1; i >= said; i--) {
      if (links[i] !== link) continue;
      links.splice(i, 1);
      records.splice(i, 1);
    }
    this.#keepOpen(link);
  }

  /** G4. */
  #beat(): void {
    this.#beatAt = this.#peers.size === 0 ? Infinity : this.#now + CLIENT_BEAT_MS;
    for (const peer of this.#peers.values()) if (peer.role === 'client') this.say(peer.link, { kind: Kind.heartbeat });
  }

  /** G5. Answering may make the machine say more, which is then translated too. */
  #translate(): void {
    if (this.#peers.size === 0) return;
    const { links, records, storedLinks, storedRecords } = this.output;
    do {
      this.#said.catchUp(links, records, this.#put);
      this.#saidStored.catchUp(storedLinks, storedRecords, this.#putStored);
    } while (!this.#said.isThrough(records));
  }

  /** G6, among the words of this input. */
  #workersFirst(said: number): void {
    const { links, records } = this.output;
    let first = said;
    for (let i = said; i < records.length; i++) {
      const link = links[i] as LinkId;
      if (this.#peers.get(link)?.role !== 'worker') continue;
      if (i > first) {
        links.splice(first, 0, ...links.splice(i, 1));
        records.splice(first, 0, ...records.splice(i, 1));
      }
      first += 1;
    }
  }

  readonly #put = (link: LinkId, record: WireRecord): readonly Foreign[] | undefined =>
    this.#inTheirWords(link, record, false);
  readonly #putStored = (link: LinkId, record: WireRecord): readonly Foreign[] | undefined =>
    this.#inTheirWords(link, record, true);

  /** @returns what is said instead: nothing, where MDP has no word for it; undefined: as it is. */
  #inTheirWords(link: LinkId, record: WireRecord, stored: boolean): readonly Foreign[] | undefined {
    const peer = this.#peers.get(link);
    if (peer === undefined || record.kind === FOREIGN) return undefined;
    const messages =
      peer.role === 'client' ? this.#clients.hear(peer, record, stored) : this.#workers.hear(peer, record);
    if (record.kind === Kind.goodbye) this.#peers.delete(link);
    return messages.map((frames) => ({ kind: FOREIGN, frames }));
  }
}

/** Enough of a name to know a worker again by its mistake. */
function nameKey(name: Bytes): string {
  return Buffer.from(name.subarray(0, 64)).toString('latin1');
}
