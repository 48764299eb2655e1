import {
  CANCEL_REASONS,
  Chance,
  DRAIN,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  Role,
  requestIdText,
  type Dispatch,
  type OfferedMethod,
  type WireRecord,
} from '@majordomo/protocol';
import { WORKER_LIMITS } from './limits.js';
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
const bytes = (text: string): Uint8Array => Buffer.from(text);

function offered(name: string, more: Partial<OfferedMethod> = {}): OfferedMethod {
  return { name, atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0, ...more };
}

/** A worker with brokers a and b. Method 0 is unary, 1 is streamed, 2 has a limit of 50 ms. */
class Stage {
  now = 1_000;
  readonly worker: Worker;
  readonly runs = new Map<string, Run>();
  readonly #links = new Map<number, string>();
  readonly #current = new Map<string, number>();

  constructor(concurrency = 2) {
    const methods = [offered('get'), offered('watch', { streams: true }), offered('slow', { executionTimeoutMs: 50 })];
    const services = [{ name: 'orders', methods, concurrency }];
    this.worker = new Worker({ endpoints: ['a', 'b'], hello: HELLO, chance: new Chance(1), services });
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
      if (record.kind !== Kind.hello) lines.push(`${this.#links.get(output.links[i] ?? 0)} ${line(record)}`);
    });
    for (const event of output.events) {
      if (event.kind === 'start') this.runs.set(`${event.run.instance}-${event.run.request}`, event.run);
      if ('run' in event) {
        const reason = event.kind === 'abort' ? ` ${event.reason}` : '';
        lines.push(`${event.kind} ${event.run.instance}-${event.run.request}${reason}`);
      } else if (event.kind === 'left') lines.push(`left ${event.unfinished}`);
      else lines.push(event.kind === 'unreached' ? event.kind : `${event.kind} ${event.endpoint}`);
    }
    output.clear();
    return lines;
  }

  from(broker: string, ...records: WireRecord[]): string[] {
    this.worker.handle({ kind: 'records', link: this.#current.get(broker) ?? 0, records }, this.now);
    return this.seen();
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
  run(id: string): Run {
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`${id} was not started`);
    return run;
  }
  value(id: string, text = 'v'): string[] {
    this.worker.handle({ kind: 'succeeded', run: this.run(id), body: bytes(text) }, this.now);
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
  const times = { heartbeatMs, silenceMaxMs, messageBytesMax, namesMax: 10, requestsMax: 10, dedupeWindowMs: 1_000 };
  return { kind: Kind.welcome, version: PROTOCOL_VERSION, instance: 1, software: 'spec', ...times };
}

/** A request of client 7 for `method`, under `lease`. */
function dispatch(lease: number, request: number, more: Partial<Dispatch> = {}): Dispatch {
  const id = { service: 0, method: 0, instance: 7, request, attempt: 1, timeLeftMs: 10_000 };
  return { kind: Kind.dispatch, ref: lease, ...id, window: 0, received: 0, headers: NO_BYTES, body: NO_BYTES, ...more };
}
function attach(
  lease: number,
  request: number,
  more: { window?: number; received?: number; attempt?: number } = {},
): WireRecord {
  const id = { instance: 7, request, attempt: 1, timeLeftMs: 10_000, window: 0, received: 0 };
  return { kind: Kind.attach, ref: lease, ...id, ...more };
}
const taken = (count: number): WireRecord => ({ kind: Kind.taken, count });
const cancel = (ref: number, reason: (typeof CANCEL_REASONS)[number] = 'cancelled'): WireRecord => ({
  kind: Kind.cancel,
  ref,
  reason,
});
const openTo = (ref: number, received: number, allowed: number, rewind = false): WireRecord => ({
  kind: Kind.window,
  ref,
  received,
  allowed,
  rewind,
});
const watch = (lease: number, request: number, window: number): Dispatch =>
  dispatch(lease, request, { method: 1, window });

function serving(concurrency = 2, ...brokers: string[]): Stage {
  const stage = new Stage(concurrency);
  stage.welcome(...(brokers.length === 0 ? ['a'] : brokers));
  return stage;
}

describe('a worker and a broker that has just welcomed it', () => {
  it('offers its services without credit, and then gives the credit', () => {
    expect(new Stage().welcome('a')).toEqual(['a OFFER orders 0', 'a CREDIT 2', 'broker.connected a']);
  });

  it('greets every broker of its list apart', () => {
    const stage = serving(2, 'a');
    expect(stage.welcome('b')).toEqual(['b OFFER orders 0', 'b CREDIT 2', 'broker.connected b']);
  });

  it('takes nothing before the welcome', () => {
    const stage = new Stage();
    expect(stage.from('a', dispatch(1, 1))).toEqual([]);
  });

  it('says once that nobody answers, and goes on trying', () => {
    const stage = new Stage();
    expect(stage.wait(500)).toEqual(['unreached']);
    expect(stage.welcome('b')).toContain('b CREDIT 2');
    expect(stage.wait(500)).toEqual([]);
  });

  it('says that it was refused, and comes back', () => {
    const stage = new Stage();
    const refusal = { kind: Kind.goodbye, code: 'VERSION_MISMATCH', reason: 'too old' } as const;
    expect(stage.from('a', refusal)).toEqual(['broker.refused a']);
    stage.wait(20);
    expect(stage.welcome('a')).toContain('a CREDIT 2');
  });
});

describe('a request', () => {
  it('is started, and its value is the last word', () => {
    const stage = serving();
    expect(stage.from('a', dispatch(1, 5))).toEqual(['start 7-5']);
    expect(stage.value('7-5', 'hi')).toEqual(['a FINAL 1 hi']);
  });

  it('whose handler fails is answered with the error', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 HANDLER_FAILED yes']);
  });

  it('beyond the concurrency waits for a handler to end, in the order of arrival', () => {
    const stage = serving(2);
    expect(stage.from('a', dispatch(1, 1), dispatch(2, 2), dispatch(3, 3), dispatch(4, 4))).toEqual([
      'start 7-1',
      'start 7-2',
    ]);
    expect(stage.value('7-2')).toEqual(['a FINAL 2 v', 'start 7-3']);
    expect(stage.worker.facts()).toMatchObject({ running: 2, waiting: 1 });
  });

  it('handed out again while it runs is not started again; the newest lease of the broker gets the word', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual([]);
    expect(stage.value('7-5')).toEqual(['a FINAL 2 v']);
  });

  it('handed out by two brokers is run once and answered to both', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('b', dispatch(8, 5));
    expect(stage.value('7-5').sort()).toEqual(['a FINAL 1 v', 'b FINAL 8 v']);
  });

  it('handed out again after it ended is answered and not run', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', 'once');
    stage.from('a', taken(1));
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual(['a FINAL 2 once']);
    expect(stage.worker.counters).toMatchObject({ started: 1, duplicates: 1 });
  });

  it('that asks to be tried again is run again when it is handed out again', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.fail('7-5', { retry: true, retryAfterMs: 40 })).toEqual(['a ERROR 1 HANDLER_FAILED yes retry 40']);
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual(['start 7-5']);
  });

  it('for a method that is not offered is refused at once', () => {
    const stage = serving();
    expect(stage.from('a', dispatch(1, 5, { method: 77 }))).toEqual(['a ERROR 1 NO_SUCH_METHOD no']);
  });

  it('whose value is larger than the broker takes is answered REPLY_UNSENDABLE', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.value('7-5', 'x'.repeat(1_001))).toEqual(['a ERROR 1 REPLY_UNSENDABLE yes']);
  });

  it('is told of progress while it runs, not afterwards', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    const run = stage.run('7-5');
    stage.worker.handle({ kind: 'progressed', run, body: bytes('half') }, stage.now);
    expect(stage.seen()).toEqual(['a PROGRESS 1 half']);
    stage.value('7-5');
    stage.worker.handle({ kind: 'progressed', run, body: bytes('late') }, stage.now);
    expect(stage.seen()).toEqual([]);
  });
});

