// Bodies of durable requests: on disk until a worker is about to get them, and again when nobody is.
//
// B1. A body is in memory while its request is assigned, waits near the head of its queue, or is the next under its ordering key; everywhere
//     else it is on disk only.
// B2. Bodies are read ahead of the workers within two bounds, `readAheadMax` requests of one method and `readAheadBytesMax` bytes of it; the
//     first of a queue is read in any case, or it would never be handed out.
// B3. Nothing is read for a method that no worker offers.
// B4. The reply of a settled request is on disk only: memory has what kind of reply it is.
// B5. `loadedBytes` of the journal is what the bodies take that are in memory.

import { Kind, NO_BYTES, type ErrorReply, type Final } from '@majordomo/protocol';
import { loadedBytesMax } from './shares.js';
import type { Reader } from './journal.js';
import type { Memory } from './memory.js';
import type { Durable, Lane, Method, Request } from './state.js';

function loadedBytesOf({ body, headers }: Request): number {
  return body.length + headers.length;
}

/** It waits where nobody will take it soon (B1). Its entry has been given to the disk. */
export function dropBody(memory: Memory, request: Request): void {
  const { durable } = request;
  if (durable?.place !== 'memory') return;
  memory.journal.loadedBytes -= loadedBytesOf(request);
  request.dropBody();
  durable.place = 'disk';
}

/** Asks the store for it, unless it is here or on its way. */
export function needBody(memory: Memory, request: Request, durable: Durable): void {
  if (durable.place !== 'disk') return;
  durable.place = 'reading';
  memory.output.read(request.ref);
}

/** It has come. */
export function loadBody(memory: Memory, request: Request, durable: Durable, parts: Pick<Request, 'headers' | 'body'>) {
  request.headers = parts.headers;
  request.body = parts.body;
  durable.place = 'memory';
  memory.journal.loadedBytes += loadedBytesOf(request);
}

/** B2: does the request, which has just come into the queue, keep its body? */
export function keepOrDrop(memory: Memory, request: Request, method: Method): void {
  const { durable } = request;
  if (durable === undefined) return;
  if (durable.place !== 'memory') {
    if (durable.place === 'disk' && method.offers > 0) readOne(memory, request, durable, method);
    return;
  }
  if (method.queue.first === request || hasRoom(memory, method)) return;
  leaveAhead(durable, method);
  dropBody(memory, request);
  enterAhead(durable, method);
}

/** What has come into the queue without its body is read at once when all before it are; otherwise when it is its turn to be. */
function readOne(memory: Memory, request: Request, durable: Durable, method: Method): void {
  const isNext = method.onDisk === 1 && method.queue.last === request && hasRoom(memory, method);
  if (isNext || method.queue.first === request) readInto(memory, request, durable, method);
}

/** It waits for its turn under an ordering key. The first that does keeps its body: it would be waited for. */
export function keepFirst(memory: Memory, request: Request, lane: Lane): void {
  const { journal, settings } = memory;
  if (lane.waiting.first !== request || journal.loadedBytes > loadedBytesMax(settings)) dropBody(memory, request);
}

/** The turn of a request has come: the body of the one behind it is read. */
export function readNext(memory: Memory, { lane }: Durable): void {
  const { journal, settings } = memory;
  const next = lane?.waiting.first;
  if (next?.durable === undefined || journal.loadedBytes > loadedBytesMax(settings)) return;
  needBody(memory, next, next.durable);
}

function hasRoom({ settings, journal }: Memory, { ahead, aheadBytes }: Method): boolean {
  const { readAheadMax, readAheadBytesMax } = settings;
  return ahead <= readAheadMax && aheadBytes <= readAheadBytesMax && journal.loadedBytes <= loadedBytesMax(settings);
}

function readInto(memory: Memory, request: Request, durable: Durable, method: Method): void {
  leaveAhead(durable, method);
  needBody(memory, request, durable);
  enterAhead(durable, method);
}

/** Reads ahead in a queue whose first part is used up by half, or whose head is not here (B2, B3). */
export function readAhead(memory: Memory, method: Method): void {
  const { first } = method.queue;
  if (first === undefined || method.onDisk === 0 || method.offers === 0) return;
  const isUrgent = first.durable?.place === 'disk';
  if (!isUrgent && method.leavesUntilLook > 0) return;
  const { readAheadMax } = memory.settings;
  method.leavesUntilLook = Math.ceil(readAheadMax / 2);
  let looked = 0;
  for (let request: Request | undefined = first; request !== undefined; request = request.next as Request | undefined) {
    const { durable } = request;
    if (durable?.place === 'disk') {
      if (request !== first && !hasRoom(memory, method)) return;
      readInto(memory, request, durable, method);
    }
    looked += 1;
    if (looked >= readAheadMax || method.onDisk === 0) return;
  }
}

/** It is in the queue of its method. */
export function enterAhead(durable: Durable, method: Method): void {
  if (durable.place === 'disk') method.onDisk += 1;
  else {
    method.ahead += 1;
    method.aheadBytes += durable.bytes;
  }
}

/** It leaves the queue of its method, or its body changes its place there. */
export function leaveAhead(durable: Durable, method: Method): void {
  if (durable.place === 'disk') method.onDisk -= 1;
  else {
    method.ahead -= 1;
    method.aheadBytes -= durable.bytes;
  }
}

/** A value of which nobody has to know more. */
const PLAIN_VALUE: Final = Object.freeze({
  kind: Kind.final,
  ref: 0,
  end: false,
  count: 0,
  headers: NO_BYTES,
  body: NO_BYTES,
});

/** What is left of a reply in memory (B4). */
export function stubOf(reply: Final | ErrorReply): Final | ErrorReply {
  if (reply.kind === Kind.error) return { ...reply, ref: 0, body: NO_BYTES };
  return reply.end || reply.count > 0 ? { ...reply, ref: 0, headers: NO_BYTES, body: NO_BYTES } : PLAIN_VALUE;
}

/** It is settled, its entry has been given to the disk, and whoever waited has been answered (B4). */
export function dropReply(memory: Memory, request: Request, durable: Durable): void {
  dropBody(memory, request);
  if (durable.place === 'reading') durable.place = 'stale';
  if (request.reply !== undefined) request.reply = stubOf(request.reply);
}

/** The outcome of a settled request is read for somebody. */
export function readFor(memory: Memory, request: Request, durable: Durable, reader: Reader): void {
  const { readers } = memory.journal;
  const waiting = readers.get(request.ref);
  if (waiting === undefined) readers.set(request.ref, [reader]);
  else waiting.push(reader);
  // What is under way was asked for before it was settled: when that has come it is asked once more.
  needBody(memory, request, durable);
}
