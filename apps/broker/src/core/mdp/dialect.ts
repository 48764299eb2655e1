// The two public Majordomo protocols as frames: MDP/0.1 (RFC 7) and MDP/0.2 (RFC 18). What a message says, and how it is said.
//
// F1. Reading is total: every list of frames is a command or a fault.
// F2. Worker commands 03, 04, 05 mean other things in 0.1 and 0.2; nobody outside this file knows their numbers.
// F3. A reply without the empty frame behind the client is read where it is unambiguous: when the next frame is not empty, the body begins there.

import type { Bytes } from '@majordomo/protocol';
import type { PeerFault } from '../events.js';

export type Version = 1 | 2;

/** How a peer writes: 0.1 always has an empty frame in front; a few 0.2 peers have one too, and expect one. */
export interface Manner {
  readonly version: Version;
  readonly hasDelimiter: boolean;
}

export type Verb = 'ready' | 'reply' | 'partial' | 'heartbeat' | 'disconnect';

export type Command = { readonly manner: Manner } & (
  | { readonly from: 'client'; readonly service: Bytes; readonly body: readonly Bytes[] }
  | { readonly from: 'worker'; readonly verb: 'ready'; readonly service: Bytes }
  /** The last word: REPLY in 0.1, FINAL in 0.2. `client` is whatever the request said. */
  | {
      readonly from: 'worker';
      readonly verb: 'reply' | 'partial';
      readonly client: Bytes;
      readonly body: readonly Bytes[];
    }
  | { readonly from: 'worker'; readonly verb: 'heartbeat' | 'disconnect' }
);

/** Who sent what cannot be read, as far as it says so: a worker is told to go, anybody else is not answered. */
export interface MdpFault {
  readonly fault: string;
  readonly kind: PeerFault;
  readonly worker: Manner | undefined;
}

const EMPTY: Bytes = new Uint8Array(0);

interface Header {
  readonly from: 'client' | 'worker';
  readonly version: Version;
  readonly bytes: Bytes;
}
const CLIENT = {
  1: { from: 'client', version: 1, bytes: Buffer.from('MDPC01') },
  2: { from: 'client', version: 2, bytes: Buffer.from('MDPC02') },
} as const;
const WORKER = {
  1: { from: 'worker', version: 1, bytes: Buffer.from('MDPW01') },
  2: { from: 'worker', version: 2, bytes: Buffer.from('MDPW02') },
} as const;
const HEADERS: readonly Header[] = [CLIENT[1], WORKER[1], CLIENT[2], WORKER[2]];

/** F2: what each byte of a worker means, by version; 2 is what it is told. */
const VERBS: Readonly<Record<Version, readonly (Verb | undefined)[]>> = {
  1: [undefined, 'ready', undefined, 'reply', 'heartbeat', 'disconnect'],
  2: [undefined, 'ready', undefined, 'partial', 'reply', 'heartbeat', 'disconnect'],
};
const REQUEST = 2;
/** What a 0.2 client and broker say to each other. */
const CLIENT_VERBS = { request: 1, partial: 2, final: 3 } as const;

/** Made once, for they come with every message. */
const MANNERS: Readonly<Record<Version, readonly [Manner, Manner]>> = {
  1: [
    { version: 1, hasDelimiter: false },
    { version: 1, hasDelimiter: true },
  ],
  2: [
    { version: 2, hasDelimiter: false },
    { version: 2, hasDelimiter: true },
  ],
};

/** @returns undefined when the frame is none. */
function headerOf(frame: Bytes | undefined): Header | undefined {
  if (frame?.length !== 6) return undefined;
  return HEADERS.find(({ bytes }) => {
    // They differ in the end.
    for (let i = 5; i >= 0; i--) if (frame[i] !== bytes[i]) return false;
    return true;
  });
}

/** Is this first frame one that an MDP message begins with? */
export function isMdp(frames: readonly Bytes[]): boolean {
  return headerOf(frames[0]?.length === 0 ? frames[1] : frames[0]) !== undefined;
}

/** F1. */
export function readMdp(frames: readonly Bytes[]): Command | MdpFault {
  const hasDelimiter = frames[0]?.length === 0;
  const at = hasDelimiter ? 1 : 0;
  const header = headerOf(frames[at]);
  if (header === undefined) return unreadable('no header that is known');
  const { from, version } = header;
  // RFC 7 asks for the empty frame in front; without it this is no MDP/0.1.
  if (version === 1 && !hasDelimiter) {
    return from === 'client'
      ? unreadable('MDPC01 without an empty frame in front')
      : unreadable('MDPW01 without an empty frame in front', MANNERS[1][1]);
  }
  const manner = MANNERS[version][hasDelimiter ? 1 : 0];
  return from === 'client' ? readClient(manner, frames, at + 1) : readWorker(manner, frames, at + 1);
}

