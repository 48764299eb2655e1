// What RFC 7 (MDP/0.1) and RFC 18 (MDP/0.2) ask of a broker, sentence by sentence, of the machine alone.
//
// Each test is named by its section and says the sentence in our words; sentences that are in both are asked in both. What they ask of clients,
// of workers and of sockets is tried with peers of another make in test/interop.

import { Scene } from './scene.js';
import { RFC, VERSIONS, WORDS } from './words.js';

const HEARTBEAT_MS = 2_500;

describe.each(VERSIONS)('MDP/%s', (version) => {
  const w = WORDS[version];
  const rfc = RFC[version];
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  const ready = (...workers: readonly string[]): string[] =>
    scene.play(...workers.map((name) => `${name}: ${w.ready('coffee')}`));

  test(`${rfc}, overall topology: clients and workers do not see each other, and both come and go as they like`, () => {
    expect(scene.play(`c1: ${w.request('coffee', 'latte')}`)).toEqual([]);
    expect(ready('w1')).toEqual([`w1 <- ${w.dispatch(1, 'latte')}`]);
    expect(scene.lose('c1')).toEqual([]);
    expect(scene.play(`w1: ${w.answer(1, 'for nobody')}`)).toEqual([]);
    expect(scene.play(`c2: ${w.request('coffee', 'mocha')}`)).toEqual([`w1 <- ${w.dispatch(2, 'mocha')}`]);
  });

  test(`${rfc}, overall topology: a worker has at most one request at a time, and gives one reply to each`, () => {
    ready('w1');
    const asked = ['one', 'two', 'three'].map((each) => `c: ${w.request('coffee', each)}`);
    expect(scene.play(...asked)).toEqual([`w1 <- ${w.dispatch(1, 'one')}`]);
    expect(scene.play(`w1: ${w.answer(1, '1')}`)).toEqual([
      `w1 <- ${w.dispatch(2, 'two')}`,
      `c <- ${w.reply('coffee', '1')}`,
    ]);
    expect(scene.play(`w1: ${w.answer(2, '2')}`)).toEqual([
      `w1 <- ${w.dispatch(3, 'three')}`,
      `c <- ${w.reply('coffee', '2')}`,
    ]);
  });

  test(`${rfc}, overall topology: one queue per service, with many clients and many workers`, () => {
    ready('w1', 'w2');
    scene.play(`t: ${w.ready('tea')}`);
    const [one, two, three] = [
      `c1: ${w.request('coffee', 'a')}`,
      `c2: ${w.request('coffee', 'b')}`,
      `c3: ${w.request('coffee', 'c')}`,
    ];
    expect(scene.play(one, two, three, `c1: ${w.request('tea', 'green')}`)).toEqual([
      `w1 <- ${w.dispatch(1, 'a')}`,
      `w2 <- ${w.dispatch(1, 'b')}`,
      `t <- ${w.dispatch(1, 'green')}`,
    ]);
    expect(scene.play(`w2: ${w.answer(1, 'B')}`)).toEqual([
      `w2 <- ${w.dispatch(2, 'c')}`,
      `c2 <- ${w.reply('coffee', 'B')}`,
    ]);
  });

  test(`${rfc}, MDP/Client: the reply says the header, the service as it was asked for, and the body, frame by frame`, () => {
    ready('w1');
    scene.play(`c: ${w.request('coffee', 'a', "''", '01')}`);
    expect(scene.play(`w1: ${w.answer(1, '02', "''", 'z')}`)).toEqual([`c <- ${w.reply('coffee', '02', "''", 'z')}`]);
  });

  test(`${rfc}, MDP/Client: a body is opaque: every byte comes through as it is`, () => {
    ready('w1');
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    expect(scene.play(`c: ${w.request('coffee', all)}`)).toEqual([`w1 <- ${w.dispatch(1, all)}`]);
    expect(scene.play(`w1: ${w.answer(1, all)}`)).toEqual([`c <- ${w.reply('coffee', all)}`]);
  });

  test(`${rfc}, MDP/Client: requests for a service that nobody has registered are queued, and expire in the time that is set`, () => {
    scene = new Scene({ mdp: { expiresMs: 5_000 } });
    scene.play(`c: ${w.request('coffee', 'latte')}`, `d: ${w.request('tea', 'green')}`);
    expect(scene.pass(4_999)).toEqual([]);
    expect(ready('w1')).toEqual([`w1 <- ${w.dispatch(1, 'latte')}`]);
    expect(scene.pass(1).filter((line) => line.startsWith('d'))).toEqual([
      `d <- ${w.reply('tea', '{mark}', 'DEADLINE_EXCEEDED', 'ran no, queued')}`,
    ]);
  });

  test(`${rfc}, opening and closing: many workers may handle the same service`, () => {
    expect(ready('w1', 'w2', 'w3')).toEqual([]);
    expect(scene.play(`c: ${w.request('mmi.service', 'coffee')}`)).toEqual([`c <- ${w.reply('mmi.service', '200')}`]);
  });

  test(`${rfc}, opening and closing: there is no response to a READY`, () => {
    expect(ready('w1')).toEqual([]);
  });

  test(`${rfc}, opening and closing: a further READY is answered with DISCONNECT, and nothing more is sent to that worker`, () => {
    ready('w1');
    expect(ready('w1')).toEqual([`w1 <- ${w.disconnect}`]);
    expect(scene.play(`c: ${w.request('coffee', 'latte')}`)).toEqual([]);
    expect(scene.pass(4 * HEARTBEAT_MS)).toEqual([]);
  });

  test(`${rfc}, opening and closing: DISCONNECT may come at any time, also before READY, and then nothing is sent to that worker`, () => {
    expect(scene.play(`w1: ${w.disconnect}`)).toEqual([]);
    ready('w2');
    expect(scene.play(`w2: ${w.disconnect}`, `c: ${w.request('coffee', 'latte')}`)).toEqual([]);
    expect(scene.pass(4 * HEARTBEAT_MS)).toEqual([]);
    expect(ready('w3')).toEqual([`w3 <- ${w.dispatch(1, 'latte')}`]);
  });

  test(`${rfc}, opening and closing: DISCONNECT of a busy worker is no reply: another one gets its request`, () => {
    ready('w1');
    scene.play(`c: ${w.request('coffee', 'latte')}`);
    expect(scene.play(`w1: ${w.disconnect}`)).toEqual([]);
    expect(ready('w2')).toEqual([`w2 <- ${w.dispatch(1, 'latte')}`]);
  });

  test.each([
    ['a reply when nothing is outstanding', w.answer(1, 'x')],
    ['HEARTBEAT before READY', w.heartbeat],
  ])(
    `${rfc}, opening and closing: a valid command that is not expected, %s, is answered with DISCONNECT and nothing more`,
    (_, command) => {
      expect(scene.play(`w1: ${command}`)).toEqual([`w1 <- ${w.disconnect}`]);
      expect(scene.pass(4 * HEARTBEAT_MS)).toEqual([]);
    },
  );

  test(`${rfc}, opening and closing: so is a second reply to one request, and it reaches nobody`, () => {
    ready('w1');
    scene.play(`c: ${w.request('coffee', 'latte')}`, `w1: ${w.answer(1, 'hot')}`);
    expect(scene.play(`w1: ${w.answer(1, 'again')}`)).toEqual([`w1 <- ${w.disconnect}`]);
    expect(scene.play(`c: ${w.request('coffee', 'mocha')}`)).toEqual([]);
  });

  test(`${rfc}, opening and closing: a worker that was told DISCONNECT comes back with READY, on this or another connection`, () => {
    scene.play(`w1: ${w.heartbeat}`, `c: ${w.request('coffee', 'latte')}`);
    expect(ready('w1')).toEqual([`w1 <- ${w.dispatch(1, 'latte')}`]);
    scene.lose('w1');
    expect(ready('w1')).toEqual([`w1 <- ${w.dispatch(1, 'latte')}`]);
  });

  test(`${rfc}, request and reply: precisely one client frame, an empty one behind it; that frame is the only way back`, () => {
    ready('w1');
    expect(scene.play(`c: ${w.request('coffee', 'latte')}`)).toEqual([`w1 <- ${w.dispatch(1, 'latte')}`]);
    expect(scene.play(`w1: ${w.answer(1, 'hot')}`)).toEqual([`c <- ${w.reply('coffee', 'hot')}`]);
    scene.play(`c: ${w.request('coffee', 'mocha')}`);
    expect(scene.play(`w1: ${w.answer(2, 'hot').replace('#2', 'c')}`)).toEqual([`w1 <- ${w.disconnect}`]);
  });

  test(`${rfc}, heartbeating: HEARTBEAT is valid at any time after READY, busy or idle, and is not answered`, () => {
    ready('w1');
    expect(scene.play(`w1: ${w.heartbeat}`, `w1: ${w.heartbeat}`)).toEqual([]);
    scene.play(`c: ${w.request('coffee', 'latte')}`);
    expect(scene.play(`w1: ${w.heartbeat}`, `w1: ${w.answer(1, 'hot')}`)).toEqual([`c <- ${w.reply('coffee', 'hot')}`]);
  });

  test(`${rfc}, heartbeating: the broker sends them at regular intervals, no longer than agreed, busy or idle`, () => {
    ready('idle');
    scene.play(`busy: ${w.ready('tea')}`, `c: ${w.request('tea', 'green')}`);
    for (let beat = 0; beat < 5; beat++) {
      const told = scene.pass(HEARTBEAT_MS);
      expect(told).toContain(`idle <- ${w.heartbeat}`);
      expect(told).toContain(`busy <- ${w.heartbeat}`);
      scene.play(`idle: ${w.heartbeat}`, `busy: ${w.heartbeat}`);
    }
  });

  test(`${rfc}, heartbeating: any command counts as one`, () => {
    ready('w1');
    scene.pass(2 * HEARTBEAT_MS);
    scene.play(`c: ${w.request('coffee', 'latte')}`, `w1: ${w.answer(1, 'hot')}`);
    scene.pass(2 * HEARTBEAT_MS);
    expect(scene.play(`c: ${w.request('coffee', 'mocha')}`)).toEqual([`w1 <- ${w.dispatch(2, 'mocha')}`]);
  });

  test(`${rfc}, heartbeating: after three silent intervals a worker is gone, is sent nothing more, and its request goes to another`, () => {
    // To the letter, also for a worker at work; by default that one may be silent for longer (M19).
    scene = new Scene({ mdp: { busySilenceMaxMs: 0 } });
    ready('w1');
    scene.play(`c: ${w.request('coffee', 'latte')}`);
    const told = scene.pass(3 * HEARTBEAT_MS + 1_000);
    expect(told.filter((line) => !line.endsWith(w.heartbeat))).toEqual([`w1 <- ${w.disconnect}`, 'w1 is let go']);
    expect(told.indexOf(`w1 <- ${w.disconnect}`)).toBe(told.length - 2);
    expect(scene.pass(4 * HEARTBEAT_MS)).toEqual([]);
    expect(ready('w2')).toEqual([`w2 <- ${w.dispatch(1, 'latte')}`]);
  });

  test(`${rfc}, goals: the broker recovers from dead workers by sending their requests to others`, () => {
    ready('w1', 'w2');
    scene.play(`c: ${w.request('coffee', 'latte')}`);
    expect(scene.lose('w1')).toEqual([`w2 <- ${w.dispatch(1, 'latte')}`]);
    expect(scene.play(`w2: ${w.answer(1, 'hot')}`)).toEqual([`c <- ${w.reply('coffee', 'hot')}`]);
  });

  test("RFC 8: names that begin with mmi. are the broker's own: who registers one is told DISCONNECT", () => {
    expect(scene.play(`w1: ${w.ready('mmi.service')}`, `w2: ${w.ready('mmi.anything')}`)).toEqual([
      `w1 <- ${w.disconnect}`,
      `w2 <- ${w.disconnect}`,
    ]);
  });

  test('RFC 8: mmi.service says 200 while somebody serves the name, 404 otherwise; other mmi. names are 501', () => {
    ready('w1');
    const asked = [w.request('mmi.service', 'coffee'), w.request('mmi.service', 'tea'), w.request('mmi.magic', 'x')];
    expect(scene.play(...asked.map((each) => `c: ${each}`))).toEqual([
      `c <- ${w.reply('mmi.service', '200')}`,
      `c <- ${w.reply('mmi.service', '404')}`,
      `c <- ${w.reply('mmi.magic', '501')}`,
    ]);
    scene.lose('w1');
    expect(scene.play(`c: ${w.request('mmi.service', 'coffee')}`)).toEqual([`c <- ${w.reply('mmi.service', '404')}`]);
  });
});

