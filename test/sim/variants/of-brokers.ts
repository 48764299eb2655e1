// Faults of the broker's own books: leases, sessions, queues, and what is remembered of what was settled.

import type { Broker } from '@majordomo/broker';
import { Kind, List, type LinkInput, type Listed } from '@majordomo/protocol';
import type { Variant } from './variant.js';

type Input = Parameters<Broker['handle']>[0];
type Memory = Broker['memory'];
type Session = Memory['journal']['session'];

/** Does something to the memory before an input is handled, or after it. */
function meddle(
  machine: Broker,
  before: (input: Input, memory: Memory) => void,
  after: (memory: Memory) => void = () => {},
): void {
  const handle = machine.handle.bind(machine);
  machine.handle = (input, now) => {
    before(input, machine.memory);
    handle(input, now);
    after(machine.memory);
  };
}

/** Who speaks, when it is a peer that does. */
function speaker(input: Input, memory: Memory): Session | undefined {
  return input.kind === 'records' ? memory.links.get(input.link)?.session : undefined;
}

function wordsOf(input: Input): (LinkInput & { kind: 'records' })['records'] {
  return input.kind === 'records' ? input.records : [];
}

/** The machine lives in a time of its own. */
function inTime(machine: Broker, timeOf: (now: number) => number): void {
  const handle = machine.handle.bind(machine);
  machine.handle = (input, now) => handle(input, timeOf(now));
}

/** Lists put members elsewhere than where they belong. @returns what undoes it. */
function insertedBy(put: (list: List<Listed>, member: Listed) => void): () => void {
  const right = Object.getOwnPropertyDescriptor(List.prototype, 'insert') as PropertyDescriptor;
  const wrong = function (this: List<Listed>, member: Listed): void {
    put(this, member);
  };
  Object.defineProperty(List.prototype, 'insert', { ...right, value: wrong });
  return () => Object.defineProperty(List.prototype, 'insert', right);
}

