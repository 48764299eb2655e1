// A broker machine and peers that speak to it record by record: what one says, and what another hears of it.

import { BROKER_DEFAULTS, Broker, type BrokerSettings } from '@majordomo/broker';
import {
  Kind,
  NO_BYTES,
  decodeErrorBody,
  encodeBody,
  requestIdText,
  type LinkId,
  type WireRecord,
} from '@majordomo/protocol';
import { Disk } from '../spec/disk.js';

type Of<K extends WireRecord['kind']> = Extract<WireRecord, { kind: K }>;

/** One link of a peer. */
export class Peer {
  readonly #scene: Scene;
  #heard: WireRecord[] = [];
  isClosed = false;

  constructor(
    scene: Scene,
    readonly link: number,
  ) {
    this.#scene = scene;
  }

  /** Says it in one message. @returns what it hears at once. */
  say(...records: WireRecord[]): WireRecord[] {
    this.#scene.give({ kind: 'records', link: this.link, records });
    return this.hear();
  }

  lose(): void {
    this.#scene.give({ kind: 'link-lost', link: this.link, reason: 'disconnected' });
  }

  /** What has come since the last time. */
  hear(): WireRecord[] {
    return this.#heard.splice(0);
  }

  /** The same, of one kind. */
  hearOf<K extends WireRecord['kind']>(kind: K): Of<K>[] {
    return this.hear().filter((record): record is Of<K> => record.kind === kind);
  }

  take(record: WireRecord): void {
    this.#heard.push(record);
  }
}

export class Scene {
  /** What is on it stays when the broker is started again. Until it is opened the broker has no journal. */
  readonly disk = new Disk();
  readonly #settings: Partial<BrokerSettings>;
  readonly #peers = new Map<number, Peer>();
  #broker: Broker;
  #links = 0;
  now = 10_000;

  constructor(settings: Partial<BrokerSettings> = {}) {
    this.#settings = settings;
    // Its own start is over: nobody is awaited because of it.
    this.#broker = this.#start(99, 0);
  }

  /** A scene whose broker has a journal. */
  static withDisk(settings: Partial<BrokerSettings> = {}): Scene {
    const scene = new Scene(settings);
    scene.#load();
    return scene;
  }

  get broker(): Broker {
    return this.#broker;
  }

  give(input: Parameters<Broker['handle']>[0]): void {
    this.#broker.handle(input, this.now);
    this.#perform();
  }

  /** Everything that waits is on the disk. */
  sync(): void {
    this.#release(this.disk.sync());
  }

  /**
   * The broker is killed and started again with the same disk: links are gone, and so is what was not on it.
   *
   * @param meanwhile what happens before the entries of the journal are read.
   */
  restart(meanwhile: () => void = () => undefined): void {
    this.disk.crash();
    this.#peers.clear();
    this.#broker = this.#start(this.#broker.memory.settings.instance + 1, this.now);
    this.disk.find(this.#broker, this.now);
    this.#perform();
    meanwhile();
    this.disk.read(this.#broker, this.now);
    this.#perform();
  }

  #start(instance: number, now: number): Broker {
    return new Broker({ ...BROKER_DEFAULTS, instance, ...this.#settings }, now);
  }

  #load(): void {
    this.disk.load(this.#broker, this.now);
    this.#perform();
  }

  #perform(): void {
    const { output } = this.#broker;
    this.#deliver(output.links, output.records);
    const { writes, reads, storedLinks, storedRecords, storedBytes: bytes } = output;
    const turn = {
      writes: [...writes],
      reads: [...reads],
      links: [...storedLinks],
      records: [...storedRecords],
      bytes,
    };
    for (const link of output.closes) {
      const peer = this.#peers.get(link);
      if (peer !== undefined) peer.isClosed = true;
    }
    output.clear();
    this.#release(this.disk.take(turn));
  }

  #release(turns: ReturnType<Disk['take']>): void {
    for (const { links, records, reads: keys } of turns) {
      this.#deliver(links, records);
      if (keys.length === 0) continue;
      this.#broker.handle({ kind: 'journal-reads', entries: this.disk.entriesOf(keys) }, this.now);
      this.#perform();
    }
  }

  #deliver(links: readonly LinkId[], records: readonly WireRecord[]): void {
    records.forEach((record, i) => this.#peers.get(links[i] as number)?.take(record));
  }

  /** Time passes, second by second; peers that are named stay alive. */
  pass(ms: number, ...alive: Peer[]): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 500);
      for (const peer of alive) this.give({ kind: 'records', link: peer.link, records: [{ kind: Kind.heartbeat }] });
      this.give({ kind: 'wake' });
    }
  }

  /** A new link that has said nothing. */
  connect(): Peer {
    this.#links += 1;
    const peer = new Peer(this, this.#links);
    this.#peers.set(peer.link, peer);
    return peer;
  }

  /** A client that has numbered `echo.say` as 0 and `echo.watch` as 1. */
  client(instance: number, more: Partial<Of<typeof Kind.hello>> = {}): Peer {
    const peer = this.connect();
    peer.say(hello({ instance, roles: 1, ...more }), name(0, 'echo', 'say'), name(1, 'echo', 'watch'));
    peer.hear();
    return peer;
  }

  /** A worker of `echo` with room for `credit`. */
  worker(instance: number, credit = 10, more: Partial<Of<typeof Kind.hello>> = {}): Peer {
    const peer = this.connect();
    peer.say(hello({ instance, roles: 2, ...more }), offer({ credit }));
    peer.hear();
    return peer;
  }
}

