// Host names of brokers: resolved here and not by libzmq, whose only I/O thread would stand still while DNS does not answer.
//
// H1. Each name is resolved by itself: one that nobody answers for delays no other.
// H2. getaddrinfo is asked first, because it knows the hosts file and search domains. It occupies a thread that files need too, so at most
//     `LOOKUPS_MAX` are under way; a name that has no answer soon is asked of the DNS servers directly as well, which takes no thread.
// H3. Nothing is kept: every connection resolves its name anew.

import { promises as dns } from 'node:dns';
import { connect, isIP } from 'node:net';
import type { Clock } from './clock.js';
import { isExhaustion } from './exhaustion.js';

/** Half of the threads that Node has for all of a process. */
const LOOKUPS_MAX = 2;
/** By then, in ms, a hosts file and a healthy DNS have answered. */
const DIRECT_AFTER_MS = 500;
/** A name without an answer for so long, in ms, is given up; whoever wants the connection asks again. */
const ANSWER_MAX_MS = 5_000;
/** How long one attempt to find out which address accepts connections may take, in ms. */
const KNOCK_MAX_MS = 3_000;

const TCP = /^tcp:\/\/([^[\]:/\s]+):(\d+|\*)$/;

/** A host name and its port, as written. */
export interface NamedHost {
  readonly host: string;
  readonly port: string;
}

/** @returns the host name in a tcp endpoint; undefined when there is none to resolve: an address, `*`, or no tcp. */
export function namedHost(endpoint: string): NamedHost | undefined {
  const [, host, port] = TCP.exec(endpoint) ?? [];
  if (host === undefined || port === undefined || host === '*' || isIP(host) !== 0) return undefined;
  return { host, port };
}

/** The endpoint of an address. */
export function endpointOf(address: string, port: string): string {
  return isIP(address) === 6 ? `tcp://[${address}]:${port}` : `tcp://${address}:${port}`;
}

export interface Resolvers {
  /** As getaddrinfo: all addresses, in the order in which they should be tried. */
  lookup(host: string): Promise<readonly string[]>;
  /** Asks the DNS servers and nobody else. */
  resolve(host: string): Promise<readonly string[]>;
}

const SYSTEM: Resolvers = {
  async lookup(host) {
    return (await dns.lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
  },
  async resolve(host) {
    const resolver = new dns.Resolver({ timeout: ANSWER_MAX_MS / 2, tries: 1 });
    const ends = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
  },
};

/** A process has one: `hostNames`. */
export class HostNames {
  readonly #resolvers: Resolvers;
  /** Names that getaddrinfo is asked for, or will be; who asks for one of them meanwhile waits for the same answer. */
  readonly #lookups = new Map<string, Promise<readonly string[]>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(resolvers: Resolvers = SYSTEM) {
    this.#resolvers = resolvers;
  }

  /**
   * @returns the addresses of a name, at least one.
   * @throws an error with a code: ENOTFOUND and others of DNS, ETIMEOUT when nobody answers.
   */
  addressesOf(host: string, clock: Pick<Clock, 'setTimer'>): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const cancelDirect = clock.setTimer(DIRECT_AFTER_MS, () => {
        this.#resolvers.resolve(host).then(
          (found) => found.length > 0 && end(() => resolve(found)),
          () => undefined,
        );
      });
      const cancelEnd = clock.setTimer(ANSWER_MAX_MS, () => {
        end(() => reject(Object.assign(new Error(`no answer for ${host}`), { code: 'ETIMEOUT' })));
      });
      const end = (settle: () => void): void => {
        cancelDirect();
        cancelEnd();
        settle();
      };
      this.#lookup(host).then(
        (found) => end(() => resolve(found)),
        (error: unknown) => end(() => reject(error as Error)),
      );
    });
  }

  #lookup(host: string): Promise<readonly string[]> {
    let lookup = this.#lookups.get(host);
    if (lookup === undefined) {
      lookup = this.#lookUp(host);
      this.#lookups.set(host, lookup);
    }
    return lookup;
  }

  /** H2. */
  async #lookUp(host: string): Promise<readonly string[]> {
    if (this.#running >= LOOKUPS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await this.#resolvers.lookup(host);
    } finally {
      this.#lookups.delete(host);
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** What to say of a name that has no address; `code` is that of `addressesOf`. */
export function unresolved(host: string, code: string): string {
  return code === 'ETIMEOUT' || code === 'EAI_AGAIN'
    ? `no DNS server answers for the name ${host} (${code})`
    : `the name ${host} does not resolve${code === '' ? '' : ` (${code})`}`;
}

/** All names of this process. */
export const hostNames = new HostNames();

function accepts(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: KNOCK_MAX_MS });
    const end = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.once('connect', () => end(() => resolve(address)));
    socket.once('timeout', () => end(() => reject(new Error('timeout'))));
    socket.once('error', (error) => end(() => reject(error)));
  });
}

/**
 * @returns the address on which somebody listens, the first that answers; undefined when none does.
 * @throws what the system says when this process has no descriptors left.
 */
export async function listeningAddress(addresses: readonly string[], port: number): Promise<string | undefined> {
  const ends = await Promise.any(addresses.map((address) => accepts(address, port))).catch((error: unknown) => error);
  if (typeof ends === 'string') return ends;
  const causes = (ends as AggregateError).errors as NodeJS.ErrnoException[];
  const exhaustion = causes.find(({ code = '' }) => isExhaustion(code));
  if (exhaustion !== undefined) throw exhaustion;
  return undefined;
}
