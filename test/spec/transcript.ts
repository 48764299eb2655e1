// Plays a transcript: lines that say what peers do, against a real broker machine, and writes down what the broker answers.
//
// The language is in test/spec/README.md. Heartbeats, WELCOME and TAKEN are left out of the answers unless `show` asks for them.

import { BROKER_DEFAULTS, Broker, type BrokerSettings } from '@majordomo/broker';
import {
  CANCEL_REASONS,
  DRAIN,
  KIND_NAMES,
  Kind,
  NO_BYTES,
  Role,
  WIRE_LIMITS,
  decodeBody,
  decodeErrorBody,
  decodeMessage,
  encodeBody,
  encodeErrorBody,
  encodeMessages,
  requestIdText,
  type CancelReason,
  type ErrorCode,
  type LinkInput,
  type OfferedMethod,
  type OtherBrokers,
  type Ran,
  type WireRecord,
} from '@majordomo/protocol';

import { Disk, JOURNAL } from './disk.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const textOf = (bytes: Uint8Array): string => JSON.stringify(Buffer.from(bytes).toString('utf8'));

/** A peer of the story: one session, on one link at a time. */
interface Peer {
  readonly name: string;
  readonly instance: number;
  readonly roles: number;
  link: number;
  /** Leases it was given, by the request they are for: `c1/1` -> lease number. */
  readonly leases: Map<string, number>;
  readonly names: Map<string, number>;
  readonly services: Map<string, { number: number; credit: number; methods: OfferedMethod[] }>;
}

/** A line taken apart: words, and `key=value` options. */
interface Line {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

function parseLine(text: string): Line {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (const part of parts) {
    const option = /^([a-zA-Z]+)=(.*)$/.exec(part);
    if (option !== null) options[option[1] as string] = option[2] as string;
    else words.push(part.startsWith('"') ? (JSON.parse(part) as string) : part);
  }
  return { words, options };
}

export class Transcript {
  #now = 0;
  #settings: BrokerSettings;
  #broker: Broker;
  #lastLink = 0;
  #lastInstance = 0;
  readonly #peers = new Map<string, Peer>();
  readonly #shown = new Set<number>();
  readonly #disk = new Disk();
  /** Whose answers are plain data of the broker's own: `c1/5`. */
  readonly #plain = new Set<string>();
  #answers: string[] = [];

  constructor(overrides: Partial<BrokerSettings> = {}) {
    this.#settings = { ...BROKER_DEFAULTS, instance: 1, ...overrides };
    this.#broker = this.#longRunning();
  }

  /** A broker whose own start is over: nobody is awaited because of it. */
  #longRunning(): Broker {
    return new Broker(this.#settings, this.#now - this.#settings.absenceMaxMs);
  }

  /** Plays the lines of one block and returns the answers, one a line. */
  play(lines: readonly string[]): string[] {
    this.#answers = [];
    for (const line of lines) this.#step(parseLine(line), line);
    return this.#answers;
  }

  get broker(): Broker {
    return this.#broker;
  }

  #step(line: Line, text: string): void {
    const [first = '', second = ''] = line.words;
    switch (first) {
      case 'setting':
        this.#setting(line);
        return;
      case 'show':
        for (const word of line.words.slice(1)) this.#shown.add(this.#kindNamed(word));
        return;
      case 'advance':
        this.#advance(Number(second));
        return;
      case 'broker':
        this.#brokerDoes(line);
        return;
      case 'disk':
        this.#diskDoes(second, line);
        return;
      case 'worker':
        this.#join(second, Role.worker);
        this.#offer(line);
        return;
      case 'client':
        this.#join(second, Role.client);
        return;
      default: {
        const peer = this.#peers.get(first);
        if (peer === undefined) throw new Error(`transcript: nobody is called ${first} in: ${text}`);
        this.#peerDoes(peer, second, line, text);
      }
    }
  }

