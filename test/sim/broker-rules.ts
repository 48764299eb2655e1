// What must hold in a broker's memory after each of its steps, beside what test/spec/invariants.ts looks up.
//
// Q1. Queues are in their order: by priority, then by arrival.
// D3. A request settles once, by a success, or by an error of its current attempt.
// D6. What waits is bounded by the options, whatever the machine believes them to be.
// AB1. NO_SUCH_SERVICE and NO_SUCH_METHOD are said only of what no worker has offered lately: here all workers offer the same.
// AB2. Nobody is told that a service is not awaited any more before its time.
// K1. A run that goes on although all its callers have given up has its idempotency key, as long as the outcome is kept.
// L2. A link that is lost is given up at once.
// L3. No link is given up for its silence when something has arrived on it that was not read.
// M2. The machine is woken in time.
// L1. Under one ordering key only the first is handed out, and those after it wait.

import { decodeEntry, type Broker, type BrokerOptions } from '@majordomo/broker';
import { Kind, type ErrorReply, type Final } from '@majordomo/protocol';

/** As late as a timer may be, in ms. */
const LATE_MS = 100;

type Memory = Broker['memory'];
type Request = NonNullable<ReturnType<Memory['journal']['session']['requests']['get']>>;

/** The broker whose memory it is. */
export interface Watched {
  readonly machine: Broker | undefined;
  /** Its process was stopped until this moment. */
  readonly wasStopped: boolean;
  /** What it was told to be. */
  readonly options: Readonly<BrokerOptions>;
  /** What its journal holds, read or not. */
  readonly disk: { readonly durable: ReadonlyMap<number, Uint8Array> };
}

export class BrokerRules {
  /** Tickets that were settled in some start. */
  readonly over = new Set<number>();
  readonly #broker: Watched;
  /** When a worker was last seen to offer something at this start. */
  #offeredAt = -Infinity;

  constructor(broker: Watched) {
    this.#broker = broker;
  }

  /** @throws an Error that names the broken rule. */
  check({ memory }: Broker): void {
    checkQueues(memory);
    for (const request of memory.journal.session.requests.values()) {
      if (request.isSettled) this.over.add(request.ref);
    }
    this.#checkBounds(memory);
    checkKeys(memory);
  }

  /** A new start knows nothing of what was offered before. */
  begin(): void {
    this.#offeredAt = -Infinity;
  }

  /** AB1, AB2: what is said beyond the first so many records. @throws an Error that names the broken rule. */
  checkAbsence({ memory, output }: Broker, said: number, now: number): void {
    const { serviceKeepMs, serviceAwaitMaxMs } = this.#broker.options;
    const awayMs = now - this.#offeredAt;
    for (const record of output.records.slice(said)) {
      if (record.kind !== Kind.error) continue;
      const { code, retryAfterMs } = record;
      const isUnknown = code === 'NO_SUCH_SERVICE' || code === 'NO_SUCH_METHOD';
      if (isUnknown && awayMs < serviceKeepMs) throw new Error(`AB1: ${code} of what was offered ${awayMs} ms ago`);
      if (code === 'SERVICE_UNAVAILABLE' && retryAfterMs > 0 && awayMs < serviceAwaitMaxMs)
        throw new Error(`AB2: ${code} of what was offered ${awayMs} ms ago`);
    }
    for (const { offers } of memory.services.values()) if (offers.size > 0) this.#offeredAt = now;
  }

  /** M2: the machine is called when it asked to be, unless its process was stopped. */
  checkTime({ memory }: Broker, now: number): void {
    // What is found in the journal may have been due before the start.
    const lateMs = now - Math.max(memory.timers.wakeAt(), memory.startedAt);
    if (lateMs > LATE_MS && !this.#broker.wasStopped) throw new Error(`M2: the machine is woken ${lateMs} ms late`);
  }

  #checkBounds({ journal, services }: Memory): void {
    const settings = this.#broker.options;
    if (journal.count > settings.storedCountMax) throw new Error(`D6: ${journal.count} requests in the journal`);
    for (const { name, queued } of services.values()) {
      // What was handed out before has its place; what is in the journal has it there.
      if (queued > settings.queueLengthMax + settings.requestsPerSessionMax * 3 + journal.count) {
        throw new Error(`D6: ${queued} requests wait for ${name}`);
      }
    }
  }

