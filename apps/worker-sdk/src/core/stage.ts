// For specs: a worker's machine, two brokers whose every word the test says, and what was done in lines that read like a transcript.

import {
  Chance,
  decodeErrorBody,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  Role,
  type CancelReason,
  type Dispatch,
  type OfferedMethod,
  type WireRecord,
} from '@majordomo/protocol';
import type { Failure, Run } from './state.js';
import { Worker } from './worker.js';

const FAILURE: Failure = { code: 'HANDLER_FAILED', ran: 'yes', retry: false, retryAfterMs: 0 };
const HELLO = {
  kind: Kind.hello,
  versionMin: PROTOCOL_VERSION,
  versionMax: PROTOCOL_VERSION,
  roles: Role.worker,
  instance: 9,
  heartbeatMs: 1_000_000,
  silenceMaxMs: 3_000_000,
  messageBytesMax: 1_000,
  identity: 'w',
  software: 'spec',
} as const;
export const bytes = (text: string): Uint8Array => Buffer.from(text);

function offered(name: string, more: Partial<OfferedMethod> = {}): OfferedMethod {
  return { name, atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0, ...more };
}

/** A worker with brokers a and b. Method 0 is unary, 1 is streamed, 2 has a limit of 50 ms. */
export class Stage {
  now = 1_000;
  readonly worker: Worker;
  readonly runs = new Map<string, Run>();
  /** Every ERROR that was sent: its code, and what it says about the worker and the attempt. */
  readonly errors: (readonly [code: string, handledBy: unknown])[] = [];
  readonly #links = new Map<number, string>();
  readonly #current = new Map<string, number>();

  constructor(concurrency = 2) {
    const methods = [offered('get'), offered('watch', { streams: true }), offered('slow', { executionTimeoutMs: 50 })];
    const services = [{ name: 'orders', methods, concurrency }];
    this.worker = new Worker({
      endpoints: ['a', 'b'],
      hello: HELLO,
      chance: new Chance(1),
      services,
      stuckAfterMs: 1_000,
    });
    this.worker.handle({ kind: 'open', timeoutMs: 500 }, this.now);
    this.seen();
  }

  /** What was done since the last time, one line each; HELLO left out. */
  seen(): string[] {
    const { output } = this.worker;
    for (const { link, endpoint } of output.connects) {
      this.#links.set(link, endpoint);
      this.#current.set(endpoint, link);
    }
    const lines: string[] = [];
    output.records.forEach((record, i) => {
      if (record.kind === Kind.error)
        this.errors.push([record.code, decodeErrorBody(record.body).details?.['handledBy']]);
      if (record.kind !== Kind.hello) lines.push(`${this.#links.get(output.links[i] ?? 0)} ${line(record)}`);
    });
    for (const event of output.events) {
      if (event.kind === 'start') this.runs.set(`${event.run.instance}-${event.run.request}`, event.run);
      if ('run' in event) {
        const reason = event.kind === 'abort' ? ` ${event.reason}` : '';
        if (event.kind === 'abort') event.run.knowsStop = true;
        lines.push(`${event.kind} ${event.run.instance}-${event.run.request}${reason}`);
      } else if (event.kind === 'left') lines.push(`left ${event.unfinished}`);
      else lines.push(event.kind === 'unreached' ? event.kind : `${event.kind} ${event.endpoint}`);
    }
    output.clear();
    return lines;
  }

