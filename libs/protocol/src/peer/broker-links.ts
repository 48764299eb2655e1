// A peer's side of its links to the brokers it knows: greet, stay alive, notice loss, come back.
//
// P1. A link is one connection. What is lost with it is not kept: the next link is a new one, with a HELLO of its own.
// P2. Nothing but HELLO leaves before WELCOME.
// P3. The numbers of WELCOME hold, whatever HELLO asked for.
// P4. Links to different brokers live and die apart from each other.

import type { Chance } from '../chance.js';
import { MajordomoError, type Ran } from '../errors.js';
import { SESSION_DEFAULTS } from '../limits.js';
import { Liveness } from '../liveness.js';
import type { LinkId, LinkProblem, Milliseconds, Output } from '../machine.js';
import { HEARTBEAT, Kind, type Goodbye, type Hello, type Welcome, type WireRecord } from '../records.js';

/** First pause before a link is opened again, and the longest, in ms; jittered fully. The transport retries by itself while nobody answers. */
const REOPEN_BASE_MS = 10;
const REOPEN_CAP_MS = 2_000;
/** A link that held for this long was not a failure, in ms: a broker that sends everybody away at once is not asked in a tight loop. */
const STEADY_MS = 1_000;

const NEXT = {
  closed: ['greeting'],
  greeting: ['open', 'waiting', 'closed'],
  open: ['waiting', 'closed'],
  waiting: ['greeting', 'closed'],
} as const;
type State = keyof typeof NEXT;

/** One broker of the list, and the link to it. */
export class BrokerLink {
  #state: State = 'closed';
  /** The current connection; a new number for each. */
  id: LinkId = 0;
  welcome: Welcome | undefined;
  /** The broker said DRAIN: it takes no new requests. */
  draining = false;
  /** Why the broker sent the last link away, if it did. */
  refused: Goodbye | undefined;
  /** Why the last link could not be opened, if its port knows. */
  problem: LinkProblem | undefined;
  failures = 0;
  reopenAt: Milliseconds = Infinity;
  greetedAt: Milliseconds = 0;
  openedAt: Milliseconds = 0;
  liveness: Liveness | undefined;

  constructor(readonly endpoint: string) {}