  #kindNamed(word: string): number {
    const found = Object.entries(KIND_NAMES).find(([, name]) => name === word);
    if (found === undefined) throw new Error(`transcript: no record is called ${word}`);
    return Number(found[0]);
  }

  #setting(line: Line): void {
    const changes = Object.fromEntries(Object.entries(line.options).map(([key, value]) => [key, Number(value)]));
    this.#settings = { ...this.#settings, ...changes };
    this.#broker = this.#longRunning();
    this.#partAll();
  }

  /** Every link is gone, and with it every lease. */
  #partAll(): void {
    for (const peer of this.#peers.values()) {
      peer.link = 0;
      peer.leases.clear();
    }
  }

  #brokerDoes(line: Line): void {
    switch (line.words[1]) {
      case 'drains':
        this.#broker.handle({ kind: 'drain', timeoutMs: Number(line.options['timeout'] ?? 10_000) }, this.#now);
        break;
      case 'closes':
        this.#broker.handle({ kind: 'close' }, this.#now);
        break;
      case 'restarts':
        // Killed and started again: nothing is remembered, and every link is gone.
        this.#settings = { ...this.#settings, instance: this.#settings.instance + 1 };
        this.#broker = new Broker(this.#settings, this.#now);
        this.#partAll();
        this.#disk.crash();
        if (this.#disk.isOpen) this.#disk.find(this.#broker, this.#now);
        // `broker restarts unread`: its entries come with `disk reads`.
        if (this.#disk.isOpen && line.words[2] !== 'unread') this.#disk.read(this.#broker, this.#now);
        break;
      default:
        throw new Error(`transcript: what does the broker do? ${line.words.join(' ')}`);
    }
    this.#collect();
  }

  #diskDoes(verb: string, line: Line): void {
    switch (verb) {
      case 'opens':
        this.#disk.load(this.#broker, this.#now);
        break;
      case 'reads':
        // `disk reads 2` gives two entries, `disk reads` all that are left.
        this.#disk.read(this.#broker, this.#now, Number(line.words[2] ?? Infinity));
        break;
      case 'calendar':
        // `disk calendar by=-3600000`: the next start finds it set back by an hour.
        this.#disk.calendarMs += Number(line.options['by']);
        return;
      case 'stalls':
        this.#disk.isStalled = true;
        return;
      case 'syncs':
        this.#disk.isStalled = false;
        this.#release(this.#disk.sync());
        return;
      case 'refuses':
      case 'takes-again': {
        // A write has found no room; it is tried until it succeeds.
        const isStalled = verb === 'refuses';
        this.#disk.isStalled = isStalled;
        this.#broker.handle({ kind: 'journal-stalled', isStalled }, this.#now);
        if (!isStalled) this.#release(this.#disk.sync());
        break;
      }
      case 'is-full':
      case 'has-room':
        this.#broker.handle({ kind: 'journal-room', hasRoom: verb === 'has-room' }, this.#now);
        break;
      case 'damages':
        this.#disk.damage(line.words[2] ?? '');
        return;
      case 'shows':
        this.#answers.push(`disk ${this.#disk.names.join(' ')}`.trim());
        return;
      default:
        throw new Error(`transcript: what does the disk do? ${line.words.join(' ')}`);
    }
    this.#collect();
  }

  #release(turns: ReturnType<Disk['take']>): void {
    this.#deliver(turns);
    this.#read(turns);
  }

  #deliver(turns: ReturnType<Disk['take']>): void {
    this.#broker.output.waitingBytes = this.#disk.waitingBytes;
    for (const { links, records } of turns) {
      links.forEach((link, index) => this.#sent(link, records[index] as WireRecord));
    }
  }

  #read(turns: ReturnType<Disk['take']>): void {
    for (const { reads } of turns) {
      if (reads.length === 0) continue;
      this.#broker.handle({ kind: 'journal-reads', entries: this.#disk.entriesOf(reads) }, this.#now);
      this.#collect();
    }
  }

  /** Time passes; the broker is woken whenever it asked to be. */
  #advance(ms: number): void {
    const until = this.#now + ms;
    for (let wakes = 0; this.#broker.wakeAt() <= until; wakes++) {
      if (wakes > 100_000) throw new Error('transcript: the broker never goes to sleep');
      this.#now = Math.max(this.#now, this.#broker.wakeAt());
      this.#keepAlive();
      this.#broker.handle({ kind: 'wake' }, this.#now);
      this.#collect();
    }
    this.#now = until;
    this.#keepAlive();
  }

  /** Peers that have not been silenced say HEARTBEAT all the time. */
  #keepAlive(): void {
    for (const peer of this.#peers.values()) {
      if (peer.link > 0 && !this.#silent.has(peer.name)) this.#input(peer.link, [{ kind: Kind.heartbeat }]);
    }
  }
  readonly #silent = new Set<string>();

  #join(name: string, roles: number): void {
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      this.#lastInstance += 1;
      peer = {
        name,
        instance: 0xa0 + this.#lastInstance,
        roles,
        link: 0,
        leases: new Map(),
        names: new Map(),
        services: new Map(),
      };
      this.#peers.set(name, peer);
    }
    this.#hello(peer);
  }

  #hello(peer: Peer): void {
    this.#lastLink += 1;
    peer.link = this.#lastLink;
    peer.names.clear();
    this.#silent.delete(peer.name);
    this.#say(peer, {
      kind: Kind.hello,
      versionMin: 1,
      versionMax: 1,
      roles: peer.roles,
      instance: peer.instance,
      heartbeatMs: 1_000,
      silenceMaxMs: 15_000,
      messageBytesMax: WIRE_LIMITS.messageBytesMax,
      identity: peer.name,
      software: 'transcript',
    });
  }

  /** `worker w1 serves echo say,watch:stream,charge:once credit=4 timeout=100 attempts=3` */
  #offer(line: Line): void {
    const [, name = '', , service = '', list = ''] = line.words;
    if (service === '') return;
    const peer = this.#peers.get(name) as Peer;
    const methods = list.split(',').map((word): OfferedMethod => {
      const [method = '', ...marks] = word.split(':');
      return {
        name: method,
        atMostOnce: marks.includes('once'),
        streams: marks.includes('stream'),
        executionTimeoutMs: Number(line.options['timeout'] ?? 0),
        maxAttempts: Number(line.options['attempts'] ?? 0),
      };
    });
    const number = peer.services.get(service)?.number ?? peer.services.size;
    peer.services.set(service, { number, credit: Number(line.options['credit'] ?? 1), methods });
    this.#sayOffer(peer, service, Number(line.options['credit'] ?? 1));
  }

  #sayOffer(peer: Peer, name: string, credit: number): void {
    const service = peer.services.get(name);
    if (service === undefined) throw new Error(`transcript: ${peer.name} does not serve ${name}`);
    this.#say(peer, { kind: Kind.offer, service: service.number, credit, name, methods: service.methods });
  }

  #peerDoes(peer: Peer, verb: string, line: Line, text: string): void {
    const [, , third = '', fourth = '', fifth = ''] = line.words;
    const { options } = line;
    switch (verb) {
      case 'requests':
        this.#request(peer, line);
        return;
      case 'submits':
        this.#submit(peer, line);
        return;
      case 'asks-status':
      case 'collects':
      case 'withdraws':
        this.#askTicket(peer, verb, third, fourth, options);
        return;
      case 'cancels':
        this.#say(peer, { kind: Kind.cancel, ref: Number(third), reason: (fourth || 'cancelled') as CancelReason });
        return;
      case 'window':
        this.#say(peer, {
          kind: Kind.window,
          ref: Number(third),
          received: Number(options['received']),
          allowed: Number(options['allowed']),
          rewind: false,
        });
        return;
      case 'settled':
        this.#say(peer, { kind: Kind.settled, below: Number(options['below']) });
        return;
      case 'replies':
        this.#say(peer, this.#final(peer, third, fourth, options));
        return;
      case 'fails':
        this.#say(peer, {
          kind: Kind.error,
          ref: this.#lease(peer, third),
          code: fourth as ErrorCode,
          ran: (options['ran'] ?? 'yes') as Ran,
          stage: 'running',
          retry: options['retry'] !== undefined,
          retryAfterMs: Number(options['retry'] ?? 0),
          body: encodeErrorBody({ message: fifth }),
        });
        return;
      case 'yields':
        this.#say(peer, {
          kind: Kind.partial,
          ref: this.#lease(peer, third),
          index: Number(fourth),
          isFrameList: false,
          body: bytesOf(fifth),
        });
        return;
      case 'progress':
        this.#say(peer, { kind: Kind.progress, ref: this.#lease(peer, third), body: bytesOf(fourth) });
        return;
      case 'releases':
        this.#say(peer, { kind: Kind.release, ref: this.#lease(peer, third), ran: (options['ran'] ?? 'no') as Ran });
        return;
      case 'holds':
        this.#holds(peer, third, line);
        return;
      case 'credit':
        this.#say(peer, { kind: Kind.credit, service: peer.services.get(third)?.number ?? 0, limit: Number(fourth) });
        return;
      case 'drains':
        this.#say(peer, DRAIN);
        return;
      case 'leaves':
        this.#say(peer, { kind: Kind.goodbye, code: undefined, reason: '' });
        peer.link = 0;
        return;
      case 'says':
        this.#say(peer, { kind: this.#kindNamed(third) } as WireRecord);
        return;
      default:
        this.#linkDoes(peer, verb, line, text);
    }
  }

  /** What happens to the link of a peer. */
  #linkDoes(peer: Peer, verb: string, line: Line, text: string): void {
    switch (verb) {
      case 'is-killed':
      case 'loses-link': {
        const { link } = peer;
        peer.link = 0;
        this.#handle({ kind: 'link-lost', link, reason: 'disconnected' });
        return;
      }
      case 'vanishes':
        // Its network is gone: nothing more is heard, and nobody is told.
        peer.link = -Math.abs(peer.link);
        return;
      case 'falls-silent':
        this.#silent.add(peer.name);
        return;
      case 'is-back':
        this.#hello(peer);
        return;
      case 'offers':
        this.#sayOffer(peer, line.words[2] ?? '', Number(line.options['credit'] ?? 1));
        return;
      case 'sends-garbage':
        this.#handle({ kind: 'fault', link: peer.link, fault: 'UNKNOWN_KIND' });
        return;
      default:
        throw new Error(`transcript: what is "${verb}" in: ${text}`);
    }
  }

  #submit(peer: Peer, line: Line): void {
    const [, , ref = '', address = '', body = ''] = line.words;
    const { options } = line;
    this.#say(peer, {
      kind: Kind.submit,
      ref: Number(ref),
      name: this.#nameOf(peer, address),
      ageMs: Number(options['age'] ?? 0),
      expiresMs: Number(options['expires'] ?? 0),
      delayMs: Number(options['delay'] ?? 0),
      priority: Number(options['priority'] ?? 4),
      orderingKey: options['order'] ?? '',
      key: options['key'] ?? '',
      headers: NO_BYTES,
      body: bytesOf(body),
    });
  }

  /** Asks the broker's own service about a ticket: `c1 collects 5 1.2`. */
  #askTicket(peer: Peer, verb: string, ref: string, name: string, options: Line['options']): void {
    const method = { 'asks-status': 'ticketStatus', collects: 'ticketResult', withdraws: 'ticketCancel' }[verb] ?? '';
    if (verb !== 'collects') this.#plain.add(`${peer.name}/${ref}`);
    const id = requestIdText(JOURNAL, Disk.ticket(name));
    this.#sayRequest(peer, Number(ref), this.#nameOf(peer, `majordomo.${method}`), encodeBody(id), options);
  }

  #request(peer: Peer, line: Line): void {
    const [, , ref = '', address = '', body = ''] = line.words;
    this.#sayRequest(peer, Number(ref), this.#nameOf(peer, address), bytesOf(body), line.options);
  }

  #nameOf(peer: Peer, address: string): number {
    let name = peer.names.get(address);
    if (name === undefined) {
      name = peer.names.size;
      peer.names.set(address, name);
      const dot = address.lastIndexOf('.');
      this.#say(peer, {
        kind: Kind.name,
        number: name,
        service: address.slice(0, dot),
        method: address.slice(dot + 1),
      });
    }
    return name;
  }

  #sayRequest(peer: Peer, ref: number, name: number, body: Uint8Array, options: Line['options']): void {
    this.#say(peer, {
      kind: Kind.request,
      ref,
      name,
      timeLeftMs: Number(options['deadline'] ?? 60_000),
      ageMs: Number(options['age'] ?? 0),
      window: Number(options['window'] ?? 0),
      received: Number(options['received'] ?? 0),
      waitForService: options['wait'] !== undefined,
      otherBrokers: (options['others'] ?? 'none') as OtherBrokers,
      confirm: options['confirm'] !== undefined,
      key: options['key'] ?? '',
      headers: NO_BYTES,
      body,
    });
  }

  #final(peer: Peer, request: string, body: string, options: Line['options']): WireRecord {
    const count = Number(options['count'] ?? 0);
    const end = options['count'] !== undefined;
    return { kind: Kind.final, ref: this.#lease(peer, request), end, count, headers: NO_BYTES, body: bytesOf(body) };
  }

  #holds(peer: Peer, request: string, line: Line): void {
    const [client = '', number = ''] = request.split('/');
    const isDurable = client === 'journal';
    const instance = isDurable ? JOURNAL : (this.#peers.get(client)?.instance ?? 0);
    const ref = isDurable ? Disk.ticket(number) : Number(number);
    const service = peer.services.get(line.options['service'] ?? '')?.number ?? 0;
    const attempt = Number(line.options['attempt'] ?? 1);
    const finished = line.words.includes('finished');
    this.#say(peer, { kind: Kind.holds, instance, ref, attempt, service, finished });
  }

  #lease(peer: Peer, request: string): number {
    if (/^\d+$/.test(request)) return Number(request);
    const lease = peer.leases.get(request);
    if (lease === undefined) throw new Error(`transcript: ${peer.name} was never given ${request}`);
    return lease;
  }

  #say(peer: Peer, record: WireRecord): void {
    this.#input(peer.link, [record]);
  }

  /** Records go through the real codec, as on a socket. */
  #input(link: number, records: WireRecord[]): void {
    for (const message of encodeMessages(records)) {
      const decoded = decodeMessage(message);
      if (decoded.fault !== undefined) throw new Error(`transcript: ${decoded.fault}`);
      this.#handle({ kind: 'records', link, records: decoded.records });
    }
  }

  #handle(input: LinkInput): void {
    this.#broker.handle(input, this.#now);
    this.#collect();
  }

  #collect(): void {
    const { output } = this.#broker;
    output.links.forEach((link, index) => this.#sent(link, output.records[index] as WireRecord));
    const { writes, reads, storedLinks, storedRecords, storedBytes: bytes } = output;
    const turn = {
      writes: [...writes],
      reads: [...reads],
      links: [...storedLinks],
      records: [...storedRecords],
      bytes,
    };
    const isEmpty = turn.writes.length + turn.reads.length + turn.records.length === 0;
    const released = isEmpty ? [] : this.#disk.take(turn);
    this.#deliver(released);
    for (const { event, ...rest } of output.events) {
      const words = Object.entries(rest).map(
        ([key, value]) => `${key}=${Array.isArray(value) ? value.join(',') : String(value)}`,
      );
      this.#answers.push(['event', event, ...words].join(' '));
    }
    for (const link of output.closes) {
      for (const peer of this.#peers.values()) if (peer.link === link) peer.link = 0;
    }
    output.clear();
    this.#read(released);
  }

  #sent(link: number, record: WireRecord): void {
    const peer = [...this.#peers.values()].find((each) => Math.abs(each.link) === link);
    const hidden = [Kind.heartbeat, Kind.welcome, Kind.taken] as number[];
    if (record.kind === Kind.dispatch || record.kind === Kind.attach) {
      peer?.leases.set(this.#requestName(record.instance, record.request), record.ref);
    }
    if (peer === undefined || peer.link < 0) return;
    if (hidden.includes(record.kind) && !this.#shown.has(record.kind)) return;
    this.#answers.push(`${peer.name} <- ${this.#describe(peer, record)}`);
  }

  #requestName(instance: number, ref: number): string {
    if (instance === JOURNAL) return `journal/${Disk.name(ref)}`;
    const client = [...this.#peers.values()].find((each) => each.instance === instance);
    return `${client?.name ?? instance.toString(16)}/${ref}`;
  }

  /** The request that a lease of this worker is for. */
  #leaseName(peer: Peer, lease: number): string {
    for (const [request, number] of peer.leases) if (number === lease) return request;
    return String(lease);
  }

  #describe(peer: Peer, record: WireRecord): string {
    const word = KIND_NAMES[record.kind] as string;
    const isWorker = (peer.roles & Role.worker) !== 0;
    switch (record.kind) {
      case Kind.dispatch:
        return `${word} ${this.#requestName(record.instance, record.request)} attempt=${record.attempt} ${textOf(record.body)}`;
      case Kind.attach:
        return `${word} ${this.#requestName(record.instance, record.request)} attempt=${record.attempt}`;
      case Kind.final:
        return record.end
          ? `${word} ${record.ref} end count=${record.count}`
          : `${word} ${record.ref} ${this.#plain.has(`${peer.name}/${record.ref}`) ? plain(record.body) : textOf(record.body)}`;
      case Kind.error: {
        const wait = record.retryAfterMs > 0 ? ` retryAfterMs=${record.retryAfterMs}` : '';
        return `${word} ${record.ref} ${record.code} ran=${record.ran} stage=${record.stage}${wait} "${decodeErrorBody(record.body).message}"`;
      }
      case Kind.partial:
        return `${word} ${record.ref} ${record.index} ${textOf(record.body)}`;
      case Kind.progress:
        return `${word} ${record.ref} ${textOf(record.body)}`;
      case Kind.cancel:
        return `${word} ${isWorker ? this.#leaseName(peer, record.ref) : record.ref} ${record.reason}`;
      case Kind.window: {
        const name = isWorker ? this.#leaseName(peer, record.ref) : record.ref;
        return `${word} ${name} received=${record.received} allowed=${record.allowed}${record.rewind ? ' rewind' : ''}`;
      }
      case Kind.accepted:
        return `${word} ${record.ref} stored=${record.stored}${record.ticket === 0 ? '' : ` ticket=${Disk.name(record.ticket)}`}`;
      case Kind.taken:
        return `${word} ${record.count}`;
      case Kind.goodbye:
        return `${word} ${record.code ?? ''} "${record.reason}"`;
      default:
        return word;
    }
  }
}

/** What the broker says of a ticket, but for the dates. */
function plain(body: Uint8Array): string {
  const { state, attempt, collected, cancelled } = decodeBody(body) as Record<string, unknown>;
  return JSON.stringify({ state, attempt, collected, cancelled });
}

/** The words that `cancels` may end with. */
export const REASONS = CANCEL_REASONS;
