// What plain peers do wrong: what is served all the same, what is refused and how often, and what is reported. M20 to M24 of docs/mdp.md.

import type { BrokerEvent } from '@majordomo/broker';
import { Kind } from '@majordomo/protocol';
import { bytes, value } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS } from './words.js';

const w1 = WORDS['0.1'];

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

type Fault = BrokerEvent & { event: 'peer.fault' };
const faults = (): Fault[] => scene.events.filter((event) => event.event === 'peer.fault');

describe.each(VERSIONS)('MDP/%s', (version) => {
  const w = WORDS[version];

  test('M20: a reply without the empty frame behind the client is a reply, and an empty one is empty', () => {
    scene.play(`w: ${w.ready('coffee')}`);
    for (const [lease, sent, body] of [
      [1, 'hot', ['hot']],
      [2, 'hot | sweet', ['hot', 'sweet']],
      [3, "hot | ''", ['hot', "''"]],
      [4, "''", ["''"]],
      [5, "'' | ''", ["''"]],
    ] as const) {
      scene.play(`c: ${w.request('coffee', 'latte')}`);
      const bare = w.answer(lease, 'x').replace(/#(\d) \| '' \| x$/, `#$1 | ${sent}`);
      expect(scene.play(`w: ${bare}`)).toEqual([`c <- ${w.reply('coffee', ...body)}`]);
    }
    expect(scene.broker.counters.redelivered).toBe(0);
  });

  test('M20: so is a part of one; a reply that ends with the client is none', () => {
    const w2 = WORDS['0.2'];
    scene.play(`w: ${w2.ready('coffee')}`, `c: ${w2.request('coffee', 'latte')}`);
    expect(scene.play('w: MDPW02 | 03 | #1 | first')).toEqual(['c <- MDPC02 | 02 | coffee | first']);
    expect(scene.play(`w: ${w2.answer(1, 'x').replace(" | '' | x", '')}`)).toContain(`w <- ${w2.disconnect}`);
  });

  test('M21: a request without a body is answered with an error, and so is one for an empty name', () => {
    scene.play(`w: ${w.ready('coffee')}`);
    const error = (service: string, code: string): string[] => [
      `c <- ${w.reply(service, '{mark}', code, 'ran no, queued')}`,
    ];
    expect(scene.play(`c: ${w.request('coffee')}`)).toEqual(error('coffee', 'INVALID_ARGUMENT'));
    expect(scene.play(`c: ${w.request("''", 'x')}`)).toEqual(error("''", 'NO_SUCH_SERVICE'));
    expect(scene.play(`c: ${w.request("''")}`)).toEqual(error("''", 'NO_SUCH_SERVICE'));
    expect(scene.play(`c: ${w.request('mmi.service')}`)).toEqual([`c <- ${w.reply('mmi.service', '404')}`]);
    scene.openJournal();
    for (const name of ['titanic.request', 'titanic.reply', 'titanic.close'])
      expect(scene.play(`c: ${w.request(name)}`)).toEqual([`c <- ${w.reply(name, '400')}`]);
    // The connection is a client like any other.
    expect(scene.play(`c: ${w.request('coffee', 'latte')}`)).toEqual([`w <- ${w.dispatch(1, 'latte')}`]);
  });

  test('M23: a worker that repeats its mistake on one connection gets DISCONNECT once a second, at the end of it', () => {
    const bad = `w: ${w.ready('\u0001')}`;
    const answers = (): number => scene.told().filter((line) => line === `w <- ${w.disconnect}`).length;
    for (let i = 0; i < 100; i++) scene.handle({ kind: 'foreign', link: scene.link('w'), frames: scene.frames(bad) });
    expect(answers()).toBe(8);
    expect(scene.pass(999)).toEqual([]);
    expect(scene.pass(1)).toEqual([`w <- ${w.disconnect}`]);
    for (let ms = 0; ms < 5_000; ms++) {
      scene.handle({ kind: 'foreign', link: scene.link('w'), frames: scene.frames(bad) });
      scene.now += 1;
    }
    expect(answers()).toBeLessThanOrEqual(6);
    expect(scene.broker.memory.links.size).toBe(0);
    // It thinks better of it.
    scene.pass(1_000);
    scene.play(`w: ${w.ready('coffee')}`);
    expect(scene.play(`c: ${w.request('coffee', 'latte')}`)).toEqual([`w <- ${w.dispatch(1, 'latte')}`]);
  });

  test('M23: so does one that comes back on a new connection each time', () => {
    let told = 0;
    for (let i = 0; i < 1_000; i++) {
      told += scene.play(`w${i}: ${w.ready('\u0001')}`).length;
      scene.lose(`w${i}`);
    }
    expect(told).toBe(20);
    scene.pass(10_000);
    expect(scene.play(`v: ${w.ready('\u0001')}`)).toEqual([`v <- ${w.disconnect}`]);
  });

  test('M23: no worker waits that a restarted broker does not know', () => {
    for (let i = 0; i < 1_000; i++) expect(scene.play(`w${i}: ${w.heartbeat}`)).toEqual([`w${i} <- ${w.disconnect}`]);
  });

  test('M23: a connection that is registered again and again joins once a second', () => {
    for (let i = 0; i < 200; i++) scene.play(`w: ${w.ready('coffee')}`);
    const joined = (): number => scene.events.filter(({ event }) => event === 'worker.joined').length;
    expect(joined()).toBe(9);
    scene.pass(1_000);
    scene.play(`w: ${w.ready('coffee')}`);
    expect(joined()).toBe(10);
  });

  test('M24: a fault of one kind is reported once per peer, with what is wrong', () => {
    for (let i = 0; i < 3; i++) scene.play(`w: ${w.ready('mmi.x')}`, `v: ${w.heartbeat}`);
    scene.play(
      `u: ${w.ready('coffee')}`,
      `u: ${w.answer(3, 'x')}`,
      `u: ${w.ready('coffee')}`,
      `u: ${w.answer(3, 'x')}`,
    );
    expect(faults().map(({ fault, peer, reason }) => [fault, peer, reason])).toEqual([
      ['name', 'link-1', `READY for "mmi.x": the name is the broker's own`],
      ['unknown-worker', 'link-2', 'heartbeat of a worker that has not registered; it is told to'],
      ['out-of-place', 'link-3', 'a reply when it holds no request'],
    ]);
    // On its next connection it is another peer.
    scene.lose('w');
    scene.play(`w: ${w.ready('mmi.x')}`);
    expect(faults()).toHaveLength(4);
  });

  test('M24: worker.left says why', () => {
    scene.play(`w: ${w.ready('coffee')}`, `w: ${w.disconnect}`, `v: ${w.ready('coffee')}`, `v: ${w.ready('coffee')}`);
    expect(scene.events.filter(({ event }) => event === 'worker.left')).toEqual([
      { event: 'worker.left', identity: 'mdp-worker-1', reason: 'disconnect' },
      { event: 'worker.left', identity: 'mdp-worker-2', reason: 'a second READY on one connection' },
    ]);
  });
});

test.each([
  ['REQUEST as 02', 'c: MDPC02 | 02 | coffee | x', 'dialect', 'a client command 02: a dialect that writes REQUEST so'],
  ['REQUEST as 02 in 0.1', "c: '' | MDPC01 | 02 | coffee | x", 'dialect', 'MDPC01 with a command frame'],
  ['a worker header alone', "c: '' | MDPW01", 'unreadable', 'a worker command that is not known'],
  ['a request without a body', "c: '' | MDPC01 | coffee", 'no-body', 'a request for "coffee" without a body'],
  [
    'a name that cannot be',
    "c: '' | MDPC01 | \n\u001b[31m | x",
    'name',
    'a request for "\\x0a\\x1b[31m": a service name is printable',
  ],
])('M24: %s is reported as what it is', (_, line, fault, reason) => {
  scene.play(line);
  expect(faults()).toEqual([
    { event: 'peer.fault', fault, peer: 'link-1', reason: expect.stringContaining(reason), suppressed: 0 },
  ]);
});

test.each([
  [
    "other people's MDPC03",
    "s: '' | MDPC03 | 02 | coffee | x",
    /^it speaks "MDPC03", another dialect .* serves MDPC01/,
  ],
  ["other people's MDPW03", 's: MDPW03 | 06 | coffee', /^it speaks "MDPW03", another dialect/],
  ['MDPC0X', 's: MDPC0X | 01 | coffee | x', /^it speaks "MDPC0X", another dialect/],
  ['a plain REQ', "s: '' | hello", /^a ZeroMQ REQ socket or one that writes like it, and "hello" is no header/],
  ['HTTP', 's: GET / HTTP/1.1 | x', /^it speaks HTTP: this endpoint is for ZeroMQ/],
  ['the rest of an HTTP request', 's: x | abc\r\nHost: broker\r\n', /^it speaks HTTP/],
  ['anything else', 's: \u0000\u009b31m"\n', /^1 frames that begin with "\\x00\\x9b31m\\x22\\x0a": neither/],
])('M22: %s is refused, and the log says who it may be', (_, line, reason) => {
  scene.stranger('s');
  expect(scene.play(line)).toEqual(['s <- GOODBYE PROTOCOL_ERROR', 's is let go']);
  expect(scene.events).toEqual([
    { event: 'link.refused', code: 'PROTOCOL_ERROR', reason: expect.stringMatching(reason), identity: '' },
  ]);
});

test('M24: reports about all peers together are bounded, and the next one counts those left out', () => {
  for (let i = 0; i < 5_000; i++) {
    scene.stranger(`s${i}`);
    scene.play(`s${i}: x`, `c${i}: '' | MDPC01 | coffee`);
    scene.lose(`c${i}`);
  }
  expect(scene.events.filter(({ event }) => event === 'link.refused')).toHaveLength(10);
  expect(faults()).toHaveLength(10);
  scene.pass(10_000);
  scene.play("c: '' | MDPC01 | coffee");
  expect(faults().at(-1)).toMatchObject({ fault: 'no-body', suppressed: 4_990 });
});

test('M24: nothing of a peer is in a report but printable ASCII, and not much of it', () => {
  const name = '\u001b[2J\r\n"quoted\\ünï'.repeat(500);
  scene.play(`w: ${w1.ready(name)}`, `c: ${w1.request(name, 'x')}`);
  scene.stranger('s');
  scene.play(`s: ${name}`);
  const reasons = scene.events.flatMap((event) => ('reason' in event ? [event.reason] : []));
  expect(reasons).toHaveLength(3);
  for (const reason of reasons) {
    expect(reason).toMatch(/^[ -~]+$/);
    expect(reason.length).toBeLessThan(400);
  }
});

test('a native worker says why it leaves, in plain text', () => {
  scene.nativeWorker('n', 'orders', 'create');
  scene.ask('c', 'orders.create', { body: bytes('x') });
  scene.says('n', value(1, bytes('y')));
  scene.says('n', { kind: Kind.goodbye, code: undefined, reason: 'rebooting\u001b[2J' });
  expect(scene.events.find(({ event }) => event === 'worker.left')).toEqual({
    event: 'worker.left',
    identity: 'n',
    reason: 'rebooting\\x1b[2J',
  });
});