describe('limits of time', () => {
  it('a handler past the deadline is told to stop, and its failure is the deadline', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5, { timeLeftMs: 100 }));
    expect(stage.wait(100)).toEqual(['abort 7-5 deadline']);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 DEADLINE_EXCEEDED yes']);
  });

  it('a request whose deadline passes while it waits is never started', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2, { timeLeftMs: 100 }));
    expect(stage.wait(100)).toEqual(['a ERROR 2 DEADLINE_EXCEEDED no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
  });

  it('a handler past its execution limit is answered at once, and keeps its slot until it ends', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1, { method: 2 }), dispatch(2, 2));
    expect(stage.wait(50)).toEqual([
      'a ERROR 1 EXECUTION_TIMEOUT unknown',
      'a CREDIT 0',
      'abort 7-1 execution-timeout',
    ]);
    expect(stage.value('7-1')).toEqual(['a CREDIT 1', 'start 7-2']);
  });

  it('a request that overran is answered in the same way when it is handed out again', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { method: 2 }));
    stage.wait(50);
    expect(stage.from('a', dispatch(2, 1))).toContain('a ERROR 2 EXECUTION_TIMEOUT unknown');
    stage.value('7-1');
    expect(stage.from('a', dispatch(3, 1))).toEqual(['a ERROR 3 EXECUTION_TIMEOUT unknown']);
  });
});