/** @param at where the frames behind the header begin. */
function readClient(manner: Manner, frames: readonly Bytes[], at: number): Command | MdpFault {
  if (manner.version === 2 && byteOf(frames[at]) !== CLIENT_VERBS.request) return notRequest(frames[at]);
  const serviceAt = manner.version === 2 ? at + 1 : at;
  const service = frames[serviceAt];
  if (service === undefined) return unreadable('a request without a service');
  return { manner, from: 'client', service, body: frames.slice(serviceAt + 1) };
}

/** @param at where the frames behind the header begin. */
function readWorker(manner: Manner, frames: readonly Bytes[], at: number): Command | MdpFault {
  const verb = VERBS[manner.version][byteOf(frames[at])];
  const fault = (text: string): MdpFault => unreadable(text, manner);
  switch (verb) {
    case 'ready': {
      const service = frames[at + 1];
      if (frames.length !== at + 2 || service === undefined || service.length === 0)
        return fault('READY without one service');
      return { manner, from: 'worker', verb, service };
    }
    case 'reply':
    case 'partial': {
      const client = frames[at + 1];
      if (client === undefined || client.length === 0) return fault('a reply without a client');
      if (frames.length === at + 2) return fault('a reply without a body');
      return { manner, from: 'worker', verb, client, body: bodyOfReply(frames, at + 2) };
    }
    case 'heartbeat':
    case 'disconnect':
      return frames.length === at + 1 ? { manner, from: 'worker', verb } : fault(`${verb} with frames behind it`);
    default:
      return fault('a worker command that is not known');
  }
}

/** F3. @param at where the empty frame is to be. An empty frame alone is an empty body, whichever of the two it was meant to be. */
function bodyOfReply(frames: readonly Bytes[], at: number): readonly Bytes[] {
  const hasDelimiter = frames[at]?.length === 0 && frames.length > at + 1;
  return frames.slice(hasDelimiter ? at + 1 : at);
}

function unreadable(fault: string, worker?: Manner): MdpFault {
  return { fault, kind: 'unreadable', worker };
}

/** Some clients of another dialect write REQUEST as 02, which is PARTIAL. */
function notRequest(frame: Bytes | undefined): MdpFault {
  if (byteOf(frame) !== CLIENT_VERBS.partial) return unreadable('a client command that is no REQUEST');
  const fault = 'a client command 02: a dialect that writes REQUEST so is not served, RFC 18 writes it as 01';
  return { fault, kind: 'dialect', worker: undefined };
}

/** The one byte of a frame that is one; 0, which nothing is called, for others. */
function byteOf(frame: Bytes | undefined): number {
  return frame?.length === 1 ? (frame[0] as number) : 0;
}

/** What stands before the part that varies, by what is said. Made once, for it goes out with every message. */
interface Heads {
  readonly request: readonly Bytes[];
  readonly heartbeat: readonly Bytes[];
  readonly disconnect: readonly Bytes[];
  readonly reply: readonly Bytes[];
  readonly partial: readonly Bytes[];
}

function headsOf(version: Version, delimiter: readonly Bytes[]): Heads {
  const worker = (byte: number): Bytes[] => [...delimiter, WORKER[version].bytes, Uint8Array.of(byte)];
  const client = (...bytes: number[]): Bytes[] => [
    ...delimiter,
    CLIENT[version].bytes,
    ...bytes.map((byte) => Uint8Array.of(byte)),
  ];
  return {
    request: worker(REQUEST),
    heartbeat: worker(VERBS[version].indexOf('heartbeat')),
    disconnect: worker(VERBS[version].indexOf('disconnect')),
    reply: version === 1 ? client() : client(CLIENT_VERBS.final),
    partial: client(CLIENT_VERBS.partial),
  };
}

const HEADS: Readonly<Record<Version, readonly [Heads, Heads]>> = {
  1: [headsOf(1, []), headsOf(1, [EMPTY])],
  2: [headsOf(2, []), headsOf(2, [EMPTY])],
};

function headsFor({ version, hasDelimiter }: Manner): Heads {
  return HEADS[version][hasDelimiter ? 1 : 0];
}

export function requestToWorker(manner: Manner, client: Bytes, body: readonly Bytes[]): Bytes[] {
  return [...headsFor(manner).request, client, EMPTY, ...body];
}

export function heartbeatToWorker(manner: Manner): Bytes[] {
  return [...headsFor(manner).heartbeat];
}

export function disconnectWorker(manner: Manner): Bytes[] {
  return [...headsFor(manner).disconnect];
}

/** The reply, or the last part of it. */
export function replyToClient(manner: Manner, service: Bytes, body: readonly Bytes[]): Bytes[] {
  return [...headsFor(manner).reply, service, ...body];
}

/** 0.2 only. */
export function partialToClient(manner: Manner, service: Bytes, body: readonly Bytes[]): Bytes[] {
  return [...headsFor(manner).partial, service, ...body];
}
