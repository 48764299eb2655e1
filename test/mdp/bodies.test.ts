// What becomes of bodies, and of streams: M8 to M10 of docs/mdp.md, of the machine alone.

import { encodeBody, Kind } from '@majordomo/protocol';
import { bytes, end, part, several, value } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS, type Version } from './words.js';

const w1 = WORDS['0.1'];
const w2 = WORDS['0.2'];
const OTHER: Readonly<Record<Version, Version>> = { '0.1': '0.2', '0.2': '0.1' };

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe('bodies', () => {
  test.each(VERSIONS)('M8: one frame is the body, several are a list; from %s to natives and back', (version) => {
    const w = WORDS[version];
    scene.nativeWorker('n', 'orders', 'create');
    const { headers, body } = several('a', 'b');
    const shown = JSON.stringify(Buffer.from(body).toString('latin1'));
    expect(scene.play(`c: ${w.request('orders.create', 'a', 'b')}`)).toEqual([
      `n <- DISPATCH 1${version === '0.2' ? ' window=64' : ''} {"mdp":"${version}","frames":2} ${shown}`,
    ]);
    expect(scene.says('n', value(1, body, headers))).toEqual([`c <- ${w.reply('orders.create', 'a', 'b')}`]);
    scene.play(`p: ${w.ready('coffee')}`);
    expect(scene.ask('d', 'coffee.call', { body, headers: { frames: 2 } })).toEqual([
      `p <- ${w.dispatch(1, 'a', 'b')}`,
    ]);
    expect(scene.play(`p: ${w.answer(1, 'a', 'b')}`)).toEqual([`d <- FINAL 1 {"frames":2} ${shown}`]);
  });

  test.each(VERSIONS)(
    'M8: frames of a client of %s come to a worker of the other version as they were, and back',
    (version) => {
      const [client, worker] = [WORDS[version], WORDS[OTHER[version]]];
      scene.play(`w: ${worker.ready('coffee')}`);
      expect(scene.play(`c: ${client.request('coffee', 'a', "''", 'b')}`)).toEqual([
        `w <- ${worker.dispatch(1, 'a', "''", 'b')}`,
      ]);
      expect(scene.play(`w: ${worker.answer(1, "''", 'z')}`)).toEqual([`c <- ${client.reply('coffee', "''", 'z')}`]);
    },
  );

  test('M8: what is said to be several frames and is not a list of bytes is one', () => {
    scene.play(`p: ${w1.ready('coffee')}`);
    expect(scene.ask('d', 'coffee.call', { body: bytes('x'), headers: { frames: 3 } })).toEqual([
      `p <- ${w1.dispatch(1, 'x')}`,
    ]);
  });

  test('M9: services are told that a client is a plain one, and by which protocol', () => {
    scene.nativeWorker('n', 'orders', 'create');
    for (const version of VERSIONS)
      expect(scene.play(`c${version[2]}: ${WORDS[version].request('orders.create', 'x')}`)).toEqual([
        expect.stringContaining(`{"mdp":"${version}"}`),
      ]);
  });

  test('M10: a stream is PARTIALs and a FINAL, which is its last value, to a 0.2 client; an empty one is an empty FINAL', () => {
    scene.nativeWorker('n', 'orders', 'watch*');
    scene.play(`c: ${w2.request('orders.watch', 'x')}`);
    expect(scene.says('n', part(1, 0, 'a'), part(1, 1, 'b'), end(1, 2))).toEqual([
      'c <- MDPC02 | 02 | orders.watch | a',
      'c <- MDPC02 | 03 | orders.watch | b',
    ]);
    scene.play(`c: ${w2.request('orders.watch', 'x')}`);
    expect(scene.says('n', end(2, 0))).toEqual([`c <- ${w2.reply('orders.watch', "''")}`]);
  });

  test('M10: its values are frames of one reply to a 0.1 client', () => {
    scene.nativeWorker('n', 'orders', 'watch*');
    scene.play(`c: ${w1.request('orders.watch', 'x')}`);
    expect(scene.says('n', part(1, 0, 'a'), part(1, 1, 'b'))).toEqual([]);
    expect(scene.says('n', end(1, 2))).toEqual([`c <- ${w1.reply('orders.watch', 'a', 'b')}`]);
  });

  /** What is told when a native stream goes on for more values than 0.1 can be given. */
  const long = (version: Version): string[] => {
    scene.nativeWorker('n', 'orders', 'watch*');
    scene.play(`c: ${WORDS[version].request('orders.watch', 'x')}`);
    return Array.from({ length: 1_100 }, (_, index) => scene.says('n', part(1, index, `${index}`))).flat();
  };
  const isWindow = (line: string): boolean => line.startsWith('n <- WINDOW');

  test('M10: a stream goes on as long as it likes to 0.2, window by window', () => {
    const told = long('0.2');
    expect(told.filter(isWindow).length).toBeGreaterThan(30);
    expect(told.filter((line) => line.startsWith('c <- MDPC02 | 02'))).toHaveLength(1_099);
  });

  test('M10: to 0.1 it ends with the 1,025th value, which is one more than is kept', () => {
    expect(long('0.1').filter((line) => !isWindow(line))).toEqual([
      `c <- ${w1.reply('orders.watch', '{mark}', 'REPLY_UNSENDABLE', 'ran yes, running')}`,
      'n <- CANCEL 1 cancelled',
    ]);
  });

  test('M10: so do 4 MiB', () => {
    scene.nativeWorker('n', 'orders', 'watch*');
    scene.play(`c: ${w1.request('orders.watch', 'x')}`);
    const mebibyte = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 4; index++) expect(scene.says('n', part(1, index, mebibyte))).toEqual([]);
    expect(scene.says('n', part(1, 4, 'x'))).toContain('n <- CANCEL 1 cancelled');
  });

  test('M10: a stream of which nobody knew when it was asked is asked again as one', () => {
    scene.play(`c: ${w1.request('orders.watch', 'x')}`);
    expect(scene.nativeWorker('n', 'orders', 'watch*')).toEqual(['n <- DISPATCH 1 {"mdp":"0.1"} "x"']);
    const body = encodeBody({ message: 'it is streamed' });
    const refusal = { code: 'STREAM_EXPECTED', ran: 'no', stage: 'dispatched', retryAfterMs: 0, retry: false } as const;
    expect(scene.says('n', { kind: Kind.error, ref: 1, ...refusal, body })).toEqual([
      'n <- DISPATCH 2 window=64 {"mdp":"0.1"} "x"',
    ]);
    expect(scene.says('n', part(2, 0, 'a'), end(2, 1))).toEqual([`c <- ${w1.reply('orders.watch', 'a')}`]);
  });

  test('M10: what is refused as no stream is not asked again as one without end', () => {
    scene.nativeWorker('n', 'orders', 'watch*');
    scene.play(`c: ${w2.request('orders.watch', 'x')}`);
    const body = encodeBody({ message: 'it is streamed' });
    const refusal = { code: 'STREAM_EXPECTED', ran: 'no', stage: 'dispatched', retryAfterMs: 0, retry: false } as const;
    expect(scene.says('n', { kind: Kind.error, ref: 1, ...refusal, body })).toEqual([
      expect.stringMatching(/^c <- MDPC02 \| 03 \| orders\.watch \| \{mark\} \| STREAM_EXPECTED/),
    ]);
  });

  test('M10: a native that leaves a stream early does not take its MDP worker out of service', () => {
    scene.play(`w: ${w2.ready('coffee')}`);
    scene.ask('n', 'coffee.call', { body: bytes('x'), window: 1 });
    scene.play("w: MDPW02 | 03 | #1 | '' | a", "w: MDPW02 | 03 | #1 | '' | b");
    scene.says('n', { kind: Kind.cancel, ref: 1, reason: 'cancelled' });
    scene.play(`w: ${w2.answer(1, 'c')}`);
    expect(scene.ask('m', 'coffee.call', { body: bytes('y') })).toEqual([`w <- ${w2.dispatch(2, 'y')}`]);
  });

  test('M8: a part of several frames is marked as a list of them, a part of one is that frame, whatever it looks like', () => {
    scene.play(`w: ${w2.ready('coffee')}`);
    scene.ask('n', 'coffee.call', { body: bytes('x'), window: 9 });
    const shown = (...frames: string[]): string =>
      JSON.stringify(Buffer.from(several(...frames).body).toString('latin1'));
    const alike = Buffer.from(several('a', 'b').body).toString('latin1');
    expect(
      scene.play(
        "w: MDPW02 | 03 | #1 | '' | a | b",
        `w: MDPW02 | 03 | #1 | '' | ${alike}`,
        "w: MDPW02 | 03 | #1 | '' | ''",
        "w: MDPW02 | 03 | #1 | '' | '' | ''",
        `w: ${w2.answer(1, 'c', 'd')}`,
      ),
    ).toEqual([
      `n <- PARTIAL 1 [0] list ${shown('a', 'b')}`,
      `n <- PARTIAL 1 [1] ${shown('a', 'b')}`,
      'n <- PARTIAL 1 [2] ""',
      `n <- PARTIAL 1 [3] list ${shown('', '')}`,
      `n <- PARTIAL 1 [4] list ${shown('c', 'd')}`,
      'n <- FINAL 1 end 5',
    ]);
  });

  test.each(VERSIONS)(
    'M8: frames of a value that a native worker marks as a list are frames to a %s client',
    (version) => {
      scene.nativeWorker('n', 'orders', 'watch*');
      scene.play(`c: ${WORDS[version].request('orders.watch', 'x')}`);
      const list = { kind: Kind.partial, ref: 1, index: 0, isFrameList: true, body: several('a', 'b').body } as const;
      const unmarked = { ...list, index: 1, isFrameList: false };
      const alike = Buffer.from(list.body).toString('latin1');
      const told = scene.says('n', list, unmarked, end(1, 2));
      expect(told).toEqual(
        {
          '0.1': [`c <- ${w1.reply('orders.watch', 'a', 'b', alike)}`],
          '0.2': ['c <- MDPC02 | 02 | orders.watch | a | b', `c <- ${w2.reply('orders.watch', alike)}`],
        }[version],
      );
    },
  );

  test('M10: PARTIALs of a 0.2 worker are a stream to a native that asked for one, and frames of one reply to who did not', () => {
    scene.play(`w: ${w2.ready('coffee')}`);
    expect(scene.ask('n', 'coffee.call', { body: bytes('x'), window: 1 })).toEqual([`w <- ${w2.dispatch(1, 'x')}`]);
    expect(
      scene.play("w: MDPW02 | 03 | #1 | '' | a", "w: MDPW02 | 03 | #1 | '' | b", `w: ${w2.answer(1, 'c')}`),
    ).toEqual(['n <- PARTIAL 1 [0] "a"']);
    const open = { kind: Kind.window, ref: 1, received: 1, allowed: 9, rewind: false } as const;
    expect(scene.says('n', open)).toEqual(['n <- PARTIAL 1 [1] "b"', 'n <- PARTIAL 1 [2] "c"', 'n <- FINAL 1 end 3']);
    scene.play(`c: ${w1.request('coffee', 'y')}`);
    expect(scene.play("w: MDPW02 | 03 | #2 | '' | a | b", `w: ${w2.answer(2, 'c')}`)).toEqual([
      `c <- ${w1.reply('coffee', 'a', 'b', 'c')}`,
    ]);
  });
});