describe('cancelling', () => {
  it('tells the handler why, and waits for its end', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.from('a', cancel(1))).toEqual(['abort 7-5 cancelled']);
    expect(stage.from('a', cancel(1))).toEqual([]);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 CANCELLED yes']);
  });

  it('does not hide a value that came all the same', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.from('a', cancel(1));
    expect(stage.value('7-5')).toEqual(['a FINAL 1 v']);
  });

  it('of a request that waits answers that it was not started', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    expect(stage.from('a', cancel(2))).toEqual(['a ERROR 2 CANCELLED no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
  });

  it('by one broker does not stop what another one waits for', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('b', dispatch(1, 5));
    expect(stage.from('a', cancel(1, 'client-lost'))).toEqual(['a ERROR 1 CANCELLED yes']);
    expect(stage.value('7-5')).toEqual(['b FINAL 1 v']);
  });

  it('of a lease that is over is a late word: dropped and counted', () => {
    const stage = serving();
    expect(stage.from('a', cancel(99), openTo(99, 0, 5))).toEqual([]);
    expect(stage.worker.counters.lateWords).toBe(2);
  });

  it('because the client was lost does not answer for it when it asks again: the request is run anew, after the stopped handler', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('a', cancel(1, 'client-lost'));
    expect(stage.from('b', dispatch(3, 5, { attempt: 2 }))).toEqual([]);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 CANCELLED yes', 'start 7-5']);
    expect(stage.value('7-5')).toEqual(['b FINAL 3 v']);
  });
});

describe('a lost link', () => {
  it('leaves handlers running; the broker is told what is held when it is back, before the credit', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.lose('a')).toEqual(['broker.lost a']);
    expect(stage.back('a')).toEqual(['a OFFER orders 0', 'a HOLDS 7-5 #1', 'a CREDIT 1', 'broker.connected a']);
    expect(stage.from('a', attach(11, 5))).toEqual(['a CREDIT 2']);
    expect(stage.value('7-5')).toEqual(['a FINAL 11 v']);
  });

  it('does not lose a reply that came meanwhile', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.lose('a');
    expect(stage.value('7-5', 'kept')).toEqual([]);
    expect(stage.back('a')).toContain('a HOLDS 7-5 #1 finished');
    expect(stage.from('a', attach(11, 5))).toEqual(['a FINAL 11 kept']);
  });

  it('does not lose a reply that was sent and not taken', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', 'kept');
    stage.lose('a');
    stage.wait(9_000);
    expect(stage.welcome('a')).toContain('a HOLDS 7-5 #1 finished');
  });

  it('makes replies doubtful that were taken just before, not those taken long before', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.now += WORKER_LIMITS.holdsBeforeLossMs + 1;
    stage.from('a', dispatch(2, 2));
    stage.value('7-2');
    stage.from('a', taken(2));
    stage.lose('a');
    expect(stage.back('a')).toEqual([
      'a OFFER orders 0',
      'a HOLDS 7-2 #1 finished',
      'a CREDIT 2',
      'broker.connected a',
    ]);
  });

  it('is told to the other brokers at once', () => {
    const stage = serving(3, 'a', 'b');
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    stage.from('b', dispatch(1, 3));
    stage.value('7-2');
    expect(stage.lose('a').sort()).toEqual(
      ['a HOLDS 7-1 #1', 'a HOLDS 7-2 #1 finished', 'b CREDIT 2', 'broker.lost a']
        .map((text) => text.replace(/^a /, 'b '))
        .sort(),
    );
    expect(stage.from('b', attach(9, 1))).toEqual(['b CREDIT 3']);
    expect(stage.value('7-1')).toEqual(['b FINAL 9 v']);
  });

  it('ends what was not started', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    stage.lose('a');
    expect(stage.value('7-1')).toEqual([]);
    expect(stage.back('a')).not.toContain('a HOLDS 7-2 #1');
  });

  it('an attempt that nobody holds any more is given back as unknown', () => {
    const stage = serving();
    expect(stage.from('a', attach(4, 44))).toEqual(['a RELEASE 4 unknown']);
  });
});

