// Records that make sense, from a small world: few instances, numbers, names and leases, so that they meet each other.

import {
  CANCEL_REASONS,
  DRAIN,
  ERRORS,
  HEARTBEAT,
  Kind,
  NO_BYTES,
  encodeErrorBody,
  type Bytes,
  type ErrorCode,
  type WireRecord,
} from '@majordomo/protocol';
import type { Dice } from './dice.js';

const SERVICES = ['echo', 'orders', 'majordomo', 'nobody', 'shop.v2'];
const METHODS = ['say', 'create', 'watch', 'info', 'missing'];
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** Mostly a number that somebody else uses as well, now and then one at a bound. */
function small(dice: Dice, count: number): number {
  return dice.oneIn(40) ? dice.of([0, 0xffff, Number.MAX_SAFE_INTEGER]) : 1 + dice.below(count);
}
const wide = (dice: Dice, count: number): number =>
  dice.oneIn(30) ? dice.of([0, 0xffff_ffff, 0x7fff_ffff]) : dice.below(count);
const timeMs = (dice: Dice): number => (dice.oneIn(30) ? dice.of([0, 1, 2_147_483_647]) : 1 + dice.below(3_000));
const storedTimeMs = (dice: Dice): number => (dice.oneIn(30) ? 315_360_000_000 : timeMs(dice));

function body(dice: Dice): Bytes {
  if (dice.oneIn(3)) return NO_BYTES;
  return dice.oneIn(50) ? Buffer.alloc(8_193, dice.below(256)) : Buffer.from([0xa1, 0x61 + dice.below(3)]);
}
const headers = (dice: Dice): Bytes => (dice.oneIn(4) ? Buffer.from([0x80]) : NO_BYTES);

/** What each side says, by kind; a broker's own words are there too, because a broken peer may say them. */
const RECORDS: readonly ((dice: Dice) => WireRecord)[] = [
  hello,
  hello,
  () => HEARTBEAT,
  () => DRAIN,
  (dice) => ({
    kind: Kind.goodbye,
    code: dice.oneIn(2) ? undefined : dice.of(CODES),
    reason: dice.oneIn(2) ? '' : 'why',
  }),
  name,
  name,
  name,
  request,
  request,
  request,
  request,
  (dice) => ({ kind: Kind.cancel, ref: small(dice, 12), reason: dice.of(CANCEL_REASONS) }),
  (dice) => ({
    kind: Kind.window,
    ref: small(dice, 12),
    received: wide(dice, 6),
    allowed: wide(dice, 20),
    rewind: dice.oneIn(3),
  }),
  (dice) => ({ kind: Kind.settled, below: small(dice, 14) }),
  (dice) => ({
    kind: Kind.partial,
    ref: small(dice, 8),
    index: wide(dice, 6),
    isFrameList: dice.oneIn(4),
    body: body(dice),
  }),
  (dice) => ({ kind: Kind.progress, ref: small(dice, 8), body: body(dice) }),
  submit,
  final,
  final,
  error,
  error,
  offer,
  offer,
  (dice) => ({ kind: Kind.credit, service: dice.below(4), limit: wide(dice, 5) }),
  (dice) => ({ kind: Kind.credit, service: dice.below(4), limit: wide(dice, 5) }),
  (dice) => ({
    kind: Kind.holds,
    instance: small(dice, 6),
    ref: small(dice, 12),
    attempt: dice.oneIn(20) ? dice.of([0, 65_535]) : 1 + dice.below(3),
    service: dice.below(4),
    finished: dice.oneIn(3),
  }),
  (dice) => ({ kind: Kind.release, ref: small(dice, 8), ran: dice.of(['no', 'yes', 'unknown'] as const) }),
  (dice) => ({ kind: Kind.accepted, ref: small(dice, 12), stored: 'memory', journal: 0, ticket: 0 }),
  (dice) => ({ kind: Kind.taken, count: wide(dice, 9) }),
];

