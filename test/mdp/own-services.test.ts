// The broker's own services for plain clients, MMI (RFC 8) and Titanic (RFC 9): M14 and M15 of docs/mdp.md, of the machine alone.

import { several, value } from './natives.js';
import { Scene } from './scene.js';
import { VERSIONS, WORDS } from './words.js';

const MARK = 'MAJORDOMO-ERROR';

describe.each(VERSIONS)('for MDP/%s', (version) => {
  const w = WORDS[version];
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  /** @returns the frames of the reply, without what stands before them. */
  const ask = (service: string, ...body: readonly string[]): string[] => {
    scene.play(`c: ${w.request(service, ...body)}`);
    return scene.last.slice(scene.last.indexOf(service) + 1);
  };

  test('M14: mmi.service says 200 for a plain worker and for a native method, and 404 for nobody and for no name', () => {
    scene.play(`w: ${w.ready('coffee')}`);
    scene.nativeWorker('n', 'orders', 'create');
    const said = ['coffee', 'orders.create', 'orders', 'orders.delete', 'tea', "''", 'with space'];
    expect(said.map((name) => ask('mmi.service', name)[0])).toEqual(['200', '200', '404', '404', '404', '404', '404']);
  });

  test('M14: mmi.services and mmi.workers are lists in JSON, which say who speaks what', () => {
    scene.play(`w: ${w.ready('coffee')}`);
    expect(JSON.parse(ask('mmi.services', "''")[0] ?? '')).toEqual([
      expect.objectContaining({ service: 'coffee', methods: ['call'], workers: 1 }),
    ]);
    expect(JSON.parse(ask('mmi.workers', "''")[0] ?? '')).toEqual([
      expect.objectContaining({ protocol: `MDP/${version}`, state: 'ready' }),
    ]);
  });

  test('M14: any other mmi. name is 501', () => {
    expect(ask('mmi.teapot', 'x')).toEqual(['501']);
  });

  test('M15: a uuid of 32 characters is told when the request is on disk, not before', () => {
    scene.openJournal();
    scene.isStalled = true;
    expect(scene.play(`c: ${w.request('titanic.request', 'coffee', 'latte')}`)).toEqual([]);
    expect(scene.syncs()).toHaveLength(1);
    const [status, uuid] = scene.last.slice(-2);
    expect(status).toBe('200');
    expect(uuid).toMatch(/^[0-9a-f]{32}$/);
  });

  test('M15: titanic.reply is 300 until there is a result, then 200 with its frames, as often as it is asked', () => {
    scene.openJournal();
    const [, uuid = ''] = ask('titanic.request', 'coffee', 'a', 'b');
    expect(ask('titanic.reply', uuid)).toEqual(['300']);
    expect(scene.play(`w: ${w.ready('coffee')}`)).toEqual([`w <- ${w.dispatch(1, 'a', 'b')}`]);
    expect(ask('titanic.reply', uuid)).toEqual(['300']);
    scene.play(`w: ${w.answer(1, 'hot', 'sweet')}`);
    expect(ask('titanic.reply', uuid)).toEqual(['200', 'hot', 'sweet']);
    expect(ask('titanic.reply', uuid)).toEqual(['200', 'hot', 'sweet']);
  });

  test('M15: titanic.reply is 400 for what is not known, whatever it looks like', () => {
    scene.openJournal();
    const [, uuid = ''] = ask('titanic.request', 'coffee', 'latte');
    for (const other of ['x', "''", '0'.repeat(32), uuid.toUpperCase().replace(/.$/, 'z'), `${uuid}0`])
      expect(ask('titanic.reply', other)).toEqual(['400']);
  });

  test('M15: titanic.close forgets it, cancels what has not been done, and is 200 again for what is not there', () => {
    scene.openJournal();
    const [, uuid = ''] = ask('titanic.request', 'coffee', 'latte');
    expect(ask('titanic.close', uuid)).toEqual(['200']);
    expect(ask('titanic.close', uuid)).toEqual(['200']);
    expect(ask('titanic.reply', uuid)).toEqual(['400']);
    expect(scene.play(`w: ${w.ready('coffee')}`)).toEqual([]);
  });

  test('M15: a broker that stores nothing says 500, one whose disk is full 500 and why', () => {
    expect(ask('titanic.request', 'coffee', 'latte')[0]).toMatch(/^500/);
    expect(ask('titanic.reply', 'x')[0]).toMatch(/^500/);
    scene.openJournal();
    scene.handle({ kind: 'journal-room', hasRoom: false });
    expect(ask('titanic.request', 'coffee', 'latte').slice(0, 3)).toEqual(['500', MARK, 'STORE_FULL']);
    scene.handle({ kind: 'journal-room', hasRoom: true });
    expect(ask('titanic.request', 'coffee', 'latte')[0]).toBe('200');
  });

  test.each([
    ['without a body', 'coffee'],
    ['for an empty name', "''", 'x'],
    ['for a name that nobody can have', '\u0001', 'x'],
    ['for mmi', 'mmi.service', 'coffee'],
    ['for titanic itself', 'titanic.request', 'coffee', 'x'],
    ['for titanic.close', 'titanic.close', '0'.repeat(32)],
    ["for the native broker's own service", 'majordomo.info', 'x'],
  ])('M17: titanic.request %s is 400 alone, and stores nothing', (_, ...body) => {
    scene.openJournal();
    expect(ask('titanic.request', ...body)).toEqual(['400']);
    expect(scene.broker.memory.journal.count).toBe(0);
  });

  test('M18: whoever counts from its own uuid neither reads nor closes the request of another', () => {
    scene.openJournal();
    const [, mine = ''] = ask('titanic.request', 'coffee', 'mine');
    const [, theirs = ''] = ask('titanic.request', 'coffee', 'theirs');
    const next = (Number.parseInt(mine.slice(0, 14), 16) + 1).toString(16).padStart(14, '0');
    expect(theirs.slice(0, 14)).toBe(next);
    for (const guess of [
      next + mine.slice(14),
      next + '0'.repeat(18),
      theirs.slice(0, 31) + (theirs.endsWith('0') ? 1 : 0),
    ]) {
      expect(ask('titanic.reply', guess)).toEqual(['400']);
      expect(ask('titanic.close', guess)).toEqual(['200']);
    }
    expect(ask('titanic.reply', theirs)).toEqual(['300']);
    expect(ask('titanic.close', theirs)).toEqual(['200']);
    expect(ask('titanic.reply', theirs)).toEqual(['400']);
  });

  test('M15: a stored failure is 200 and the error of M11', () => {
    scene = new Scene({ broker: { maxAttempts: 1 } });
    scene.openJournal();
    const [, uuid = ''] = ask('titanic.request', 'coffee', 'latte');
    scene.play(`w: ${w.ready('coffee')}`);
    scene.lose('w');
    expect(ask('titanic.reply', uuid).slice(0, 3)).toEqual(['200', MARK, 'ATTEMPTS_EXHAUSTED']);
  });

  test('M12: no stored result looks like an error', () => {
    scene.openJournal();
    const [, uuid = ''] = ask('titanic.request', 'orders.create', 'x');
    scene.nativeWorker('n', 'orders', 'create');
    const { headers, body } = several(MARK, 'BUSY', '{}');
    scene.says('n', value(1, body, headers));
    expect(ask('titanic.reply', uuid).slice(0, 3)).toEqual(['200', MARK, 'REPLY_UNSENDABLE']);
  });
});
