// What a broker remembers: links, sessions, services, offers, requests, leases, and how they hang together.
//
// S1. Every request is in exactly one of queued, assigned, done, dead (D2); NEXT says which way it may go.
// S2. A lease belongs to one session and one attempt. It counts against the worker until the worker says its last word on it
//     or is lost, also after it was revoked (D4).

import {
  List,
  NO_BYTES,
  NumberMap,
  Timer,
  digestOf,
  type Bytes,
  type ErrorReply,
  type Final,
  type LinkId,
  type Listed,
  type Liveness,
  type Milliseconds,
  type OfferedMethod,
  type OtherBrokers,
} from '@majordomo/protocol';
import type { Attempt } from './attempt.js';
import { keepable } from './keepable.js';

export { keepable } from './keepable.js';

/**
 * Where the body and headers of a durable request are; once it is settled, its reply. `reading`: they were asked of the store. `stale`: so
 * they were, but it has been settled since, and what comes is of no use any more.
 */
export type Place = 'memory' | 'disk' | 'reading' | 'stale';

/** What a durable request has beside the others. */
export interface Durable {
  /** Who handed it over, and under which number; 0 for nobody. */
  readonly submitter: number;
  readonly ref: number;
  readonly orderingKey: string;
  readonly priority: number;
  /** In the machine's time; 0 for at once. */
  readonly notBefore: Milliseconds;
  /** Bytes it counts for on disk. */
  bytes: number;
  place: Place;
  /** Somebody may have been given it before: if it may run only once, nobody else is. */
  isDoubtful: boolean;
  /** Somebody has its outcome: it is kept for a moment only. */
  isCollected: boolean;
  lane: Lane | undefined;
}

/** The requests under one ordering key: the one that is under way, and those that wait for it. */
export interface Lane {
  readonly name: string;
  current: Request | undefined;
  readonly waiting: List<Request>;
}

const NEXT = {
  queued: ['assigned', 'done', 'dead'],
  assigned: ['queued', 'done', 'dead'],
  done: [],
  dead: [],
} as const;
export type RequestState = keyof typeof NEXT;

/** One connection, from its first message until it is lost or barred. */
export class Link {
  session: Session | undefined;
  /** What the client numbered, by number. */
  readonly names: (NamedAddress | undefined)[] = [];
  /** Replies taken from the worker on this link, and how many of them it has been told. */
  taken = 0;
  takenSaid = 0;
  readonly timer: Timer;

  constructor(
    readonly id: LinkId,
    readonly liveness: Liveness,
  ) {
    this.timer = new Timer(this, 'link');
  }
}

/** An address as a client numbered it, with the method found for it the last time. */
export interface NamedAddress {
  readonly service: string;
  readonly method: string;
  found: Method | undefined;
}

/** One run of a peer's process. */
export class Session {
  link: Link | undefined;
  /** What it asked and what is not forgotten yet, by request number. */
  readonly requests = new NumberMap<Request>();
  /** Of those, how many are not settled. */
  unsettled = 0;
  /** The client has the outcome of everything below. */
  settledBelow = 0;
  /** The highest request number whose outcome was forgotten although the client may not have it. */
  forgottenUpTo = -1;
  /** Bytes of its outcomes that are kept. */
  outcomeBytes = 0;
  /** What was settled since then its client may not have read, until then (unread.ts). */
  unreadSince: Milliseconds = 0;
  unreadUntil: Milliseconds = -Infinity;
  readonly offers = new Map<number, Offer>();
  readonly leases = new NumberMap<Lease>();
  lastLease = 0;
  /** The largest body that its peer takes, as HELLO said. */
  bodyBytesMax = Infinity;
  readonly holdings = new Set<Holding>();
  draining = false;
  /** A request that must run alone is on its way to, or at, this worker. */
  reservedFor: Request | undefined;
  readonly timer: Timer;

  constructor(
    readonly instance: number,
    readonly identity: string,
    readonly roles: number,
    readonly software: string,
    readonly since: Milliseconds,
  ) {
    this.timer = new Timer(this, 'session');
  }
}

