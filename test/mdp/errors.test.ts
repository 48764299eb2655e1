// How failures are told to clients whose protocol has no word for them: M11 to M13 of docs/mdp.md, of the machine alone.

import { bytes, end, failed, part, several, value } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS } from './words.js';

const w1 = WORDS['0.1'];
const w2 = WORDS['0.2'];
const MARK = 'MAJORDOMO-ERROR';

describe.each(VERSIONS)('to MDP/%s', (version) => {
  const w = WORDS[version];
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  const errorOf = (service: string, code: string, rest: string): string =>
    `c <- ${w.reply(service, '{mark}', code, rest)}`;

  test('M11: a failure is a reply of three frames: the mark, the code, and the rest as JSON', () => {
    scene.nativeWorker('n', 'orders', 'create');
    scene.play(`c: ${w.request('orders.create', 'x')}`);
    expect(scene.says('n', failed(1))).toEqual([errorOf('orders.create', 'HANDLER_FAILED', 'ran yes, running')]);
    expect(scene.last.slice(-3, -1)).toEqual([MARK, 'HANDLER_FAILED']);
    expect(JSON.parse(scene.last.at(-1) ?? '')).toEqual({
      message: 'no beans',
      ran: 'yes',
      stage: 'running',
      retryAfterMs: 0,
      details: { left: 0 },
    });
  });

  test('M11: so is a request whose workers all died', () => {
    scene = new Scene({ broker: { maxAttempts: 1 } });
    scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
    expect(scene.lose('w')).toEqual([errorOf('coffee', 'ATTEMPTS_EXHAUSTED', 'ran unknown, running')]);
  });

  test('M11: when the broker closes, whoever waits is told so, and not left in silence', () => {
    scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`, `d: ${w.request('tea', 'green')}`);
    const told = scene.close();
    expect(told).toContain(errorOf('coffee', 'CLOSED', 'ran unknown, client'));
    expect(told).toContain(`d <- ${w.reply('tea', '{mark}', 'CLOSED', 'ran unknown, client')}`);
    expect(told).toContain(`w <- ${w.disconnect}`);
  });

  test('M11: a broker that drains answers at once, and finishes what it has', () => {
    scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
    scene.handle({ kind: 'drain', timeoutMs: 60_000 });
    expect(scene.told()).toEqual([]);
    expect(scene.play(`d: ${w.request('coffee', 'mocha')}`)).toEqual([
      `d <- ${w.reply('coffee', '{mark}', 'DRAINING', 'ran no, queued')}`,
    ]);
    expect(scene.play(`w: ${w.answer(1, 'hot')}`)).toEqual([`c <- ${w.reply('coffee', 'hot')}`]);
  });

  test('M11: a broker that has too many links says so to a client, and DISCONNECT to a worker', () => {
    scene = new Scene({ broker: { linksMax: 1 } });
    scene.play(`x: ${w.ready('coffee')}`);
    expect(scene.play(`w: ${w.ready('coffee')}`)).toEqual([`w <- ${w.disconnect}`]);
    const busy = errorOf('coffee', 'BUSY', 'ran no, queued');
    expect(scene.play(`c: ${w.request('coffee', 'latte')}`, `c: ${w.request('coffee', 'mocha')}`)).toEqual([
      busy,
      busy,
    ]);
    // They stay, and are served when there is room.
    scene.lose('x');
    expect(scene.play(`w: ${w.ready('coffee')}`)).toEqual([]);
    scene.lose('w');
    expect(scene.play(`c: ${w.request('mmi.service', 'coffee')}`)).toEqual([`c <- ${w.reply('mmi.service', '404')}`]);
  });

  test.each(VERSIONS)('M12: no reply of a %s worker looks like an error: it becomes one', (other) => {
    scene.play(`w: ${WORDS[other].ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
    expect(scene.play(`w: ${WORDS[other].answer(1, '{mark}', 'BUSY', 'x').replace('{mark}', MARK)}`)).toEqual([
      errorOf('coffee', 'REPLY_UNSENDABLE', 'ran yes, running'),
    ]);
    // One frame more or less is a result like any other.
    scene.play(`c: ${w.request('coffee', 'mocha')}`);
    expect(scene.play(`w: ${WORDS[other].answer(2, MARK, 'BUSY')}`)).toHaveLength(1);
    expect(scene.last.slice(-2)).toEqual([MARK, 'BUSY']);
  });

  test('M12: nor does one that came in parts', () => {
    scene.play(`w: ${w2.ready('coffee')}`, `c: ${w1.request('coffee', 'latte')}`);
    scene.play(`w: MDPW02 | 03 | #1 | '' | ${MARK}`, `w: MDPW02 | 03 | #1 | '' | BUSY`);
    expect(scene.play(`w: ${w2.answer(1, '{}')}`)).toEqual([
      `c <- ${w1.reply('coffee', '{mark}', 'REPLY_UNSENDABLE', 'ran yes, running')}`,
    ]);
  });

  test('M12: nor does one of a native service', () => {
    scene.nativeWorker('n', 'orders', 'create');
    scene.play(`c: ${w.request('orders.create', 'x')}`);
    const { headers, body } = several(MARK, 'BUSY', '{}');
    expect(scene.says('n', value(1, body, headers))).toEqual([
      errorOf('orders.create', 'REPLY_UNSENDABLE', 'ran yes, running'),
    ]);
  });

  test('M13: every request is answered within mdpExpiresMs, waiting or at work', () => {
    scene = new Scene({ mdp: { expiresMs: 9_000 } });
    scene.nativeWorker('n', 'orders', 'create');
    scene.play(`c: ${w.request('orders.create', 'x')}`, `d: ${w.request('tea', 'x')}`);
    expect(scene.pass(8_999)).not.toContainEqual(expect.stringContaining('{mark}'));
    expect(scene.pass(1)).toEqual(
      expect.arrayContaining([
        errorOf('orders.create', 'DEADLINE_EXCEEDED', 'ran unknown, running'),
        `d <- ${w.reply('tea', '{mark}', 'DEADLINE_EXCEEDED', 'ran no, queued')}`,
        'n <- CANCEL 1 deadline',
      ]),
    );
  });

  test('M13: a plain worker at work when the time is over keeps its place until it answers, and that answer is dropped', () => {
    scene = new Scene({ mdp: { expiresMs: 5_000 } });
    scene.play(`w: ${w.ready('coffee')}`, `c: ${w.request('coffee', 'latte')}`);
    expect(scene.pass(5_000)).toContain(errorOf('coffee', 'DEADLINE_EXCEEDED', 'ran unknown, running'));
    expect(scene.play(`d: ${w.request('coffee', 'mocha')}`)).toEqual([]);
    expect(scene.play(`w: ${w.answer(1, 'late')}`)).toEqual([`w <- ${w.dispatch(2, 'mocha')}`]);
  });

  test('M13: a full queue is BUSY at once, with the time to wait', () => {
    scene = new Scene({ broker: { queueLengthMax: 1 } });
    scene.play(`c: ${w.request('coffee', 'one')}`);
    expect(scene.play(`c: ${w.request('coffee', 'two')}`)).toEqual([errorOf('coffee', 'BUSY', 'ran no, queued')]);
    const { retryAfterMs } = JSON.parse(scene.last.at(-1) ?? '') as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
  });
});

test('M12: three values of a stream that are gathered for a 0.1 client do not look like an error either', () => {
  const scene = new Scene();
  scene.nativeWorker('n', 'orders', 'watch*');
  scene.play(`c: ${w1.request('orders.watch', 'x')}`);
  expect(scene.says('n', part(1, 0, MARK), part(1, 1, 'BUSY'), part(1, 2, '{}'), end(1, 3))).toEqual([
    `c <- ${w1.reply('orders.watch', '{mark}', 'REPLY_UNSENDABLE', 'ran yes, running')}`,
  ]);
});

test('M12: a native client gets the error itself', () => {
  const scene = new Scene();
  scene.play(`w: ${w1.ready('coffee')}`);
  scene.ask('n', 'coffee.call', { body: bytes('latte') });
  expect(scene.play(`w: ${w1.answer(1, MARK, 'BUSY', '{}')}`)).toEqual([
    'n <- ERROR 1 REPLY_UNSENDABLE yes the reply cannot be passed on: it begins like an error',
  ]);
  // Also when it comes in parts.
  scene.play(`v: ${w2.ready('tea')}`);
  scene.ask('n', 'tea.call', { body: bytes('green') });
  scene.play(`v: MDPW02 | 03 | #1 | '' | ${MARK} | BUSY`);
  expect(scene.play(`v: ${w2.answer(1, '{}')}`)).toEqual([
    expect.stringMatching(/^n <- ERROR 2 REPLY_UNSENDABLE yes /),
  ]);
});
