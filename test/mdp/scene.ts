// A broker with its gateway and no sockets: peers are names, what they say are lines, and so is what they are told.
//
// X1. After every step the books of the broker balance (D2, D4, D6), and nobody is told words of a protocol that is not its own.
// X2. Whatever is told is told in the order in which it leaves.

import {
  Broker,
  BROKER_DEFAULTS,
  MdpGateway,
  type BrokerEvent,
  type BrokerSettings,
  type GatewayInput,
  type MdpSettings,
} from '@majordomo/broker';
import {
  digestOf,
  encodeBody,
  encodeMessages,
  FOREIGN,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  Role,
  type LinkInput,
  type OfferedMethod,
  type WireRecord,
} from '@majordomo/protocol';
import { Disk } from '../spec/disk.js';
import { checkInvariants } from '../spec/invariants.js';
import { framesOf, leaseOf, recordLine, tokensOf } from './notation.js';

/** What is said in the course of business and tells nothing about it. */
const UNTOLD = new Set<number>([Kind.welcome, Kind.taken]);

export interface SceneInit {
  readonly broker?: Partial<BrokerSettings>;
  readonly mdp?: Partial<MdpSettings>;
  /** A broker that was started this long ago; by default its own start is over, and nobody is awaited because of it. */
  readonly upMs?: number;
}

export class Scene {
  readonly broker: Broker;
  readonly gateway: MdpGateway;
  now = 1_000_000;
  /** What observers were told. */
  readonly events: BrokerEvent[] = [];
  readonly #links = new Map<string, number>();
  readonly #natives = new Set<number>();
  readonly #asked = new Map<string, number>();
  readonly #disk = new Disk();
  /** What waits for the disk is told when it syncs; without a stall that is at once. */
  isStalled = false;
  #lastLink = 0;
  #lastInstance = 0;
  #told: string[] = [];
  #last: readonly Uint8Array[] = [];
  /** Client frames, by whom they were told to and the number of the lease: `w 1`. */
  readonly #leases = new Map<string, Buffer>();

  constructor({ broker = {}, mdp = {}, upMs }: SceneInit = {}) {
    const settings = { ...BROKER_DEFAULTS, instance: 1, ...broker };
    this.broker = new Broker(settings, this.now - (upMs ?? settings.absenceMaxMs));
    this.gateway = new MdpGateway(this.broker, {
      heartbeatMs: 2_500,
      liveness: 3,
      busySilenceMaxMs: 300_000,
      expiresMs: 60_000,
      sealOf: (ticket) =>
        digestOf(Buffer.from(`seal ${ticket}`))
          .toString(16)
          .padStart(18, '0'),
      ...mdp,
    });
  }