  from(broker: string, ...records: WireRecord[]): string[] {
    this.heard(broker, ...records);
    return this.seen();
  }
  /** The machine takes the records, and the turn goes on: nothing is sent or told yet. */
  heard(broker: string, ...records: WireRecord[]): void {
    this.worker.handle({ kind: 'records', link: this.#current.get(broker) ?? 0, records }, this.now);
  }
  welcome(...brokers: string[]): string[] {
    return brokers.flatMap((broker) => this.from(broker, welcome()));
  }
  lose(broker: string): string[] {
    this.worker.handle({ kind: 'link-lost', link: this.#current.get(broker) ?? 0, reason: 'disconnected' }, this.now);
    return this.seen();
  }
  /** Time passes in one step, then the machine is woken. */
  wait(ms: number): string[] {
    this.now += ms;
    this.worker.handle({ kind: 'wake' }, this.now);
    return this.seen();
  }
  /** The broker comes back after a loss. */
  back(broker: string): string[] {
    this.wait(20);
    return this.welcome(broker);
  }
  /** The number of the link to a broker. */
  linkOf(broker: string): number {
    return this.#current.get(broker) ?? 0;
  }
  run(id: string): Run {
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`${id} was not started`);
    return run;
  }
  value(id: string, text = 'v'): string[] {
    this.worker.handle({ kind: 'succeeded', run: this.run(id), headers: NO_BYTES, body: bytes(text) }, this.now);
    return this.seen();
  }
  fail(id: string, failure: Partial<Failure> = {}): string[] {
    const run = this.run(id);
    this.worker.handle({ kind: 'failed', run, failure: { ...FAILURE, ...failure }, body: NO_BYTES }, this.now);
    return this.seen();
  }
  yields(id: string, ...texts: string[]): string[] {
    for (const text of texts) this.worker.handle({ kind: 'yielded', run: this.run(id), body: bytes(text) }, this.now);
    return this.seen();
  }
  drain(timeoutMs = 1_000): string[] {
    this.worker.handle({ kind: 'drain', timeoutMs }, this.now);
    return this.seen();
  }
}

function line(record: WireRecord): string {
  switch (record.kind) {
    case Kind.offer:
      return `OFFER ${record.name} ${record.credit}`;
    case Kind.holds:
      return `HOLDS ${record.instance}-${record.ref} #${record.attempt}${record.finished ? ' finished' : ''}`;
    case Kind.credit:
      return `CREDIT ${record.limit}`;
    case Kind.final:
      return `FINAL ${record.ref} ${record.end ? `end ${record.count}` : Buffer.from(record.body).toString().slice(0, 9)}`;
    case Kind.error:
      return `ERROR ${record.ref} ${record.code} ${record.ran}${record.retry ? ` retry ${record.retryAfterMs}` : ''}`;
    case Kind.partial:
      return `PARTIAL ${record.ref} [${record.index}] ${Buffer.from(record.body).toString()}`;
    case Kind.progress:
      return `PROGRESS ${record.ref} ${Buffer.from(record.body).toString()}`;
    case Kind.release:
      return `RELEASE ${record.ref} ${record.ran}`;
    case Kind.drain:
      return 'DRAIN';
    case Kind.goodbye:
      return 'GOODBYE';
    default:
      return `kind ${record.kind}`;
  }
}

function welcome(): WireRecord {
  const { heartbeatMs, silenceMaxMs, messageBytesMax } = HELLO;
  const times = {
    heartbeatMs,
    silenceMaxMs,
    messageBytesMax,
    namesMax: 10,
    requestsMax: 10,
    journal: 0,
    dedupeWindowMs: 1_000,
  };
  return { kind: Kind.welcome, version: PROTOCOL_VERSION, instance: 1, software: 'spec', ...times };
}

/** A request of client 7 for `method`, under `lease`. */
export function dispatch(lease: number, request: number, more: Partial<Dispatch> = {}): Dispatch {
  const id = { service: 0, method: 0, instance: 7, request, attempt: 1, timeLeftMs: 10_000 };
  return { kind: Kind.dispatch, ref: lease, ...id, window: 0, received: 0, headers: NO_BYTES, body: NO_BYTES, ...more };
}
export function attach(
  lease: number,
  request: number,
  more: { window?: number; received?: number; attempt?: number } = {},
): WireRecord {
  const id = { instance: 7, request, attempt: 1, timeLeftMs: 10_000, window: 0, received: 0 };
  return { kind: Kind.attach, ref: lease, ...id, ...more };
}
export const taken = (count: number): WireRecord => ({ kind: Kind.taken, count });
export const cancel = (ref: number, reason: CancelReason = 'cancelled'): WireRecord => ({
  kind: Kind.cancel,
  ref,
  reason,
});
export const openTo = (ref: number, received: number, allowed: number, rewind = false): WireRecord => ({
  kind: Kind.window,
  ref,
  received,
  allowed,
  rewind,
});
export const watch = (lease: number, request: number, window: number): Dispatch =>
  dispatch(lease, request, { method: 1, window });

export function serving(concurrency = 2, ...brokers: string[]): Stage {
  const stage = new Stage(concurrency);
  stage.welcome(...(brokers.length === 0 ? ['a'] : brokers));
  return stage;
}