describe('MDP/0.1 alone', () => {
  const w = WORDS['0.1'];

  test('RFC 7, MDP/Client and MDP/Worker: every command begins with an empty frame; without it there is none', () => {
    const scene = new Scene();
    expect(scene.play('c: MDPC01 | coffee | latte')).toEqual([]);
    expect(scene.play('w1: MDPW01 | 01 | coffee')).toEqual(["w1 <- '' | MDPW01 | 05"]);
    expect(scene.play(`d: ${w.request('mmi.service', 'coffee')}`)).toEqual([`d <- ${w.reply('mmi.service', '404')}`]);
  });

  test('RFC 7, MDP/Worker: 03, 04 and 05 are REPLY, HEARTBEAT and DISCONNECT, which mean other things in 0.2', () => {
    const scene = new Scene();
    scene.play("w1: '' | MDPW01 | 01 | coffee", `c: ${w.request('coffee', 'latte')}`);
    expect(scene.play("w1: '' | MDPW01 | 04", "w1: '' | MDPW01 | 03 | #1 | '' | hot")).toEqual([
      `c <- ${w.reply('coffee', 'hot')}`,
    ]);
    expect(scene.play("w1: '' | MDPW01 | 05", "w1: '' | MDPW01 | 06")).toEqual(["w1 <- '' | MDPW01 | 05"]);
  });
});