/** A name that somebody serves, served, or waits for. */
export class Service {
  readonly methods = new Map<string, Method>();
  readonly offers = new Set<Offer>();
  /** Offers that can take one more, by how many they hold: the first list that is not empty has the least loaded, its first has been idle longest. */
  readonly ready: List<Offer>[] = [];
  /** No list of `ready` below this one has a member. */
  lowest = 0;
  /** Requests and bytes waiting in all methods. */
  queued = 0;
  queuedBytes = 0;
  /** Requests that must run alone, in their order. */
  readonly isolated = new List<Request>();
  readonly timer: Timer;

  constructor(readonly name: string) {
    this.timer = new Timer(this, 'service');
  }
}

export class Method implements Listed {
  list: List<never> | undefined = undefined;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;
  readonly queue = new List<Request>();
  /** Durable requests of the queue whose bodies are in memory or on their way there, their bytes, and those whose bodies are on disk only. */
  ahead = 0;
  aheadBytes = 0;
  onDisk = 0;
  /** So many requests may leave the queue before it is worth while to look for bodies to be read. */
  leavesUntilLook = 0;
  /** How many workers offer it now. */
  offers = 0;
  /** When the last worker that offered it left; undefined while one offers it, and when that is too long ago to be remembered (away.ts). */
  awaySince: Milliseconds | undefined = undefined;
  /** Removed from its service: whoever cached it looks again. */
  gone = false;

  constructor(
    readonly service: Service,
    readonly name: string,
  ) {}
}

/** One worker's offer to serve one service. */
export class Offer implements Listed {
  list: List<never> | undefined = undefined;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;
  /** Leases it holds, revoked ones included (S2). */
  held = 0;
  /** The worker's own number for each method, and what it said about it. */
  readonly numbers = new Map<Method, number>();
  readonly methods: readonly Method[];

  constructor(
    readonly session: Session,
    readonly service: Service,
    readonly number: number,
    /** Leases it may hold. */
    public limit: number,
    readonly terms: readonly OfferedMethod[],
    methods: readonly Method[],
  ) {
    this.methods = methods;
    methods.forEach((method, index) => this.numbers.set(method, index));
  }
}

/** Who asks, and under which number. */
export interface Asker {
  readonly session: Session;
  readonly ref: number;
}

/** What a worker said it holds and nobody has asked for yet. */
export interface Holding {
  readonly session: Session;
  readonly instance: number;
  readonly ref: number;
  readonly attempt: number;
  readonly service: number;
  readonly finished: boolean;
}

/** What a request is made of when it comes in. */
export interface RequestInit {
  readonly session: Session;
  readonly ref: number;
  readonly service: string;
  readonly method: string;
  readonly window: number;
  readonly received: number;
  readonly waitForService: boolean;
  readonly otherBrokers: OtherBrokers;
  readonly resent: boolean;
  readonly key: string;
  readonly headers: Bytes;
  readonly body: Bytes;
  readonly order: number;
  readonly arrivedAt: Milliseconds;
  readonly deadline: Milliseconds;
  /** What only those have that are kept on disk. */
  readonly durable?: Durable;
}

/** One unit of asked-for work. Its own timer is its deadline. */
export class Request extends Timer implements Listed {
  list: List<never> | undefined = undefined;
  next: Listed | undefined = undefined;
  previous: Listed | undefined = undefined;

  readonly session: Session;
  readonly ref: number;
  readonly service: string;
  readonly methodName: string;
  readonly waitForService: boolean;
  readonly otherBrokers: OtherBrokers;
  /** It was asked before, somewhere: a worker may know it. */
  resent: boolean;
  readonly key: string;
  /** Place in the order of arrival; a redelivered request keeps it. */
  readonly order: number;
  readonly arrivedAt: Milliseconds;
  deadline: Milliseconds;
  headers: Bytes;
  body: Bytes;
  /** Stream flow: 0 when one value is wanted. */
  readonly window: number;
  received: number;
  allowed: number;
  /** Values forwarded so far. */
  forwarded = 0;
  /** Others who asked the same under an idempotency key. */
  others: (Asker & Timer)[] | undefined = undefined;
  /** Who asked first does not wait any more; others do. */
  askerLeft = false;
  method: Method | undefined = undefined;
  attempt = 0;
  lease: Lease | undefined = undefined;
  history: Attempt[] | undefined = undefined;
  /** Attempts that ended with the loss of their worker. */
  lost = 0;
  /** Set while it waits outside the queue: for a worker that may hold it, or for the pause before a retry. */
  parked: Timer | undefined = undefined;
  reply: Final | ErrorReply | undefined = undefined;
  /** Its method runs at most once; known once it was handed out, and only of requests with a key. */
  runsOnce = false;
  /** A run that goes on although all its callers have given up, for which this request has its key (keys.ts Y3). */
  run: Lease | undefined = undefined;
  /** What that run ended with, for those who ask under the key. */
  value: Final | ErrorReply | undefined = undefined;
  settledAt: Milliseconds = 0;
  readonly durable: Durable | undefined;
  /** What is left of the body when it has gone; see `compact`. */
  #digest: number | undefined = undefined;
  #state: RequestState = 'queued';

