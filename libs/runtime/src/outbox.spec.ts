// The one writer of a port, with sockets that are full when the test says so.

import { FakeClock } from './fake/clock.js';
import { Lane } from './lane.js';
import { Outbox, type Handed } from './outbox.js';

const LIMITS = { queueBytesMax: 100, overfullMaxMs: 200, queueBytesTotalMax: 250, blockedMaxMs: 1_000 };

/** A clock of a process that does not run for a while when the test says so. */
class StallingClock extends FakeClock {
  stalledMs = 0;
  override now(): number {
    return super.now() + this.stalledMs;
  }
}

function setUp() {
  const clock = new StallingClock();
  const log: string[] = [];
  const answers = new Map<number, Handed>();
  const outbox = new Outbox<Lane>({
    clock,
    limits: LIMITS,
    hand: (lane, message) => {
      const answer = answers.get(lane.link) ?? 'sent';
      log.push(`${clock.now()} ${lane.link} ${answer} ${message[0]?.length}`);
      return Promise.resolve(answer);
    },
    lost: (lane, reason) => log.push(`${clock.now()} ${lane.link} lost ${reason}`),
    left: (lane) => log.push(`${clock.now()} ${lane.link} left`),
  });
  const send = (lane: Lane, bytes: number): void => outbox.send(lane, [new Uint8Array(bytes)]);
  return { clock, log, answers, outbox, send };
}

test('the first message is with its socket on return, the others follow, links by turns', async () => {
  const { clock, log, send } = setUp();
  const [a, b] = [new Lane(1), new Lane(2)];
  send(a, 10);
  expect(log).toEqual(['0 1 sent 10']);
  send(a, 11);
  send(b, 20);
  send(a, 12);
  await clock.run(0);
  expect(log).toEqual(['0 1 sent 10', '0 2 sent 20', '0 1 sent 11', '0 1 sent 12']);
});

test('a full socket is tried again after 1, 2, 4 and at most 20 ms, and holds up no other', async () => {
  const { clock, log, answers, send } = setUp();
  const [full, other] = [new Lane(1), new Lane(2)];
  answers.set(1, 'full');
  send(full, 1);
  send(full, 2);
  send(other, 20);
  await clock.run(60);
  expect(log).toEqual([0, 0, 1, 3, 7, 15, 31, 51].map((at, i) => (i === 1 ? '0 2 sent 20' : `${at} 1 full 1`)));
  answers.set(1, 'sent');
  await clock.run(20);
  expect(log.slice(8)).toEqual(['71 1 sent 1', '71 1 sent 2']);
});

test('a lane that takes nothing is given up after a while, sooner when too much waits for it', async () => {
  const { clock, log, answers, outbox, send } = setUp();
  answers.set(1, 'full').set(2, 'full');
  const [little, much] = [new Lane(1), new Lane(2)];
  send(little, 100);
  send(much, 101);
  await clock.run(2_000);
  expect(log.filter((line) => line.includes('lost'))).toEqual(['211 2 lost blocked', '1011 1 lost blocked']);
  expect(outbox.bytes).toBe(0);
  send(much, 1);
  await clock.run(100);
  expect(log.at(-1)).toBe('1011 1 lost blocked');
});

test('when too much waits in all, the blocked lane with most goes at once', async () => {
  const { clock, log, answers, outbox, send } = setUp();
  answers.set(1, 'full').set(2, 'full').set(3, 'full');
  const lanes = [new Lane(1), new Lane(2), new Lane(3)] as const;
  send(lanes[0], 90);
  send(lanes[1], 95);
  send(lanes[2], 60);
  await clock.run(0);
  send(lanes[2], 10);
  await clock.run(0);
  expect(log.filter((line) => line.includes('lost'))).toEqual(['0 2 lost blocked']);
  expect(outbox.bytes).toBe(160);
});

test('a lane without a peer is lost with what waits, told later and once', async () => {
  const { clock, log, answers, outbox, send } = setUp();
  answers.set(1, 'gone');
  const lane = new Lane(1);
  send(lane, 1);
  send(lane, 2);
  expect(log).toEqual(['0 1 gone 1']);
  await clock.run(100);
  expect(log).toEqual(['0 1 gone 1', '0 1 lost unreachable']);
  expect(outbox.bytes).toBe(0);
});

test('leaving waits for what was sent; a lane that is gone by then is not told as lost', async () => {
  const { clock, log, answers, outbox, send } = setUp();
  const [empty, busy, doomed] = [new Lane(1), new Lane(2), new Lane(3)];
  outbox.leave(empty);
  answers.set(2, 'full').set(3, 'gone');
  send(busy, 1);
  send(doomed, 1);
  outbox.leave(busy);
  outbox.leave(doomed);
  send(busy, 2);
  await clock.run(2);
  answers.set(2, 'sent');
  await clock.run(10);
  expect(log.filter((line) => line.includes('l'))).toContain('0 1 left');
  expect(log.filter((line) => /left|lost/.test(line))).toEqual(['0 1 left', '0 3 left', '3 2 left']);
});

test('a thousand full sockets are not all tried at once', async () => {
  const { clock, log, answers, send } = setUp();
  for (let link = 1; link <= 200; link++) {
    answers.set(link, 'full');
    send(new Lane(link), 1);
  }
  await clock.run(0);
  const before = log.length;
  await clock.run(1);
  expect(log.length - before).toBe(64);
});

test('settle waits for what can still leave, and no longer than it may', async () => {
  const { clock, answers, outbox, send } = setUp();
  const done: string[] = [];
  const [a, b] = [new Lane(1), new Lane(2)];
  await outbox.settle(0);
  answers.set(1, 'full');
  send(a, 1);
  void outbox.settle(500).then(() => done.push(`a ${clock.now()}`));
  await clock.run(10);
  answers.set(1, 'sent');
  await clock.run(100);
  answers.set(2, 'full');
  send(b, 1);
  void outbox.settle(50).then(() => done.push(`b ${clock.now()}`));
  await clock.run(100);
  outbox.stop();
  await clock.run(5_000);
  expect(done).toEqual(['a 15', 'b 160']);
  expect(clock.nextAt()).toBe(Infinity);
});

test('a full socket is not given up for the time in which this process did not run', async () => {
  const { clock, log, answers, send } = setUp();
  answers.set(1, 'full');
  send(new Lane(1), 1);
  await clock.run(100);
  clock.stalledMs = 60_000;
  await clock.run(800);
  expect(log.filter((line) => line.includes('lost'))).toEqual([]);
  await clock.run(200);
  expect(log.filter((line) => line.includes('lost'))).toEqual(['61011 1 lost blocked']);
});