  get state(): State {
    return this.#state;
  }
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  become(state: State): void {
    if (!(NEXT[this.#state] as readonly State[]).includes(state)) {
      throw new Error(`a link does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }
}

/** What a record or a loss meant for the owner of the links. */
export type LinkNews = 'opened' | 'draining' | 'lost' | undefined;

export interface BrokerLinksOptions {
  readonly endpoints: readonly string[];
  readonly hello: Hello;
  readonly chance: Chance;
}

/** What stands in the way of a broker, where it or our port has said so. */
function obstacleOf({ refused, problem }: BrokerLink): { readonly code?: string; readonly reason?: string } {
  const { code = '', reason } = problem ?? refused ?? {};
  return reason === undefined ? {} : { code, reason };
}

/**
 * The error that no broker could be reached. It names each with what stood in the way; when this process lacks what links need, that is
 * its code.
 *
 * @param text what happened, to be followed by the list of the brokers.
 */
export function unreached(links: readonly BrokerLink[], text: string, ran: Ran = 'no'): MajordomoError {
  const brokers = links.map((link) => ({ endpoint: link.endpoint, ...obstacleOf(link) }));
  const list = brokers.map(({ endpoint, reason = '' }) => (reason === '' ? endpoint : `${endpoint} (${reason})`));
  const isExhausted = links.some(({ problem }) => problem?.code === 'RESOURCE_EXHAUSTED');
  const code = isExhausted ? 'RESOURCE_EXHAUSTED' : 'NO_BROKER';
  return new MajordomoError(code, `${text} at ${list.join(', ')}`, { ran, details: { brokers } });
}

export class BrokerLinks {
  readonly all: readonly BrokerLink[];
  readonly #hello: Hello;
  readonly #chance: Chance;
  readonly #output: Pick<Output<unknown>, 'send' | 'connect' | 'close'>;
  readonly #byId = new Map<LinkId, BrokerLink>();
  #lastId = 0;

  constructor(options: BrokerLinksOptions, output: Pick<Output<unknown>, 'send' | 'connect' | 'close'>) {
    this.all = options.endpoints.map((endpoint) => new BrokerLink(endpoint));
    this.#hello = options.hello;
    this.#chance = options.chance;
    this.#output = output;
  }

  /** The link with this number, undefined when it is not a current one. */
  get(id: LinkId): BrokerLink | undefined {
    return this.#byId.get(id);
  }

  start(now: Milliseconds): void {
    for (const link of this.all) if (link.state === 'closed') this.#greet(link, now);
  }

  /** Sends on an open link and remembers that we spoke. */
  send(link: BrokerLink, record: WireRecord, now: Milliseconds): void {
    this.#output.send(link.id, record);
    link.liveness?.spoke(now);
  }

  /** Something came on this link. */
  heard(link: BrokerLink, now: Milliseconds): void {
    link.liveness?.heard(now);
  }

  /** Deals with the records that concern the link itself; the owner deals with all others. */
  take(link: BrokerLink, record: WireRecord, now: Milliseconds): LinkNews {
    switch (record.kind) {
      case Kind.welcome:
        if (link.state !== 'greeting') return undefined;
        link.welcome = record;
        link.openedAt = now;
        link.draining = false;
        link.refused = undefined;
        link.problem = undefined;
        link.liveness?.agree(record);
        link.become('open');
        return 'opened';
      case Kind.drain:
        if (!link.isOpen || link.draining) return undefined;
        link.draining = true;
        return 'draining';
      case Kind.goodbye:
        // A broker may say it twice in one batch; the first one has ended the link.
        if (!link.isOpen && link.state !== 'greeting') return undefined;
        link.refused = record;
        return this.#drop(link, now);
      default:
        return undefined;
    }
  }

  /** The connection is gone, or the broker sent what cannot be read. */
  lost(id: LinkId, now: Milliseconds, problem?: LinkProblem): LinkNews {
    const link = this.#byId.get(id);
    if (link === undefined) return undefined;
    link.problem = problem;
    return this.#drop(link, now);
  }

  /**
   * Speaks where we were silent, gives up brokers that were, opens links again whose pause is over.
   *
   * @returns the links that were given up.
   */
  wake(now: Milliseconds): BrokerLink[] {
    const lost: BrokerLink[] = [];
    for (const link of this.all) {
      if (link.state === 'waiting' && now >= link.reopenAt) this.#greet(link, now);
      else if (link.state === 'greeting' && now - link.greetedAt >= SESSION_DEFAULTS.handshakeMs) this.#drop(link, now);
      else if (link.isOpen && link.liveness?.isLost(now) === true) {
        this.#drop(link, now);
        lost.push(link);
      } else if (link.isOpen && link.liveness?.mustSpeak(now) === true) this.send(link, HEARTBEAT, now);
    }
    return lost;
  }

  wakeAt(): Milliseconds {
    let wakeAt = Infinity;
    for (const link of this.all) {
      if (link.state === 'waiting') wakeAt = Math.min(wakeAt, link.reopenAt);
      else if (link.state === 'greeting') wakeAt = Math.min(wakeAt, link.greetedAt + SESSION_DEFAULTS.handshakeMs);
      else if (link.isOpen && link.liveness !== undefined) wakeAt = Math.min(wakeAt, link.liveness.wakeAt());
    }
    return wakeAt;
  }

  /** Leaves every broker for good, with a GOODBYE where one listens. */
  close(now: Milliseconds): void {
    for (const link of this.all) {
      if (link.isOpen) this.send(link, { kind: Kind.goodbye, code: undefined, reason: '' }, now);
      if (link.isOpen || link.state === 'greeting') this.#release(link);
      if (link.state !== 'closed') link.become('closed');
    }
  }

  #greet(link: BrokerLink, now: Milliseconds): void {
    link.id = ++this.#lastId;
    this.#byId.set(link.id, link);
    link.become('greeting');
    link.greetedAt = now;
    link.liveness = new Liveness(this.#hello, now);
    this.#output.connect(link.id, link.endpoint);
    this.#output.send(link.id, this.#hello);
  }

  #drop(link: BrokerLink, now: Milliseconds): LinkNews {
    const wasOpen = link.isOpen;
    if (wasOpen && now - link.openedAt >= STEADY_MS) link.failures = 0;
    this.#release(link);
    link.become('waiting');
    link.reopenAt = now + this.#chance.backoffMs(link.failures, REOPEN_BASE_MS, REOPEN_CAP_MS);
    link.failures += 1;
    return wasOpen ? 'lost' : undefined;
  }

  #release(link: BrokerLink): void {
    this.#byId.delete(link.id);
    this.#output.close(link.id);
    link.liveness = undefined;
  }
}