  constructor(init: RequestInit) {
    super(undefined, 'deadline');
    this.session = init.session;
    this.ref = init.ref;
    this.service = init.service;
    this.methodName = init.method;
    this.waitForService = init.waitForService;
    this.otherBrokers = init.otherBrokers;
    this.resent = init.resent;
    this.key = init.key;
    this.order = init.order;
    this.arrivedAt = init.arrivedAt;
    this.deadline = init.deadline;
    this.headers = init.headers;
    this.body = init.body;
    this.window = init.window;
    this.received = init.received;
    this.allowed = init.received + init.window;
    this.durable = init.durable;
  }

  get state(): RequestState {
    return this.#state;
  }
  get isSettled(): boolean {
    return this.#state === 'done' || this.#state === 'dead';
  }
  /** Bytes that it counts for in a queue; a durable one counts for none, for its body may be on disk. */
  get bytes(): number {
    return this.durable === undefined ? this.body.length + this.headers.length : 0;
  }

  /** Its body is not in memory. */
  get isAway(): boolean {
    return this.durable !== undefined && this.durable.place !== 'memory';
  }

  /** Only the digest of the body is left. */
  get isCompact(): boolean {
    return this.#digest !== undefined;
  }

  /** Is this the body that it was asked with? By its bytes as long as they are here, then by their digest. */
  hasBody(body: Bytes): boolean {
    return this.#digest === undefined ? Buffer.compare(this.body, body) === 0 : this.#digest === digestOf(body);
  }

  /** Is this the same piece of work? */
  isSame(name: Pick<NamedAddress, 'service' | 'method'>, body: Bytes): boolean {
    return this.service === name.service && this.methodName === name.method && this.hasBody(body);
  }

  /** Of the body that it was asked with. */
  get digest(): number {
    return this.#digest ?? digestOf(this.body);
  }

  /** It was asked for with a body of this digest, which is all that is left of it. */
  hadDigest(digest: number): void {
    this.#digest = digest;
  }

  /** Only the digest of the body stays in memory. */
  dropBody(): void {
    this.#digest ??= digestOf(this.body);
    this.body = NO_BYTES;
    this.headers = NO_BYTES;
  }

  /** Most outcomes are gone a round trip later; one that stays lets its body go, and the message that its reply came in. */
  compact(): void {
    this.#digest = digestOf(this.body);
    this.body = NO_BYTES;
    const reply = this.reply;
    if (reply === undefined) return;
    const body = keepable(reply.body);
    this.reply = 'headers' in reply ? { ...reply, headers: keepable(reply.headers), body } : { ...reply, body };
  }

  /** S1. */
  become(state: RequestState): void {
    const allowed: readonly RequestState[] = NEXT[this.#state];
    if (!allowed.includes(state)) throw new Error(`a request does not go from ${this.#state} to ${state}`);
    this.#state = state;
  }
}

/** The right of one session to work on one attempt. Its own timer is the execution limit. */
export class Lease extends Timer {
  /** The request was settled or taken back; the worker has not said its last word yet. */
  revoked = false;
  /** Its link is gone, but the worker is back: the lease waits for the worker to say that it still holds the run. */
  orphaned = false;
  /** The request that has the key under which this run is asked for, when all its callers have given up. */
  awaitedBy: Request | undefined = undefined;
  /** Its DISPATCH waits for the disk: what is said of the lease must not overtake it. */
  waitsForDisk = false;

  constructor(
    readonly number: number,
    readonly request: Request,
    readonly session: Session,
    readonly offer: Offer | undefined,
    readonly attempt: number,
    readonly since: Milliseconds,
  ) {
    super(undefined, 'execution');
  }
}
