// For specs: a worker on real sockets, a broker whose every word the test says, and a service to try.

import {
  decodeMessage,
  encodeBody,
  encodeMessages,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  Role,
  type Dispatch,
  type LinkId,
  type WireRecord,
} from '@majordomo/protocol';
import { RouterPort, SystemClock, type Logger } from '@majordomo/runtime';
import type { RequestContext } from './context.js';
import { Method, Service } from './decorators.js';
import type { WorkerNews } from './news.js';
import type { ServeOptions } from './serve-options.js';
import { serve } from './serve.js';
import type { WorkerHandle } from './session.js';

const WELCOME = {
  kind: Kind.welcome,
  version: PROTOCOL_VERSION,
  instance: 1,
  heartbeatMs: 1_000,
  silenceMaxMs: 15_000,
  messageBytesMax: 1_000_000,
  namesMax: 16,
  requestsMax: 100,
  journal: 0,
  dedupeWindowMs: 60_000,
  software: 'played',
} as const;

/** A logger that keeps its lines. */
export function logbook(): { readonly lines: string[]; readonly stacks: unknown[]; readonly logger: Logger } {
  const lines: string[] = [];
  const stacks: unknown[] = [];
  const write =
    (level: string) =>
    (message: string, fields: object = {}): void => {
      lines.push(`${level} ${message}`);
      if ('stack' in fields) stacks.push(fields.stack);
    };
  return { lines, stacks, logger: { info: write('info'), warn: write('warn'), error: write('error') } };
}

const open: { close(): Promise<unknown> }[] = [];

/** Ends everything that was opened here; for afterEach. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((each) => each.close()));
}

/** What closeAll is to end too. */
export function closeLater(each: { close(): Promise<unknown> }): void {
  open.push(each);
}

/** Welcomes everybody, takes every last word, and says what it is told to. */
export class PlayedBroker {
  readonly heard: WireRecord[] = [];
  readonly #port = new RouterPort({ clock: new SystemClock() });
  readonly #links = new Map<number, LinkId>();
  #taken = 0;
  #notify: () => void = () => undefined;
  endpoint = '';
  /** Whether last words are told to have been taken. */
  takes = true;

  static async open(): Promise<PlayedBroker> {
    const broker = new PlayedBroker();
    open.push(broker);
    broker.endpoint = await broker.#port.bind('tcp://127.0.0.1:0');
    broker.#port.start({ message: (link, frames) => broker.#take(link, frames), lost: () => undefined });
    return broker;
  }

  /** To whoever has this role. */
  say(role: number, ...records: WireRecord[]): void {
    const link = this.#links.get(role);
    if (link !== undefined) for (const message of encodeMessages(records)) this.#port.send(link, message);
  }

  takeAll(): void {
    this.takes = true;
    this.say(Role.worker, { kind: Kind.taken, count: this.#taken });
  }

  /** The first record of this kind, when it has come. */
  async hears<K extends WireRecord['kind']>(kind: K): Promise<Extract<WireRecord, { kind: K }>> {
    for (;;) {
      const found = this.heard.find((record) => record.kind === kind);
      if (found !== undefined) return found as Extract<WireRecord, { kind: K }>;
      await new Promise<void>((resolve) => (this.#notify = resolve));
    }
  }

  close(): Promise<void> {
    return this.#port.shutdown(0);
  }

  #take(link: LinkId, frames: Uint8Array[]): void {
    const decoded = decodeMessage(frames);
    for (const record of decoded.fault === undefined ? decoded.records : []) {
      this.heard.push(record);
      if (record.kind === Kind.hello) {
        const role = (record.roles & Role.worker) === 0 ? Role.client : Role.worker;
        this.#links.set(role, link);
        this.say(role, WELCOME);
      }
      if (record.kind === Kind.offer) this.say(Role.worker, { kind: Kind.taken, count: this.#taken });
      const isLast = record.kind === Kind.final || record.kind === Kind.error || record.kind === Kind.release;
      if (isLast && link === this.#links.get(Role.worker)) {
        this.#taken += 1;
        if (this.takes) this.takeAll();
      }
    }
    this.#notify();
  }
}

export function dispatch(ref: number, method: number, input: unknown): Dispatch {
  const id = { service: 0, method, instance: 7, request: ref, attempt: 1, timeLeftMs: 10_000 };
  const plain = { window: 0, received: 0, headers: NO_BYTES };
  return { kind: Kind.dispatch, ref, ...id, ...plain, body: encodeBody(input) };
}

/** Method 0 echoes, 1 waits to be stopped, 2 asks another service, 3 throws, 4 never ends. */
@Service('lab')
export class Lab {
  readonly stops: unknown[] = [];
  @Method() echo(input: unknown): unknown {
    return input;
  }
  @Method() wait(_: unknown, context: RequestContext): Promise<never> {
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        this.stops.push((context.signal.reason as { reason: unknown }).reason);
        reject(context.signal.reason as Error);
      });
    });
  }
  @Method() ask(_: unknown, context: RequestContext): Promise<unknown> {
    return context.client.call('other.twice', 21);
  }
  @Method() fail(): never {
    throw new RangeError('no');
  }
  @Method() stubborn(): Promise<never> {
    return new Promise(() => undefined);
  }
}
/** The number of a method that never ends. */
export const STUBBORN = 4;

export interface Scene {
  readonly broker: PlayedBroker;
  readonly worker: WorkerHandle;
  readonly lab: Lab;
  readonly news: WorkerNews[];
}

export async function serving(more: Partial<ServeOptions> = {}): Promise<Scene> {
  const broker = await PlayedBroker.open();
  const lab = new Lab();
  const news: WorkerNews[] = [];
  const worker = await serve({
    brokers: [broker.endpoint],
    services: [lab],
    name: 'spec',
    onEvent: (each) => news.push(each),
    ...more,
  });
  open.push(worker);
  return { broker, worker, lab, news };
}