describe('MDP/0.2 alone', () => {
  const w = WORDS['0.2'];

  test('RFC 18, MDP/Client and MDP/Worker: there is no empty frame in front', () => {
    const scene = new Scene();
    scene.play('w1: MDPW02 | 01 | coffee');
    expect(scene.play('c: MDPC02 | 01 | coffee | latte')).toEqual(["w1 <- MDPW02 | 02 | #1 | '' | latte"]);
    expect(scene.play("w1: MDPW02 | 04 | #1 | '' | hot")).toEqual(['c <- MDPC02 | 03 | coffee | hot']);
  });

  test('RFC 18, MDP/Client: a client gets zero or more PARTIALs, then FINAL, and nothing after that', () => {
    const scene = new Scene();
    scene.nativeWorker('n', 'orders', 'watch*');
    expect(scene.play(`c: ${w.request('orders.watch', 'x')}`)).toEqual(['n <- DISPATCH 1 window=64 {"mdp":"0.2"} "x"']);
    const value = (index: number, text: string) =>
      ({ kind: 25, ref: 1, index, isFrameList: false, body: Buffer.from(text) }) as const;
    expect(scene.says('n', value(0, 'a'), value(1, 'b'))).toEqual(['c <- MDPC02 | 02 | orders.watch | a']);
    const end = { kind: 27, ref: 1, end: true, count: 2, headers: Buffer.alloc(0), body: Buffer.alloc(0) } as const;
    expect(scene.says('n', end)).toEqual(['c <- MDPC02 | 03 | orders.watch | b']);
    expect(scene.says('n', value(2, 'c'))).toEqual([]);
  });

  test('RFC 18, request and reply: a worker says zero or more PARTIALs and exactly one FINAL to each request', () => {
    const scene = new Scene();
    scene.play(`w1: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
    scene.play("w1: MDPW02 | 03 | #1 | '' | one", "w1: MDPW02 | 03 | #1 | '' | two", `w1: ${w.answer(1, 'three')}`);
    expect(scene.play(`w1: ${w.answer(1, 'four')}`)).toEqual([`w1 <- ${w.disconnect}`]);
  });

  test('RFC 18, opening and closing: PARTIAL before READY is answered with DISCONNECT', () => {
    expect(new Scene().play("w1: MDPW02 | 03 | #1 | '' | x")).toEqual([`w1 <- ${w.disconnect}`]);
  });
});
