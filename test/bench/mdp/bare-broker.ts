// The same as plain-broker.c over bare zeromq.js: what one message at a time costs before any broker of ours does anything.

import { Router } from 'zeromq';

const EMPTY = Buffer.alloc(0);
const CLIENT = Buffer.from('MDPC01');
const WORKER = Buffer.from('MDPW01');
const VERBS = { ready: 1, request: Buffer.of(2), reply: 3 } as const;

const socket = new Router({ sendTimeout: 0, linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
await socket.bind(process.argv[2] as string);

interface Asked {
  readonly client: Buffer;
  readonly service: Buffer;
  readonly body: Buffer;
}
const waiting: Asked[] = [];
let next = 0;
let held: Asked | undefined;
let idle: Buffer | undefined;

function handOut(worker: Buffer, asked: Asked): void {
  held = asked;
  idle = undefined;
  void socket.send([worker, EMPTY, WORKER, VERBS.request, asked.client, EMPTY, asked.body]);
}

function take(frames: Buffer[]): void {
  const [from, , header, third, fourth] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer];
  if (header.equals(CLIENT)) {
    const asked = { client: from, service: third, body: fourth };
    if (idle === undefined) waiting.push(asked);
    else handOut(idle, asked);
  } else if (third[0] === VERBS.ready) idle = from;
  else if (third[0] === VERBS.reply && held !== undefined) {
    const { service } = held;
    const asked = waiting[next++];
    if (asked === undefined) {
      waiting.length = next = 0;
      idle = from;
    } else handOut(from, asked);
    if (next === 1_000) waiting.splice(0, (next = 0) + 1_000);
    void socket.send([fourth, EMPTY, CLIENT, service, frames[6] as Buffer]);
  }
}

for (;;) take(await socket.receive());
