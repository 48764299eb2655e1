// A broker written by hand on a bare ROUTER: it says exactly what a test wants, and hears exactly what a worker says.

import { Kind, decodeMessage, encodeMessages, type WireRecord } from '@majordomo/protocol';
import { Router } from 'zeromq';

type Of<K extends WireRecord['kind']> = Extract<WireRecord, { kind: K }>;

/** How long a test waits for a word, in ms. */
const PATIENCE_MS = 20_000;

/** One connection of a worker. */
export class RawLink {
  readonly #socket: Router;
  readonly #route: Buffer;
  readonly #heard: WireRecord[] = [];
  #wake: (() => void) | undefined;

  constructor(socket: Router, route: Buffer) {
    this.#socket = socket;
    this.#route = route;
  }

  /** All that was heard and not asked for yet, but for HEARTBEATs. */
  get rest(): readonly WireRecord[] {
    return this.#heard.filter(({ kind }) => kind !== Kind.heartbeat);
  }

  async say(...records: WireRecord[]): Promise<void> {
    for (const message of encodeMessages(records)) await this.#socket.send([this.#route, ...message]);
  }

  /** The next word that is no HEARTBEAT, which must be of this kind. */
  async hear<K extends WireRecord['kind']>(kind: K): Promise<Of<K>> {
    const record = await this.#next();
    if (record.kind !== kind) throw new Error(`the worker said ${JSON.stringify(record)}`);
    return record as Of<K>;
  }

  /** The next words until one of this kind has come, that one included. */
  async hearUntil(kind: WireRecord['kind']): Promise<WireRecord[]> {
    const records: WireRecord[] = [];
    do records.push(await this.#next());
    while (records.at(-1)?.kind !== kind);
    return records;
  }

  async #next(): Promise<WireRecord> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const record = this.#heard.shift();
      if (record !== undefined && record.kind !== Kind.heartbeat) return record;
      if (record !== undefined) continue;
      if (performance.now() >= end) throw new Error('the worker says nothing');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  take(records: readonly WireRecord[]): void {
    this.#heard.push(...records);
    this.#wake?.();
  }
}

export class RawBroker {
  readonly #socket = new Router({ linger: 0, mandatory: true });
  readonly #links = new Map<string, RawLink>();
  readonly #fresh: RawLink[] = [];
  #wake: (() => void) | undefined;
  #received: Promise<void> = Promise.resolve();
  endpoint = '';

  async start(): Promise<void> {
    await this.#socket.bind('tcp://127.0.0.1:*');
    this.endpoint = this.#socket.lastEndpoint ?? '';
    this.#received = this.#receive();
  }

  /** The next connection that speaks. */
  async accept(): Promise<RawLink> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const link = this.#fresh.shift();
      if (link !== undefined) return link;
      if (performance.now() >= end) throw new Error('no worker comes');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next connection, greeted: its HELLO was heard and answered with WELCOME. */
  async welcome(more: Partial<Of<typeof Kind.welcome>> = {}): Promise<RawLink> {
    const link = await this.accept();
    await link.hear(Kind.hello);
    await link.say({
      kind: Kind.welcome,
      version: 1,
      instance: 99,
      heartbeatMs: 1_000,
      silenceMaxMs: 15_000,
      messageBytesMax: 16_777_216,
      namesMax: 4_096,
      requestsMax: 1_000,
      journal: 0,
      dedupeWindowMs: 600_000,
      software: 'raw',
      ...more,
    });
    return link;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#received;
  }

  async #receive(): Promise<void> {
    try {
      for await (const [route, ...frames] of this.#socket) this.#take(route as Buffer, frames);
    } catch (error) {
      if (!this.#socket.closed) throw error;
    }
  }

  #take(route: Buffer, frames: Buffer[]): void {
    const key = route.toString('hex');
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new RawLink(this.#socket, route);
      this.#links.set(key, link);
      this.#fresh.push(link);
      this.#wake?.();
    }
    const decoded = decodeMessage(frames);
    if (decoded.fault !== undefined) throw new Error(`the worker sent a message with the fault ${decoded.fault}`);
    link.take(decoded.records);
  }
}