  /** A durable request begins to run for the first time: what was accepted before it under its key must be over. */
  checkTurn(ticket: number): string | undefined {
    const { machine } = this.#broker;
    if (machine === undefined) return undefined;
    const { requests } = machine.memory.journal.session;
    const key = requests.get(ticket)?.durable?.orderingKey ?? '';
    if (key === '') return undefined;
    const read = requests.values().map(({ ref, durable }) => ({ ref, orderingKey: durable?.orderingKey }));
    for (const other of [...read, ...this.#unread()]) {
      if (other.ref < ticket && other.orderingKey === key && !this.over.has(other.ref)) {
        return `ticket ${ticket} runs before ticket ${other.ref} of the same key is over`;
      }
    }
    return undefined;
  }

  /** What the disk has and the machine does not know yet. */
  #unread(): { ref: number; orderingKey: string }[] {
    const { machine, disk } = this.#broker;
    if (machine?.memory.journal.state !== 'loading') return [];
    return [...disk.durable].flatMap(([ref, bytes]) => {
      const entry = decodeEntry(bytes);
      const isUnread = !machine.memory.journal.session.requests.has(ref);
      return !('damage' in entry) && entry.state === 'queued' && isUnread
        ? [{ ref, orderingKey: entry.orderingKey }]
        : [];
    });
  }
}

/** L2. @throws an Error when a link is remembered that is gone. */
export function checkLost({ memory }: Broker, input: Parameters<Broker['handle']>[0]): void {
  if (input.kind === 'link-lost' && memory.links.has(input.link))
    throw new Error(`L2: link ${input.link} is lost and not given up`);
}

/** L3. @param links those that were there before the timers were judged. @throws an Error when one of them was given up too early. */
export function checkSilence(
  { memory }: Broker,
  links: readonly number[],
  port: { hasUnread(link: number): boolean },
): void {
  for (const link of links) {
    if (!memory.links.has(link) && port.hasUnread(link))
      throw new Error(`L3: link ${link} was given up for its silence, and it has spoken`);
  }
}

/** A worker's last word on a lease, as the broker stands before it is heard. */
export interface LastWord {
  readonly record: Final | ErrorReply;
  readonly request: Request;
  readonly isCurrent: boolean;
  readonly reply: Request['reply'];
  /** Writes of this turn that were there already. */
  readonly writes: number;
}

export function lastWords({ memory, output }: Broker, input: Parameters<Broker['handle']>[0]): LastWord[] {
  if (input.kind !== 'records') return [];
  const session = memory.links.get(input.link)?.session;
  if (session === undefined) return [];
  return input.records.flatMap((record) => {
    if (record.kind !== Kind.final && record.kind !== Kind.error) return [];
    const lease = session.leases.get(record.ref);
    if (lease === undefined) return [];
    const { request } = lease;
    const { reply } = request;
    return [{ record, request, isCurrent: request.lease === lease, reply, writes: output.writes.length }];
  });
}

/** D3. @throws an Error when a word did what it may not do. */
export function checkSettled(words: readonly LastWord[], { output }: Broker): void {
  for (const { record, request, isCurrent, reply, writes } of words) {
    const isNews =
      request.durable === undefined
        ? tookIts(request, record, reply)
        : wroteIts(output.writes.slice(writes), request, record);
    if (!isNews) continue;
    if (reply !== undefined) throw new Error(`D3: request ${request.ref} was settled a second time`);
    if (record.kind === Kind.error && !isCurrent) {
      throw new Error(`D3: request ${request.ref} was settled by an error of an older attempt`);
    }
  }
}

function tookIts(request: Request, record: Final | ErrorReply, before: Request['reply']): boolean {
  return request.reply !== before && request.reply?.body === record.body;
}

/** The reply of a durable request is on disk, or on its way there in this turn. */
function wroteIts(writes: Broker['output']['writes'], { ref }: Request, record: Final | ErrorReply): boolean {
  const write = writes.findLast(({ key, value, isDamaged }) => key === ref && value !== undefined && !isDamaged);
  const entry = write?.value === undefined ? undefined : decodeEntry(write.value);
  if (entry === undefined || 'damage' in entry || entry.state !== 'settled') return false;
  return entry.reply.kind === record.kind && Buffer.compare(entry.reply.body, record.body) === 0;
}

/** K1. */
function checkKeys({ sessions, keyed }: Memory): void {
  const holders = new Set(keyed.values());
  for (const session of sessions.values()) {
    for (const { awaitedBy } of session.leases.values()) {
      if (awaitedBy !== undefined && !holders.has(awaitedBy))
        throw new Error(`K1: the run that request ${awaitedBy.ref} has under its key has lost the key`);
    }
  }
}

function checkQueues({ services }: Memory): void {
  for (const service of services.values()) {
    for (const method of service.methods.values()) {
      let last = -Infinity;
      for (const request of method.queue) {
        if (request.order < last) throw new Error(`Q1: request ${request.ref} has overtaken another one`);
        last = request.order;
      }
    }
  }
}