  /** `name: frames`, line by line. @returns what everybody was told meanwhile: `name <- frames`. */
  play(...lines: readonly string[]): string[] {
    for (const line of lines) {
      const [, name = '', message = ''] = /^(\w+): (.*)$/s.exec(line) ?? [];
      this.send(name, this.#framesOf(name, message));
    }
    return this.told();
  }

  /** The frames of a line, to be sent later. */
  frames(line: string): Buffer[] {
    const [, name = '', message = ''] = /^(\w+): (.*)$/s.exec(line) ?? [];
    return this.#framesOf(name, message);
  }

  /** A line as whoever hears its frames would be shown them. */
  shown(name: string, message: string): string {
    return tokensOf(this.#framesOf(name, message)).join(' | ');
  }

  #framesOf(name: string, message: string): Buffer[] {
    return framesOf(message, (lease) => this.#leases.get(`${name} ${lease}`) ?? Buffer.from(`no lease ${lease}`));
  }

  /** Speaks a protocol that nobody knows: it is told what natives are. */
  stranger(name: string): void {
    this.#natives.add(this.link(name));
  }

  send(name: string, frames: readonly Uint8Array[]): void {
    this.handle({ kind: 'foreign', link: this.link(name), frames });
  }

  /** The number of its connection; the first one of a name is opened with its first word. */
  link(name: string): number {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    this.#links.set(name, ++this.#lastLink);
    return this.#lastLink;
  }

  /** Everybody who has a connection. */
  get names(): string[] {
    return [...this.#links.keys()];
  }

  /** Is it known as a plain peer? */
  isHere(name: string): boolean {
    const link = this.#links.get(name);
    return link !== undefined && !this.#natives.has(link) && this.broker.memory.links.has(link);
  }

  /** The connection of a peer breaks. What the name says next comes on another one. */
  lose(name: string): string[] {
    const link = this.link(name);
    this.#links.delete(name);
    this.handle({ kind: 'link-lost', link, reason: 'disconnected' });
    return this.told();
  }

  /** A native worker of `service.method`s: streamed where `*` follows. */
  nativeWorker(name: string, service: string, ...methods: readonly string[]): string[] {
    const offered = methods.map((each): OfferedMethod => ({
      name: each.replace('*', ''),
      atMostOnce: false,
      streams: each.endsWith('*'),
      executionTimeoutMs: 0,
      maxAttempts: 0,
    }));
    this.#greet(name, Role.worker);
    return this.says(name, { kind: Kind.offer, service: 0, credit: 4, name: service, methods: offered });
  }

  /** A native client that asks for `service.method`. @returns what everybody was told. */
  ask(name: string, address: string, input: { body: Uint8Array; headers?: object; window?: number }): string[] {
    if (!this.#links.has(name)) this.#greet(name, Role.client | Role.readsFrameLists);
    const dot = address.lastIndexOf('.');
    const [service, method] = [address.slice(0, dot), address.slice(dot + 1)];
    const ref = (this.#asked.get(name) ?? 0) + 1;
    this.#asked.set(name, ref);
    const headers = input.headers === undefined ? NO_BYTES : encodeBody(input.headers);
    const rest = {
      ageMs: 0,
      received: 0,
      waitForService: false,
      otherBrokers: 'none' as const,
      confirm: false,
      key: '',
    };
    const { body, window = 0 } = input;
    return this.says(
      name,
      { kind: Kind.name, number: ref, service, method },
      { kind: Kind.request, ref, name: ref, timeLeftMs: 30_000, window, headers, body, ...rest },
    );
  }
  #greet(name: string, roles: number): void {
    this.#natives.add(this.link(name));
    const times = { heartbeatMs: 60_000, silenceMaxMs: 600_000, messageBytesMax: 0 };
    const versions = { versionMin: PROTOCOL_VERSION, versionMax: PROTOCOL_VERSION };
    const instance = 900 + ++this.#lastInstance;
    this.says(name, { kind: Kind.hello, ...versions, roles, instance, ...times, identity: name, software: 'scene' });
  }

  /** A native peer says this. */
  says(name: string, ...records: WireRecord[]): string[] {
    this.handle({ kind: 'records', link: this.link(name), records });
    return this.told();
  }

  /** Time passes; the machine is woken whenever it asked for it. */
  pass(ms: number): string[] {
    const until = this.now + ms;
    for (let at = this.gateway.wakeAt(); at <= until; at = this.gateway.wakeAt()) {
      this.now = Math.max(this.now, at);
      this.handle({ kind: 'wake' });
    }
    this.now = until;
    this.#endTurn();
    return this.told();
  }

  close(): string[] {
    this.handle({ kind: 'close' });
    return this.told();
  }

  /** The turn goes on: what is to be told leaves with the next word after which it does not. */
  isTurnOpen = false;

  /** X1. */
  handle(input: GatewayInput | LinkInput): void {
    this.gateway.handle(input, this.now);
    checkInvariants(this.broker);
    this.#endTurn();
  }

  #endTurn(): void {
    if (this.isTurnOpen) return;
    const { output } = this.gateway;
    this.events.push(...output.events);
    output.links.forEach((link, i) => this.#tell(link, output.records[i] as WireRecord));
    const { writes, reads, storedLinks, storedRecords, storedBytes: bytes } = output;
    const turn = {
      writes: [...writes],
      reads: [...reads],
      links: [...storedLinks],
      records: [...storedRecords],
      bytes,
    };
    for (const link of output.closes) this.#tellEnd(link);
    output.clear();
    this.#disk.isStalled = this.isStalled;
    this.#release(this.#disk.take(turn));
  }

  /** Gives the broker an empty journal on a disk. */
  openJournal(): void {
    this.handle({
      kind: 'journal-found',
      id: 0xd15c,
      starts: 1,
      date: 1_700_000_000_000,
      unread: { count: 0, bytes: 0 },
      setAside: [],
    });
    this.handle({ kind: 'journal-read' });
  }

  #release(turns: ReturnType<Disk['take']>): void {
    for (const { links, records, reads } of turns) {
      links.forEach((link, i) => this.#tell(link, records[i] as WireRecord));
      if (reads.length > 0) this.handle({ kind: 'journal-reads', entries: this.#disk.entriesOf(reads) });
    }
  }

  /** The disk goes on. @returns what everybody was told. */
  syncs(): string[] {
    this.isStalled = false;
    this.#release(this.#disk.sync());
    return this.told();
  }

  #tell(link: number, record: WireRecord): void {
    const isForeign = record.kind === FOREIGN;
    if (isForeign === this.#natives.has(link))
      throw new Error(`${this.#nameOf(link)} was told ${recordLine(record)}, which is not its protocol`);
    if (!isForeign) encodeMessages([record]);
    else this.#learn(link, record.frames);
    if (!UNTOLD.has(record.kind)) this.#told.push(`${this.#nameOf(link)} <- ${recordLine(record)}`);
  }

  #learn(link: number, frames: readonly Uint8Array[]): void {
    this.#last = frames;
    for (const frame of frames) {
      const lease = leaseOf(frame);
      if (lease !== undefined) this.#leases.set(`${this.#nameOf(link)} ${lease}`, Buffer.from(frame));
    }
  }

  #tellEnd(link: number): void {
    if (this.#nameOf(link) !== '?') this.#told.push(`${this.#nameOf(link)} is let go`);
  }

  #nameOf(link: number): string {
    for (const [name, number] of this.#links) if (number === link) return name;
    return '?';
  }

  /** The frames of the last message that a plain peer was told, as text. */
  get last(): string[] {
    return this.#last.map((frame) => Buffer.from(frame).toString('latin1'));
  }

  /** What was told since the last time. */
  told(): string[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }
}
