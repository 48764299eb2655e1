// Who is who, and what names mean: M1 to M7 of docs/mdp.md, of the machine alone.

import { Kind } from '@majordomo/protocol';
import { bytes } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS } from './words.js';

/** A name in UTF-8, a character for each byte. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
const w1 = WORDS['0.1'];
const w2 = WORDS['0.2'];

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe('who is who', () => {
  test('M1: a connection is one client or one worker: a client that says READY is told DISCONNECT and its requests are given up', () => {
    scene.play(`both: ${w1.request('coffee', 'latte')}`);
    expect(scene.play(`both: ${w1.ready('coffee')}`)).toEqual([`both <- ${w1.disconnect}`]);
    expect(scene.play(`w: ${w1.ready('coffee')}`)).toEqual([]);
    // What it asks then is another client's first request, not its own for the second time.
    expect(scene.play(`both: ${w1.request('coffee', 'latte')}`)).toEqual([`w <- ${w1.dispatch(1, 'latte')}`]);
  });

  test('a worker hears its next request before the client hears the reply to the last one (G6)', () => {
    scene.play(
      `w: ${w1.ready('coffee')}`,
      `c: ${w1.request('coffee', 'latte')}`,
      `d: ${w2.request('coffee', 'mocha')}`,
    );
    expect(scene.play(`w: ${w1.answer(1, 'hot')}`)).toEqual([
      `w <- ${w1.dispatch(2, 'mocha')}`,
      `c <- ${w1.reply('coffee', 'hot')}`,
    ]);
  });

  test('M1: what a worker asks as a client is not answered', () => {
    scene.play(`w: ${w1.ready('coffee')}`);
    expect(scene.play(`w: ${w1.request('mmi.service', 'coffee')}`)).toEqual([]);
    expect(scene.play(`c: ${w1.request('coffee', 'latte')}`)).toEqual([`w <- ${w1.dispatch(1, 'latte')}`]);
  });

  test('M1: a routing id that comes back on another connection is another peer: READY is welcome there', () => {
    scene.play(`w: ${w1.ready('coffee')}`, `c: ${w1.request('coffee', 'latte')}`);
    scene.lose('w');
    expect(scene.play(`w: ${w1.ready('coffee')}`)).toEqual([`w <- ${w1.dispatch(1, 'latte')}`]);
  });

  test('M1: a connection that speaks natively gets no MDP, and one that speaks MDP cannot go native', () => {
    scene.nativeWorker('n', 'orders', 'create');
    expect(scene.play(`n: ${w1.heartbeat}`)).toEqual(['n <- GOODBYE PROTOCOL_ERROR', 'n is let go']);
    scene.play(`w: ${w1.ready('coffee')}`);
    expect(scene.says('w', { kind: Kind.heartbeat })).toEqual([`w <- ${w1.disconnect}`]);
    scene.play(`c: ${w1.request('coffee', 'latte')}`);
    const settled = { kind: Kind.settled, below: 9 } as const;
    expect(scene.says('c', settled)).toEqual([]);
    expect(scene.play(`w2: ${w1.ready('coffee')}`)).toEqual([`w2 <- ${w1.dispatch(1, 'latte')}`]);
  });

  test.each([
    'c: MDPC01 | coffee | x',
    "c: '' | MDPC01",
    'c: MDPC02 | 01',
    "c: '' | MDPC02",
    'c: MDPC02 | 02 | coffee | x',
  ])('M2: what cannot be read is dropped and counted: %s', (line) => {
    const before = scene.broker.counters.faults;
    expect(scene.play(line)).toEqual([]);
    expect(scene.broker.counters.faults).toBe(before + 1);
  });

  test.each([
    ['an unknown command', "'' | MDPW01 | 09", w1.disconnect],
    ['no command', "'' | MDPW01", w1.disconnect],
    ['READY without a service', 'MDPW02 | 01', w2.disconnect],
    ['a reply without a client', "'' | MDPW01 | 03 | '' | '' | x", w1.disconnect],
    ['a frame too many', 'MDPW02 | 05 | x', w2.disconnect],
  ])('M2: what says that it is from a worker, %s, is answered with DISCONNECT', (_, line, answer) => {
    expect(scene.play(`w: ${line}`)).toEqual([`w <- ${answer}`]);
  });

  test('M2: messages of nobody that is known lose their connection', () => {
    scene.stranger('x');
    expect(scene.play("x: '' | MDPX09 | 01")).toEqual(['x <- GOODBYE PROTOCOL_ERROR', 'x is let go']);
  });

  test.each(VERSIONS)(
    'M3: a worker of %s that is not known is told DISCONNECT, whatever it says but READY',
    (version) => {
      const w = WORDS[version];
      for (const line of [w.heartbeat, w.answer(1, 'x')])
        expect(scene.play(`w: ${line}`)).toEqual([`w <- ${w.disconnect}`]);
      expect(scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`)).toEqual([
        `w <- ${w.dispatch(1, 'latte')}`,
      ]);
    },
  );

  test.each(VERSIONS)(
    'M4: a reply of %s for another client reaches nobody, costs the worker its place, and the request goes on',
    (version) => {
      const w = WORDS[version];
      scene.play(`w: ${w.ready('coffee')}`, `x: ${w.ready('tea')}`);
      scene.play(`c: ${w.request('coffee', 'latte')}`, `d: ${w.request('tea', 'green')}`);
      // Both hold a lease; the frame of one means nothing from the other.
      expect(scene.play(`w: ${w.answer(7, 'forged')}`)).toEqual([`w <- ${w.disconnect}`]);
      expect(scene.play(`v: ${w.ready('coffee')}`)).toEqual([`v <- ${w.dispatch(1, 'latte')}`]);
      expect(scene.play(`v: ${w.answer(1, 'hot')}`)).toEqual([`c <- ${w.reply('coffee', 'hot')}`]);
    },
  );

  test.each(VERSIONS)(
    'M4: a late reply of %s to a request of before its DISCONNECT is no reply to what it holds now',
    (version) => {
      const w = WORDS[version];
      scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
      const before = scene.frames(`w: ${w.answer(1, 'latte for c')}`);
      scene.play(`w: ${w.ready('coffee')}`, `v: ${w.ready('coffee')}`, `d: ${w.request('coffee', 'mocha')}`);
      expect(scene.play(`w: ${w.ready('coffee')}`)).toEqual([`w <- ${w.dispatch(1, 'mocha')}`]);
      scene.send('w', before);
      expect(scene.told()).toEqual([`w <- ${w.disconnect}`]);
    },
  );

  test('M4: a PARTIAL for somebody else is dropped, and the worker stays', () => {
    scene.play(`w: ${w2.ready('coffee')}`, `c: ${w2.request('coffee', 'latte')}`);
    expect(scene.play("w: MDPW02 | 03 | #9 | '' | stray")).toEqual([]);
    expect(scene.play(`w: ${w2.answer(1, 'hot')}`)).toEqual([`c <- ${w2.reply('coffee', 'hot')}`]);
    expect(scene.play("w: MDPW02 | 03 | #1 | '' | stray")).toEqual([]);
    expect(scene.play(`c: ${w2.request('coffee', 'mocha')}`)).toEqual([`w <- ${w2.dispatch(2, 'mocha')}`]);
  });

  test.each(VERSIONS)(
    'M16: the client frame that a worker of %s gets is a short printable string, and never the same twice',
    (version) => {
      const w = WORDS[version];
      const frames = new Set<string>();
      for (const worker of ['w', 'v']) {
        scene.play(`${worker}: ${w.ready('coffee')}`);
        for (const drink of ['latte', 'mocha']) {
          scene.play(`c: ${w.request('coffee', drink)}`);
          const client = scene.last.at(-3) as string;
          expect(client).toMatch(/^[!-~]{8,32}$/);
          frames.add(client);
          scene.play(`${worker}: ${w.answer(scene.broker.memory.counters.requests % 2 === 1 ? 1 : 2, 'hot')}`);
        }
        scene.play(`${worker}: ${w.disconnect}`);
      }
      // The same connection again, and another start of the broker.
      scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'x')}`);
      frames.add(scene.last.at(-3) as string);
      scene = new Scene({ broker: { instance: 2 } });
      scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'x')}`);
      frames.add(scene.last.at(-3) as string);
      expect(frames.size).toBe(6);
    },
  );

  test('M5: silence is the end of a worker after mdpLiveness times mdpHeartbeatMs, and not before', () => {
    scene = new Scene({ mdp: { heartbeatMs: 4_000, liveness: 5 } });
    scene.play(`w: ${w1.ready('coffee')}`);
    expect(scene.pass(20_000 - 1)).not.toContain(`w <- ${w1.disconnect}`);
    expect(scene.pass(2_000)).toContain(`w <- ${w1.disconnect}`);
  });

  test('M19: a worker that holds a request may be silent for mdpBusySilenceMaxMs, and hears heartbeats meanwhile', () => {
    scene = new Scene({ mdp: { busySilenceMaxMs: 60_000, expiresMs: 600_000 } });
    scene.play(`w: ${w1.ready('coffee')}`, `v: ${w2.ready('tea')}`, `c: ${w1.request('coffee', 'latte')}`);
    const told = scene.pass(59_999);
    expect(told.filter((line) => line === `w <- ${w1.heartbeat}`).length).toBeGreaterThanOrEqual(23);
    expect(told.filter((line) => !line.endsWith(w1.heartbeat) && line.startsWith('w'))).toEqual([]);
    // The one that is idle has gone after three heartbeats.
    expect(told).toContain(`v <- ${w2.disconnect}`);
    expect(scene.play(`w: ${w1.answer(1, 'hot')}`)).toEqual([`c <- ${w1.reply('coffee', 'hot')}`]);
    expect(scene.broker.counters.redelivered).toBe(0);
    // Idle again, it is judged as before.
    expect(scene.pass(10_000)).toContain(`w <- ${w1.disconnect}`);
  });

  test('M19: when that time is over the request is handed to another, at most maxAttempts times in all', () => {
    scene = new Scene({ broker: { maxAttempts: 3 }, mdp: { busySilenceMaxMs: 60_000, expiresMs: 600_000 } });
    scene.play(`c: ${w1.request('coffee', 'latte')}`);
    for (const worker of ['u', 'v', 'w']) {
      expect(scene.play(`${worker}: ${w1.ready('coffee')}`)).toEqual([`${worker} <- ${w1.dispatch(1, 'latte')}`]);
      expect(scene.pass(59_999)).not.toContain(`${worker} <- ${w1.disconnect}`);
      const told = scene.pass(1).filter((line) => !line.endsWith(w1.heartbeat));
      const answer = `c <- ${w1.reply('coffee', '{mark}', 'ATTEMPTS_EXHAUSTED', 'ran unknown, running')}`;
      expect(told).toEqual([
        `${worker} <- ${w1.disconnect}`,
        ...(worker === 'w' ? [answer] : []),
        `${worker} is let go`,
      ]);
    }
    expect(scene.play(`x: ${w1.ready('coffee')}`)).toEqual([]);
    expect(scene.broker.counters.redelivered).toBe(2);
  });

  test('M19: a busy worker whose connection breaks is gone at once', () => {
    scene.play(`w: ${w1.ready('coffee')}`, `v: ${w1.ready('coffee')}`, `c: ${w1.request('coffee', 'latte')}`);
    expect(scene.lose('w')).toEqual([`v <- ${w1.dispatch(1, 'latte')}`]);
  });

  test('M5: a connection that breaks is the end at once, and a silent client is none', () => {
    scene.play(`w: ${w1.ready('coffee')}`, `c: ${w1.request('tea', 'green')}`);
    scene.lose('w');
    expect(scene.play(`d: ${w1.request('mmi.service', 'coffee')}`)).toEqual([`d <- ${w1.reply('mmi.service', '404')}`]);
    scene.pass(3_600_000);
    expect(scene.play(`x: ${w1.ready('tea')}`, `c: ${w1.request('tea', 'black')}`)).toEqual([
      `x <- ${w1.dispatch(1, 'black')}`,
    ]);
  });

  test('an empty frame in front of a 0.2 header is tolerated, and put before what that peer is answered', () => {
    scene.play("w: '' | MDPW02 | 01 | coffee");
    expect(scene.play(`c: '' | ${w2.request('coffee', 'latte')}`)).toEqual([`w <- '' | ${w2.dispatch(1, 'latte')}`]);
    expect(scene.play(`w: '' | ${w2.answer(1, 'hot')}`)).toEqual([`c <- '' | ${w2.reply('coffee', 'hot')}`]);
  });
});

describe('names', () => {
  test('M6: the whole name first, as a service with the method call; else divided at the last dot', () => {
    scene.nativeWorker('n', 'orders.create', 'call');
    expect(scene.play(`c: ${w1.request('orders.create', 'x')}`)).toEqual(['n <- DISPATCH 1 {"mdp":"0.1"} "x"']);
    scene.nativeWorker('m', 'shop.orders', 'create');
    expect(scene.play(`c: ${w1.request('shop.orders.create', 'y')}`)).toEqual(['m <- DISPATCH 1 {"mdp":"0.1"} "y"']);
    scene.nativeWorker('o', 'orders', 'create');
    expect(scene.play(`c: ${w1.request('orders.create', 'z')}`)).toEqual(['n <- DISPATCH 2 {"mdp":"0.1"} "z"']);
    scene.lose('n');
    expect(scene.play(`c: ${w1.request('orders.create', 'later')}`)).toEqual(['o <- DISPATCH 1 {"mdp":"0.1"} "later"']);
  });

  test('M6: a worker of coffee is coffee.call to native clients, one of orders.create is orders.create and shares the work', () => {
    scene.play(`w: ${w1.ready('coffee')}`, `v: ${w1.ready('orders.create')}`);
    expect(scene.ask('n', 'coffee.call', { body: bytes('latte') })).toEqual([`w <- ${w1.dispatch(1, 'latte')}`]);
    expect(scene.play(`w: ${w1.answer(1, 'hot')}`)).toEqual(['n <- FINAL 1 "hot"']);
    scene.nativeWorker('m', 'orders', 'create');
    const told = [1, 2].flatMap(() => scene.ask('n', 'orders.create', { body: bytes('o') }));
    expect(told.map((line) => line.split(' ')[0]).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['m', 'v']);
  });

  test.each(
    [
      ['my coffee', 'mdp:my:20coffee'],
      [utf8('café'), 'mdp:caf:c3:a9'],
      ['コーヒー', 'mdp:'],
      ['a+b (c)', 'mdp:a:2bb:20:28c:29'],
      ['-coffee', 'mdp:-coffee'],
      ['coffee.', 'mdp:coffee:2e'],
      ['mdp:my:20coffee', 'mdp:mdp:3amy:3a20coffee'],
      ['orders.create now', 'mdp:orders:2ecreate:20now'],
    ].map(([name = '', native = '']) => [name === 'コーヒー' ? utf8(name) : name, native] as const),
  )('M7: %p is served, and natively called %s', (name, native) => {
    expect(scene.play(`c: ${w1.request(name, 'before')}`)).toEqual([]);
    expect(scene.play(`w: ${w1.ready(name)}`)).toEqual([`w <- ${w1.dispatch(1, 'before')}`]);
    expect(scene.play(`w: ${w1.answer(1, 'x')}`)).toEqual([`c <- ${w1.reply(name, 'x')}`]);
    expect(scene.play(`c: ${w2.request('mmi.service', name)}`.replace('c:', 'd:'))).toEqual([
      `d <- ${w2.reply('mmi.service', '200')}`,
    ]);
    const [service = ''] = [...scene.broker.memory.services.keys()];
    expect(service.startsWith(native)).toBe(true);
    expect(scene.ask('n', `${service}.call`, { body: bytes('natively') })).toEqual([
      `w <- ${w1.dispatch(2, 'natively')}`,
    ]);
  });

  test('M7: no two plain names are one service, and a native one is reached by its own name', () => {
    const names = ['my coffee', 'my:20coffee', 'mdp:my:20coffee', 'my_coffee', 'My coffee', 'my  coffee'];
    names.forEach((name, at) => scene.play(`w${at}: ${w1.ready(name)}`));
    names.forEach((name, at) => {
      expect(scene.play(`c: ${w1.request(name, 'x')}`)).toEqual([`w${at} <- ${w1.dispatch(1, 'x')}`]);
    });
    scene.nativeWorker('n', 'a', '$x');
    expect(scene.play(`c: ${w1.request('a.$x', 'y')}`)).toEqual(['n <- DISPATCH 1 {"mdp":"0.1"} "y"']);
  });

  test.each([
    ['control characters', '\u0000\u0001'],
    ['a line break', 'my\ncoffee'],
    ['an escape', '\u001b[31mcoffee'],
    ['what is not UTF-8', 'ünï'],
    ['half a character', '\u00c3'],
    ['format characters', utf8('cof\u200bfee')],
    ['a name that is too long', 'x'.repeat(300)],
    ['a name that is too long natively', ' '.repeat(90)],
  ])('M7: nobody is called by %s', (_, name) => {
    expect(scene.play(`w: ${w1.ready(name)}`)).toEqual([`w <- ${w1.disconnect}`]);
    expect(scene.play(`c: ${w1.request(name, 'x')}`)).toEqual([
      `c <- ${w1.reply(name, '{mark}', 'NO_SUCH_SERVICE', 'ran no, queued')}`,
    ]);
    expect(scene.broker.memory.services.size).toBe(0);
  });

  test.each(['mmi.x', 'titanic.request', 'majordomo', 'majordomo.info'])('M7: %s is not to be served', (name) => {
    expect(scene.play(`w: ${w1.ready(name)}`)).toEqual([`w <- ${w1.disconnect}`]);
  });
});