export const BROKER_VARIANTS: readonly Variant[] = [
  {
    name: 'dedupe window shorter than the retry horizon',
    breaks: 'the broker forgets outcomes while clients still ask for them',
    rule: /^H5/,
    settings: { dedupeWindowMs: 1_100 },
    alter: (passing, records) =>
      passing.process.startsWith('b') && passing.way === 'out'
        ? records.map((record) => (record.kind === Kind.welcome ? { ...record, dedupeWindowMs: 30_000 } : record))
        : records,
  },
  {
    name: 'leases known by number alone',
    breaks: 'a reply is taken for the lease of that number, whichever worker holds it (D8)',
    rule: /^(H1|H2|D4)/,
    machine: (machine) =>
      meddle(machine, (input, memory) => {
        const own = speaker(input, memory);
        if (own === undefined) return;
        for (const record of wordsOf(input)) {
          if (record.kind !== Kind.final) continue;
          for (const session of memory.sessions.values()) {
            const lease = session.leases.get(record.ref);
            if (lease === undefined) continue;
            own.leases.set(record.ref, lease);
            break;
          }
        }
      }),
  },
  {
    name: 'stale error accepted',
    breaks: 'an error of an older attempt settles the request',
    rule: /^D3/,
    machine: (machine) =>
      meddle(machine, (input, memory) => {
        const own = speaker(input, memory);
        for (const record of wordsOf(input)) {
          const lease = record.kind === Kind.error ? own?.leases.get(record.ref) : undefined;
          if (lease === undefined || lease.request.isSettled) continue;
          lease.revoked = false;
          lease.request.lease = lease;
        }
      }),
  },
  {
    name: 'late success replaces the outcome',
    breaks: 'the success of an older attempt takes the place of an outcome that was told',
    rule: /^(D3|H6)/,
    machine: (machine) =>
      meddle(machine, (input, memory) => {
        const own = speaker(input, memory);
        for (const record of wordsOf(input)) {
          const request = record.kind === Kind.final ? own?.leases.get(record.ref)?.request : undefined;
          if (request?.isSettled === true && record.kind === Kind.final)
            request.reply = { ...record, ref: request.ref };
        }
      }),
  },
  {
    name: 'leases on the wall clock',
    breaks: 'time goes by the calendar, and the calendar is set',
    rule: /^(H5|S2|bug)/,
    machine: (machine, world) => inTime(machine, (now) => now + (world.clock.now() % 4_000 < 2_000 ? 0 : 3_000)),
  },
  {
    name: 'session loss does not release leases',
    breaks: 'what a lost worker held is held for ever',
    rule: /^(D2|S2)/,
    machine: (machine) =>
      meddle(machine, (input, memory) => {
        const link = input.kind === 'link-lost' ? memory.links.get(input.link) : undefined;
        for (const lease of link?.session?.leases.values() ?? []) lease.orphaned = true;
        for (const lease of link?.session?.leases.values() ?? []) lease.request.lease = undefined;
      }),
  },
  {
    name: 'lost links not noticed',
    breaks: 'the broker is not told when a link is gone',
    rule: /^L2/,
    machine: (machine) => {
      const handle = machine.handle.bind(machine);
      machine.handle = (input, now) => (input.kind === 'link-lost' ? undefined : handle(input, now));
    },
  },
  {
    name: 'a service is forgotten with its last worker',
    breaks: 'calls for a service that is away are told that there is no such service',
    rule: /^AB1/,
    settings: { serviceKeepMs: 0 },
  },
  {
    name: 'a service is not waited for',
    breaks: 'calls end as soon as the last worker of their service has left',
    rule: /^AB2/,
    settings: { serviceAwaitMaxMs: 0 },
  },
  {
    name: 'a service that is back counts as away',
    breaks: 'calls are refused although there is a worker again',
    rule: /^D6/,
    machine: (machine) =>
      meddle(
        machine,
        () => {},
        (memory) => {
          for (const { methods } of memory.services.values())
            for (const method of methods.values()) method.awaySince ??= 1;
        },
      ),
  },
  {
    name: 'requeue at the tail',
    breaks: 'what comes back from a lost worker goes behind everything that waits',
    rule: /^Q1/,
    patch: () => insertedBy((list, member) => list.pushBack(member)),
  },
  {
    name: 'requeue at the head',
    breaks: 'what comes back from a lost worker goes before everything that waits',
    rule: /^Q1/,
    patch: () => insertedBy((list, member) => list.pushFront(member)),
  },
  {
    name: 'two of a lane at once',
    breaks: 'the second under an ordering key does not wait for the first',
    rule: /^H7/,
    machine: (machine) =>
      meddle(machine, (_, { journal }) => {
        for (const lane of journal.lanes.values()) {
          const next = lane.waiting.shift();
          if (next !== undefined) journal.turns.push(next);
        }
      }),
  },
  {
    name: 'new work before unread work of its key',
    breaks: 'what is accepted while the journal is read does not wait for unread requests',
    rule: /^H7/,
    machine: (machine) =>
      meddle(machine, (_, { journal }) => {
        journal.turns.push(...journal.behindUnread.splice(0));
      }),
  },
  {
    name: 'resends taken for new before all is read',
    breaks: 'what may be among the unread entries is accepted as if it had never been sent',
    rule: /^(H4|H6)/,
    machine: (machine) => {
      const handle = machine.handle.bind(machine);
      machine.handle = (input, now) => {
        if (input.kind !== 'records' || machine.memory.journal.state !== 'loading') return handle(input, now);
        const records = input.records.map((record) =>
          record.kind === Kind.submit ? { ...record, ageMs: 0, key: '' } : record,
        );
        return handle({ ...input, records }, now);
      };
    },
  },
  {
    name: 'unread tickets taken for unknown ones',
    breaks: 'a ticket whose entry is not read yet is answered as if there were none',
    rule: /^(H5|H6|D1)/,
    machine: (machine) =>
      meddle(machine, (_, { journal }) => {
        journal.lastUnread = 0;
      }),
  },
  {
    name: 'broken streams begun again',
    breaks: 'a stream of which values were seen is handed to another worker',
    rule: /^(H2|H5)/,
    machine: (machine) =>
      meddle(machine, (_, memory) => {
        for (const session of memory.sessions.values()) {
          for (const request of session.requests.values()) request.forwarded = 0;
        }
      }),
  },
  {
    name: 'a lost link ends calls at once',
    breaks: 'a client that comes back a moment later finds its calls given up',
    rule: /^H5/,
    settings: { clientAwayMaxMs: 1 },
  },
  {
    name: 'requests known by number alone',
    breaks: 'a resend is taken for the request of that number of another client',
    rule: /^(H2|H5|D2)/,
    machine: (machine) =>
      meddle(machine, (input, memory) => {
        const own = speaker(input, memory);
        for (const record of wordsOf(input)) {
          if (record.kind !== Kind.request || record.ageMs === 0) continue;
          for (const session of memory.sessions.values()) {
            const request = session.requests.get(record.ref);
            if (request !== undefined && session !== own) own?.requests.set(record.ref, request);
          }
        }
      }),
  },
  {
    name: 'idempotency keys forgotten at once',
    breaks: 'a key is forgotten with the turn in which it came',
    rule: /^(H4|K1)/,
    machine: (machine) =>
      meddle(
        machine,
        () => {},
        (memory) => memory.keyed.clear(),
      ),
  },
  {
    name: 'timers come late',
    breaks: 'the machine is woken long after it asked to be',
    rule: /^M2/,
    machine: (machine) => {
      const wakeAt = machine.wakeAt.bind(machine);
      machine.wakeAt = () => wakeAt() + 20_000;
    },
  },
  {
    name: 'timers judged before input',
    breaks: 'a process judges deadlines and silences before it reads what has arrived',
    rule: /^L3/,
    judgesFirst: true,
  },
  {
    name: 'runs forgotten with their callers',
    breaks: 'a key is free when all its callers have given up, although its run goes on',
    rule: /^K1/,
    machine: (machine) =>
      meddle(
        machine,
        () => {},
        (memory) => {
          for (const [key, request] of memory.keyed) if (request.run !== undefined) memory.keyed.delete(key);
        },
      ),
  },
  {
    name: 'journal without a bound',
    breaks: 'any number of requests may be handed over',
    rule: /^D6/,
    settings: { storedCountMax: 1_000_000 },
  },
];
