// The floor: the same batching over the same sockets, and nothing else. No names, no deadlines, no redelivery, no bounds.
//
// A batch is one frame of records `length u32 | client u32 | number u32 | body`; each process collects what it has to send per
// peer and flushes at the end of the event-loop turn.

import { Dealer, Router } from 'zeromq';
import type { Ask, PartInit, System } from '../cell.js';

const HEADER_BYTES = 12;

/** Collects records for one peer; `take` gives the batch. */
class Batch {
  #chunks: { frame: Buffer; start: number; end: number; client: number }[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }
  add(frame: Buffer, start: number, end: number, client: number): void {
    this.#chunks.push({ frame, start, end, client });
    this.#bytes += end - start;
  }
  take(): Buffer {
    const batch = Buffer.allocUnsafeSlow(this.#bytes);
    let at = 0;
    for (const { frame, start, end, client } of this.#chunks) {
      frame.copy(batch, at, start, end);
      batch.writeUInt32BE(client, at + 4);
      at += end - start;
    }
    this.#chunks = [];
    this.#bytes = 0;
    return batch;
  }
}

/** Calls `record` with the place of every record of a batch. */
function eachRecord(frame: Buffer, record: (start: number, end: number) => void): void {
  for (let at = 0; at < frame.length;) {
    const end = at + HEADER_BYTES + frame.readUInt32BE(at);
    record(at, end);
    at = end;
  }
}

async function broker(): Promise<string> {
  const socket = new Router({ sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 0 });
  await socket.bind('tcp://127.0.0.1:*');
  const clients: { route: Buffer; batch: Batch }[] = [];
  const clientOf = new Map<string, number>();
  const workers: { route: Buffer; batch: Batch }[] = [];
  const isWorker = new Set<string>();
  let next = 0;
  let scheduled = false;

  const flush = async (): Promise<void> => {
    scheduled = false;
    for (const peer of [...workers, ...clients])
      if (!peer.batch.isEmpty) await socket.send([peer.route, peer.batch.take()]);
  };
  const take = (route: Buffer, frame: Buffer): void => {
    const key = route.toString('latin1');
    if (frame.length === 0) {
      isWorker.add(key);
      workers.push({ route, batch: new Batch() });
      return;
    }
    if (isWorker.has(key)) {
      eachRecord(frame, (start, end) => clients[frame.readUInt32BE(start + 4)]?.batch.add(frame, start, end, 0));
    } else {
      let client = clientOf.get(key);
      if (client === undefined) {
        client = clients.push({ route, batch: new Batch() }) - 1;
        clientOf.set(key, client);
      }
      const from = client;
      eachRecord(frame, (start, end) => workers[next++ % workers.length]?.batch.add(frame, start, end, from));
    }
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => void flush());
  };
  void (async () => {
    for await (const [route, frame] of socket) take(route as Buffer, frame as Buffer);
  })();
  return socket.lastEndpoint as string;
}

/** A DEALER with one batch; `take` is called with each record that comes. */
function connect(
  endpoint: string,
  take: (frame: Buffer, start: number, end: number) => void,
): { socket: Dealer; add: Batch['add'] } {
  const socket = new Dealer({ sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 0 });
  socket.connect(endpoint);
  const batch = new Batch();
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    if (!batch.isEmpty) void socket.send(batch.take());
  };
  void (async () => {
    for await (const [frame] of socket) eachRecord(frame as Buffer, (start, end) => take(frame as Buffer, start, end));
  })();
  const add = (frame: Buffer, start: number, end: number, client: number): void => {
    batch.add(frame, start, end, client);
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  return { socket, add };
}

async function worker(init: PartInit): Promise<string> {
  const { socket, add } = connect(init.endpoint, (frame, start, end) =>
    add(frame, start, end, frame.readUInt32BE(start + 4)),
  );
  await socket.send(Buffer.alloc(0));
  return '';
}

// oxlint-disable-next-line typescript/require-await -- the interface leaves room for systems that connect slowly
async function client(init: PartInit): Promise<Ask> {
  const waiting = new Map<number, { done: (isRight: boolean) => void; bytes: number }>();
  let last = 0;
  const { add } = connect(init.endpoint, (frame, start, end) => {
    const number = frame.readUInt32BE(start + 8);
    const entry = waiting.get(number);
    waiting.delete(number);
    entry?.done(end - start - HEADER_BYTES === entry.bytes);
  });
  return (body, done) => {
    const number = ++last >>> 0;
    const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(0, 4);
    frame.writeUInt32BE(number, 8);
    frame.set(body, HEADER_BYTES);
    waiting.set(number, { done, bytes: body.length });
    add(frame, 0, frame.length, 0);
  };
}

export const floor: System = { name: 'floor', broker, worker, client };