export function hello(more: Partial<Of<typeof Kind.hello>> = {}): WireRecord {
  return {
    kind: Kind.hello,
    versionMin: 1,
    versionMax: 1,
    roles: 3,
    instance: 1,
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 16_777_216,
    identity: 'peer',
    software: 'test',
    ...more,
  };
}

export const name = (number: number, service: string, method: string): WireRecord => ({
  kind: Kind.name,
  number,
  service,
  method,
});

export function offer(more: Partial<Of<typeof Kind.offer>> = {}): WireRecord {
  const terms = { atMostOnce: false, executionTimeoutMs: 0, maxAttempts: 0 };
  const methods = [
    { ...terms, name: 'say', streams: false },
    { ...terms, name: 'watch', streams: true },
    { ...terms, name: 'charge', streams: false, atMostOnce: true },
  ];
  return { kind: Kind.offer, service: 0, credit: 10, name: 'echo', methods, ...more };
}

export function request(ref: number, more: Partial<Of<typeof Kind.request>> = {}): WireRecord {
  return {
    kind: Kind.request,
    ref,
    name: 0,
    timeLeftMs: 30_000,
    ageMs: 0,
    window: 0,
    received: 0,
    waitForService: false,
    otherBrokers: 'none',
    confirm: false,
    key: '',
    headers: NO_BYTES,
    body: NO_BYTES,
    ...more,
  };
}

export function submit(ref: number, more: Partial<Of<typeof Kind.submit>> = {}): WireRecord {
  return {
    kind: Kind.submit,
    ref,
    name: 0,
    ageMs: 0,
    expiresMs: 0,
    delayMs: 0,
    priority: 4,
    orderingKey: '',
    key: '',
    headers: NO_BYTES,
    body: NO_BYTES,
    ...more,
  };
}

/** A question about a ticket or a dead letter, with the NAME that it needs. */
export function asking(
  ref: number,
  method: string,
  id: string,
  more: Partial<Of<typeof Kind.request>> = {},
): WireRecord[] {
  return [name(9, 'majordomo', method), request(ref, { name: 9, body: encodeBody(id), ...more })];
}

export function final(ref: number, more: Partial<Of<typeof Kind.final>> = {}): WireRecord {
  return { kind: Kind.final, ref, end: false, count: 0, headers: NO_BYTES, body: NO_BYTES, ...more };
}

export function failure(ref: number, more: Partial<Of<typeof Kind.error>> = {}): WireRecord {
  const rest = { ran: 'yes', stage: 'running', retryAfterMs: 0, retry: false, body: NO_BYTES } as const;
  return { kind: Kind.error, ref, code: 'HANDLER_FAILED', ...rest, ...more };
}

/** The words that matter of what was heard: kind, number, and the code of an error. */
export function words(records: readonly WireRecord[]): string[] {
  return records.map((record) => {
    switch (record.kind) {
      case Kind.error:
        return `ERROR ${record.ref} ${record.code} ran=${record.ran}`;
      case Kind.goodbye:
        return `GOODBYE ${record.code ?? ''}`.trim();
      case Kind.final:
        return `FINAL ${record.ref}`;
      case Kind.dispatch:
        return `DISPATCH ${record.ref} of ${record.instance}/${record.request} attempt ${record.attempt}`;
      case Kind.attach:
        return `ATTACH ${record.ref} of ${record.instance}/${record.request} attempt ${record.attempt}`;
      case Kind.cancel:
        return `CANCEL ${record.ref} ${record.reason}`;
      case Kind.window:
        return `WINDOW ${record.ref} ${record.received} to ${record.allowed}${record.rewind ? ' rewind' : ''}`;
      case Kind.partial:
        return `PARTIAL ${record.ref} ${record.index}`;
      case Kind.accepted:
        return record.ticket === 0
          ? 'ACCEPTED'
          : `ACCEPTED ${record.ref} ${requestIdText(record.journal, record.ticket)}`;
      case Kind.taken:
        return `TAKEN ${record.count}`;
      default:
        return (
          Object.entries(Kind)
            .find(([, kind]) => kind === record.kind)?.[0]
            .toUpperCase() ?? '?'
        );
    }
  });
}

export const messageOf = (error: WireRecord | undefined): string =>
  error?.kind === Kind.error ? decodeErrorBody(error.body).message : '';