describe('a stream', () => {
  it('is refused when one value is asked for', () => {
    expect(serving().from('a', watch(1, 5, 0))).toEqual(['a ERROR 1 STREAM_EXPECTED no']);
  });

  it('is made as far as the window goes, and goes on when it opens', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 2));
    expect(stage.yields('7-5', 'x', 'y')).toEqual(['a PARTIAL 1 [0] x', 'a PARTIAL 1 [1] y']);
    expect(stage.run('7-5').flow?.isOpen).toBe(false);
    expect(stage.from('a', openTo(1, 1, 3))).toEqual(['resume 7-5']);
    expect(stage.yields('7-5', 'z')).toEqual(['a PARTIAL 1 [2] z']);
    expect(stage.value('7-5', '')).toEqual(['a FINAL 1 end 3']);
  });

  it('is sent again from the first value that was lost', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y', 'z');
    expect(stage.from('a', openTo(1, 1, 5, true))).toEqual(['a PARTIAL 1 [1] y', 'a PARTIAL 1 [2] z']);
  });

  it('goes on under a new lease where the client stands', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 3));
    stage.yields('7-5', 'x', 'y');
    stage.lose('a');
    stage.yields('7-5', 'z');
    stage.back('a');
    expect(stage.from('a', attach(2, 5, { window: 4, received: 1 }))).toEqual([
      'a PARTIAL 2 [1] y',
      'a PARTIAL 2 [2] z',
      'a CREDIT 2',
      'resume 7-5',
    ]);
    expect(stage.value('7-5', '')).toEqual(['a FINAL 2 end 3']);
  });

  it('that ended while its client was away is sent to its end', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y');
    stage.lose('a');
    stage.value('7-5', '');
    stage.back('a');
    expect(stage.from('a', attach(2, 5, { window: 1, received: 0 }))).toEqual(['a PARTIAL 2 [0] x']);
    expect(stage.from('a', openTo(2, 1, 2))).toEqual(['a PARTIAL 2 [1] y', 'a FINAL 2 end 2']);
  });

  it('whose lost values are no longer kept is broken', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y');
    stage.from('a', openTo(1, 2, 6));
    expect(stage.from('a', attach(2, 5, { window: 4, received: 0 }))).toEqual([
      'a ERROR 2 STREAM_BROKEN unknown',
      'a CREDIT 1',
      'abort 7-5 lease-lost',
    ]);
  });

  it('that a new run cannot continue is broken at once', () => {
    const more = { method: 1, window: 4, received: 3 };
    expect(serving().from('a', dispatch(1, 5, more))).toEqual(['a ERROR 1 STREAM_BROKEN unknown']);
  });

  it('fails after its values', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x');
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 HANDLER_FAILED yes']);
  });

  it('that is cancelled while values wait for the window ends at once', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y', 'z');
    stage.lose('a');
    stage.back('a');
    stage.from('a', attach(2, 5, { window: 1, received: 0 }));
    stage.value('7-5', '');
    expect(stage.from('a', cancel(2))).toEqual(['a ERROR 2 CANCELLED yes']);
  });
});

describe('a drain', () => {
  it('takes nothing new, gives back what was not started, finishes, and leaves when all was taken', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    expect(stage.drain()).toEqual(['a DRAIN', 'a RELEASE 2 no', 'a CREDIT 0']);
    expect(stage.from('a', dispatch(3, 3))).toEqual(['a RELEASE 3 no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
    expect(stage.from('a', taken(2))).toEqual([]);
    expect(stage.from('a', taken(3))).toEqual(['a GOODBYE', 'left 0']);
  });

  it('of an idle worker is over at once', () => {
    expect(serving().drain()).toEqual(['a DRAIN', 'a CREDIT 0', 'a GOODBYE', 'left 0']);
  });

  it('waits for a broker that is away to take a reply, until the deadline of the request', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { timeLeftMs: 500 }));
    stage.value('7-1');
    stage.lose('a');
    expect(stage.drain(9_000)).toEqual([]);
    expect(stage.wait(500)).toContain('left 0');
  });

  it('stops what runs at its time limit', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.drain(300);
    expect(stage.wait(300)).toEqual(['a RELEASE 1 unknown', 'a GOODBYE', 'abort 7-1 drain', 'left 1']);
    expect(stage.value('7-1')).toEqual([]);
  });

  it('is told to a broker that comes meanwhile, together with what is held', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.drain();
    expect(stage.welcome('b')).toEqual(['b OFFER orders 0', 'b HOLDS 7-1 #1', 'b DRAIN', 'broker.connected b']);
  });

  it('of the broker is told, and changes nothing else', () => {
    const stage = serving();
    expect(stage.from('a', DRAIN)).toEqual(['broker.draining a']);
    expect(stage.from('a', dispatch(1, 1))).toEqual(['start 7-1']);
  });

  it('close does not wait', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.worker.handle({ kind: 'close' }, stage.now);
    expect(stage.seen()).toEqual(['a RELEASE 1 unknown', 'a GOODBYE', 'abort 7-1 drain', 'left 1']);
    expect(stage.worker.wakeAt()).toBe(Infinity);
  });
});