function hello(dice: Dice): WireRecord {
  return {
    kind: Kind.hello,
    versionMin: dice.oneIn(40) ? 2 : 1,
    versionMax: 1 + dice.below(3),
    roles: dice.oneIn(8) ? dice.below(256) : dice.of([1, 2, 3]),
    instance: small(dice, 6),
    heartbeatMs: timeMs(dice),
    silenceMaxMs: timeMs(dice),
    messageBytesMax: wide(dice, 100_000),
    identity: dice.oneIn(60) ? '' : 'peer',
    software: '',
  };
}

function name(dice: Dice): WireRecord {
  const service = dice.oneIn(60) ? '.' : dice.of(SERVICES);
  return { kind: Kind.name, number: dice.below(4), service, method: dice.oneIn(60) ? '' : dice.of(METHODS) };
}

function request(dice: Dice): WireRecord {
  return {
    kind: Kind.request,
    ref: small(dice, 12),
    name: dice.below(4),
    timeLeftMs: timeMs(dice),
    ageMs: dice.oneIn(3) ? timeMs(dice) : 0,
    window: dice.oneIn(3) ? wide(dice, 8) : 0,
    received: dice.oneIn(4) ? wide(dice, 5) : 0,
    waitForService: dice.oneIn(4),
    otherBrokers: dice.of(['none', 'unasked', 'asked']),
    confirm: dice.oneIn(4),
    key: dice.oneIn(5) ? dice.of(['k1', 'k2']) : '',
    headers: headers(dice),
    body: body(dice),
  };
}

function submit(dice: Dice): WireRecord {
  return {
    kind: Kind.submit,
    ref: small(dice, 12),
    name: dice.below(4),
    ageMs: dice.oneIn(3) ? timeMs(dice) : 0,
    expiresMs: dice.oneIn(3) ? storedTimeMs(dice) : 0,
    delayMs: dice.oneIn(3) ? storedTimeMs(dice) : 0,
    priority: dice.below(10),
    orderingKey: dice.oneIn(2) ? dice.of(['o1', 'o2']) : '',
    key: dice.oneIn(5) ? dice.of(['k1', 'k2']) : '',
    headers: headers(dice),
    body: body(dice),
  };
}

function final(dice: Dice): WireRecord {
  const end = dice.oneIn(4);
  return {
    kind: Kind.final,
    ref: small(dice, 8),
    end,
    count: end ? wide(dice, 6) : 0,
    headers: headers(dice),
    body: end ? NO_BYTES : body(dice),
  };
}

function error(dice: Dice): WireRecord {
  return {
    kind: Kind.error,
    ref: small(dice, 8),
    code: dice.of(CODES),
    ran: dice.of(['no', 'yes', 'unknown'] as const),
    stage: 'running',
    retryAfterMs: timeMs(dice),
    retry: dice.oneIn(3),
    body: dice.oneIn(2) ? NO_BYTES : encodeErrorBody({ message: 'broken' }),
  };
}

function offer(dice: Dice): WireRecord {
  const count = dice.oneIn(30) ? 0 : 1 + dice.below(3);
  return {
    kind: Kind.offer,
    service: dice.below(4),
    credit: wide(dice, 5),
    name: dice.of(SERVICES),
    methods: Array.from({ length: count }, (_, i) => ({
      name: dice.oneIn(50) ? 'a b' : (METHODS[(i + dice.below(2)) % METHODS.length] as string),
      atMostOnce: dice.oneIn(5),
      streams: dice.oneIn(3),
      executionTimeoutMs: dice.oneIn(3) ? 1 + dice.below(500) : 0,
      maxAttempts: dice.oneIn(3) ? 1 + dice.below(3) : 0,
    })),
  };
}

export function anyRecord(dice: Dice): WireRecord {
  return dice.of(RECORDS)(dice);
}

/** A HELLO that is accepted. */
export function goodHello(instance: number, roles: number): WireRecord {
  return {
    kind: Kind.hello,
    versionMin: 1,
    versionMax: 1,
    roles,
    instance,
    heartbeatMs: 1_000,
    silenceMaxMs: 15_000,
    messageBytesMax: 1 << 24,
    identity: 'peer',
    software: '',
  };
}
