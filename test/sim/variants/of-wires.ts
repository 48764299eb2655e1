// Faults that show on the wire: what a process says or hears is not what it should.

import { Kind, type WireRecord } from '@majordomo/protocol';
import type { Passing } from '../tapped-port.js';
import type { Variant } from './variant.js';

type Change = (record: WireRecord, passing: Passing) => WireRecord | undefined;

/** Changes the records of one way of one kind of process: `b`, `w` or `c`. An undefined record is dropped. */
function changed(who: string, way: Passing['way'], change: Change): NonNullable<Variant['alter']> {
  return (passing, records) => {
    if (!passing.process.startsWith(who) || passing.way !== way) return records;
    const all = records.map((record) => change(record, passing));
    const isSame = all.every((record, i) => record === records[i]);
    return isSame ? records : all.filter((record) => record !== undefined);
  };
}

/** Far from every number that a client gives by itself. */
const RENUMBERED = 1_000_000;

export const WIRE_VARIANTS: readonly Variant[] = [
  {
    name: 'credit counted twice',
    breaks: 'the broker takes a credit of n for one of 2 n',
    rule: /^D4/,
    alter: changed('b', 'in', (record) =>
      record.kind === Kind.credit ? { ...record, limit: record.limit * 2 } : record,
    ),
  },
  {
    name: 'at most once not heard',
    breaks: 'the broker does not know that a method may run only once',
    rule: /^H4/,
    alter: changed('b', 'in', (record) =>
      record.kind === Kind.offer
        ? { ...record, methods: record.methods.map((method) => ({ ...method, atMostOnce: false })) }
        : record,
    ),
  },
  {
    name: 'resend under a new number',
    breaks: 'a client that asks again does so as if it had not asked before',
    rule: /^(H3|H4)/,
    alter: (passing, records) => {
      if (!passing.process.startsWith('c')) return records;
      return records.map((record) => {
        if (passing.way === 'out' && record.kind === Kind.request && record.ageMs > 0)
          return { ...record, ref: record.ref + RENUMBERED, ageMs: 0 };
        const isAnswer = record.kind === Kind.final || record.kind === Kind.error || record.kind === Kind.partial;
        return isAnswer && record.ref > RENUMBERED ? { ...record, ref: record.ref - RENUMBERED } : record;
      });
    },
  },
  {
    name: 'resend without its age',
    breaks: 'a client does not say that it has asked before',
    rule: /^H4/,
    alter: changed('c', 'out', (record) => (record.kind === Kind.request ? { ...record, ageMs: 0 } : record)),
  },
  {
    name: 'idempotency key not looked at',
    breaks: 'the broker does not look at idempotency keys',
    rule: /^H4/,
    alter: changed('b', 'in', (record) =>
      record.kind === Kind.request || record.kind === Kind.submit ? { ...record, key: '' } : record,
    ),
  },
  {
    name: 'given back as never started',
    breaks: 'a worker that leaves gives back what is at work as if it had not been started',
    rule: /^(H3|H4)/,
    alter: changed('w', 'out', (record) => (record.kind === Kind.release ? { ...record, ran: 'no' } : record)),
  },
  {
    name: 'lost is said to be not run',
    breaks: 'errors of the broker say "ran: no" of what was handed out',
    rule: /^H3/,
    alter: changed('b', 'out', (record) => (record.kind === Kind.error ? { ...record, ran: 'no' } : record)),
  },
  {
    name: 'settled mark one too high',
    breaks: 'a client says that it has the outcome of a request that it is about to ask for',
    rule: /^(S2|H5)/,
    alter: changed('c', 'out', (record) =>
      record.kind === Kind.settled ? { ...record, below: record.below + 2 } : record,
    ),
  },
  {
    name: 'deadline not kept',
    breaks: 'the broker hands out what nobody waits for any more',
    rule: /^(H5|S2)/,
    alter: changed('b', 'in', (record) => (record.kind === Kind.request ? { ...record, timeLeftMs: 60_000 } : record)),
  },
  {
    name: 'deadline shortened on the way',
    breaks: 'the broker takes off half of what time is left',
    rule: /^H5/,
    alter: changed('b', 'in', (record) =>
      record.kind === Kind.request ? { ...record, timeLeftMs: Math.ceil(record.timeLeftMs / 2) } : record,
    ),
  },
];