describe('what is remembered', () => {
  it('is bounded by count: the oldest that was taken goes first', () => {
    const stage = serving();
    for (let request = 1; request <= WORKER_LIMITS.outcomesHeardMax + 1; request++) {
      stage.from('a', dispatch(request, request));
      stage.value(`7-${request}`);
      stage.from('a', taken(request));
    }
    expect(stage.worker.facts().remembered).toBe(WORKER_LIMITS.outcomesHeardMax);
    expect(stage.from('a', dispatch(90_000, 1))).toEqual(['start 7-1']);
    expect(stage.from('a', dispatch(90_001, 2))).toEqual(['a FINAL 90001 v']);
  });

  it('is bounded by age', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.from('a', taken(1));
    stage.wait(WORKER_LIMITS.outcomeAgeMs + 1_000);
    expect(stage.worker.facts().remembered).toBe(0);
  });

  it('is kept beyond that age while no broker has taken it, until its deadline', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { timeLeftMs: 100_000 }));
    stage.value('7-1');
    stage.wait(99_000);
    expect(stage.worker.facts().remembered).toBe(1);
    stage.wait(2_000);
    expect(stage.worker.facts().remembered).toBe(0);
  });

  it('asks for no more time than it needs', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.from('a', taken(1));
    expect(stage.worker.wakeAt()).toBeGreaterThan(stage.now + 59_000);
  });
});

it('whatever a broker says in whatever order, the machine does not throw, and every lease gets one last word at most', () => {
  const chance = new Chance(4);
  const dice = (sides: number): number => Math.floor(chance.next() * sides);
  for (let round = 0; round < 60; round++) {
    const stage = serving(3, 'a', 'b');
    const said = new Map<string, number>();
    const given = new Map<string, number>();
    const note = (lines: string[]): void => {
      for (const text of lines) {
        const [broker, word, lease] = text.split(' ');
        if (word === 'FINAL' || word === 'ERROR' || word === 'RELEASE') {
          said.set(`${broker} ${lease}`, (said.get(`${broker} ${lease}`) ?? 0) + 1);
        }
      }
    };
    let lease = 0;
    for (let step = 0; step < 300; step++) {
      const broker = dice(2) === 0 ? 'a' : 'b';
      const request = 1 + dice(8);
      const ids = [...stage.runs.keys()];
      const id = ids[dice(ids.length)];
      const kind = dice(11);
      const ref = kind < 3 ? ++lease : 1 + dice(lease + 1);
      if (kind < 3) given.set(`${broker} ${ref}`, step);
      if (kind === 0) note(stage.from(broker, dispatch(ref, request, { timeLeftMs: 1 + dice(200) })));
      else if (kind === 1) note(stage.from(broker, watch(ref, request, 1 + dice(3))));
      else if (kind === 2) note(stage.from(broker, attach(ref, request, { window: dice(3), received: dice(4) })));
      else if (kind === 3) note(stage.from(broker, cancel(ref, CANCEL_REASONS[dice(6)])));
      else if (kind === 4) note(stage.from(broker, openTo(ref, dice(5), dice(9), dice(2) === 0)));
      else if (kind === 5) note(stage.from(broker, taken(dice(20))));
      else if (kind === 6 && dice(4) === 0) note([...stage.lose(broker), ...stage.back(broker)]);
      else if (kind === 7) note(stage.wait(dice(60)));
      else if (id !== undefined) {
        const flow = stage.run(id).flow;
        if (kind === 8 && flow?.isOpen === true) note(stage.yields(id, 'y'));
        else if (kind === 9) note(stage.value(id));
        else note(stage.fail(id, { retry: dice(3) === 0 }));
      }
    }
    expect([...said].filter(([lease, times]) => given.has(lease) && times > 1)).toEqual([]);
    const last = [...stage.drain(10), ...stage.wait(100_000)];
    expect(last.filter((text) => text.startsWith('left'))).toHaveLength(1);
  }
});

it('the text of a request id is the same here as everywhere', () => {
  expect(requestIdText(7, 5)).toBe('00000000000007-5');
});
