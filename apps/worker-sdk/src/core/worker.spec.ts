// How requests come to a worker and end: one last word for each lease, whatever happens.

import { CANCEL_REASONS, Chance, Kind } from '@majordomo/protocol';
import { attach, bytes, cancel, dispatch, openTo, serving, Stage, taken, watch } from './stage.js';

describe('a worker and a broker that has just welcomed it', () => {
  it('offers each of its services without credit, and then gives the credit (W29)', () => {
    expect(new Stage().welcome('a')).toEqual(['a OFFER orders 0', 'a CREDIT 2', 'broker.connected a']);
  });

  it('greets every broker of its list apart', () => {
    const stage = serving(2, 'a');
    expect(stage.welcome('b')).toEqual(['b OFFER orders 0', 'b CREDIT 2', 'broker.connected b']);
  });

  it('takes nothing before the welcome', () => {
    const stage = new Stage();
    expect(stage.from('a', dispatch(1, 1))).toEqual([]);
  });

  it('says once that nobody answers, and goes on trying', () => {
    const stage = new Stage();
    expect(stage.wait(500)).toEqual(['unreached']);
    expect(stage.welcome('b')).toContain('b CREDIT 2');
    expect(stage.wait(500)).toEqual([]);
  });

  it('says that it was refused, and comes back', () => {
    const stage = new Stage();
    const refusal = { kind: Kind.goodbye, code: 'VERSION_MISMATCH', reason: 'too old' } as const;
    expect(stage.from('a', refusal)).toEqual(['broker.refused a']);
    stage.wait(20);
    expect(stage.welcome('a')).toContain('a CREDIT 2');
  });
});

describe('a request', () => {
  it('is started, and its value is the last word (W31)', () => {
    const stage = serving();
    expect(stage.from('a', dispatch(1, 5))).toEqual(['start 7-5']);
    expect(stage.value('7-5', 'hi')).toEqual(['a FINAL 1 hi']);
  });

  it('whose handler fails is answered with the error', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 HANDLER_FAILED yes']);
  });

  it('beyond the concurrency waits for a handler to end, in the order of arrival', () => {
    const stage = serving(2);
    expect(stage.from('a', dispatch(1, 1), dispatch(2, 2), dispatch(3, 3), dispatch(4, 4))).toEqual([
      'start 7-1',
      'start 7-2',
    ]);
    expect(stage.value('7-2')).toEqual(['a FINAL 2 v', 'start 7-3']);
    expect(stage.worker.facts()).toMatchObject({ running: 2, waiting: 1 });
  });

  it('handed out again while it runs is not started again; the newest lease of the broker gets the word (W34)', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual([]);
    expect(stage.value('7-5')).toEqual(['a FINAL 2 v']);
  });

  it('handed out by two brokers is run once and answered to both', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('b', dispatch(8, 5));
    expect(stage.value('7-5').sort()).toEqual(['a FINAL 1 v', 'b FINAL 8 v']);
  });

  it('handed out again after it ended is answered and not run', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', 'once');
    stage.from('a', taken(1));
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual(['a FINAL 2 once']);
    expect(stage.worker.counters).toMatchObject({ started: 1, duplicates: 1 });
  });

  it('that asks to be tried again is run again when it is handed out again', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.fail('7-5', { retry: true, retryAfterMs: 40 })).toEqual(['a ERROR 1 HANDLER_FAILED yes retry 40']);
    expect(stage.from('a', dispatch(2, 5, { attempt: 2 }))).toEqual(['start 7-5']);
  });

  it('for a method that is not offered is refused at once', () => {
    const stage = serving();
    expect(stage.from('a', dispatch(1, 5, { method: 77 }))).toEqual(['a ERROR 1 NO_SUCH_METHOD no']);
  });

  it('whose value is larger than the broker takes is answered REPLY_UNSENDABLE', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.value('7-5', 'x'.repeat(1_001))).toEqual(['a ERROR 1 REPLY_UNSENDABLE yes']);
  });

  it('is told of progress while it runs, not afterwards', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    const run = stage.run('7-5');
    stage.worker.handle({ kind: 'progressed', run, body: bytes('half') }, stage.now);
    expect(stage.seen()).toEqual(['a PROGRESS 1 half']);
    stage.value('7-5');
    stage.worker.handle({ kind: 'progressed', run, body: bytes('late') }, stage.now);
    expect(stage.seen()).toEqual([]);
  });
});

describe('limits of time', () => {
  it('a handler past the deadline is told to stop, and its failure is the deadline', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5, { timeLeftMs: 100 }));
    expect(stage.wait(100)).toEqual(['abort 7-5 deadline']);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 DEADLINE_EXCEEDED yes']);
  });

  it('a request whose deadline passes while it waits is never started', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2, { timeLeftMs: 100 }));
    expect(stage.wait(100)).toEqual(['a ERROR 2 DEADLINE_EXCEEDED no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
  });

  it('a handler past its execution limit is answered at once, and keeps its slot until it ends', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1, { method: 2 }), dispatch(2, 2));
    expect(stage.wait(50)).toEqual([
      'a ERROR 1 EXECUTION_TIMEOUT unknown',
      'a CREDIT 0',
      'abort 7-1 execution-timeout',
    ]);
    expect(stage.value('7-1')).toEqual(['a CREDIT 1', 'start 7-2']);
  });

  it('a request that overran is answered in the same way when it is handed out again', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { method: 2 }));
    stage.wait(50);
    expect(stage.from('a', dispatch(2, 1))).toContain('a ERROR 2 EXECUTION_TIMEOUT unknown');
    stage.value('7-1');
    expect(stage.from('a', dispatch(3, 1))).toEqual(['a ERROR 3 EXECUTION_TIMEOUT unknown']);
  });
});

it('names itself and the attempt in every error of its own (W71)', () => {
  const stage = serving(1);
  stage.from('a', dispatch(1, 1, { method: 2, attempt: 3 }), dispatch(2, 2, { timeLeftMs: 20, attempt: 2 }));
  stage.wait(20);
  stage.wait(30);
  stage.value('7-1');
  stage.from('a', dispatch(3, 3, { attempt: 4 }));
  stage.value('7-3', 'x'.repeat(1_001));
  stage.from('a', dispatch(4, 4, { method: 1, window: 0, attempt: 5 }), dispatch(5, 5, { method: 9, attempt: 6 }));
  stage.from('a', dispatch(6, 6, { attempt: 7 }));
  stage.from('a', { kind: Kind.cancel, ref: 6, reason: 'cancelled' });
  stage.fail('7-6');
  stage.from('a', dispatch(7, 7, { method: 1, window: 2, received: 3, attempt: 8 }));
  expect(stage.errors).toEqual([
    ['DEADLINE_EXCEEDED', { worker: 'w', attempt: 2 }],
    ['EXECUTION_TIMEOUT', { worker: 'w', attempt: 3 }],
    ['REPLY_UNSENDABLE', { worker: 'w', attempt: 4 }],
    ['STREAM_EXPECTED', { worker: 'w', attempt: 5 }],
    ['NO_SUCH_METHOD', { worker: 'w', attempt: 6 }],
    ['CANCELLED', { worker: 'w', attempt: 7 }],
    ['STREAM_BROKEN', { worker: 'w', attempt: 8 }],
  ]);
});

describe('cancelling', () => {
  it('tells the handler why, and waits for its end (W37)', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.from('a', cancel(1))).toEqual(['abort 7-5 cancelled']);
    expect(stage.from('a', cancel(1))).toEqual([]);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 CANCELLED yes']);
  });

  it('does not hide a value that came all the same', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.from('a', cancel(1));
    expect(stage.value('7-5')).toEqual(['a FINAL 1 v']);
  });

  it('of a request that waits answers that it was not started', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    expect(stage.from('a', cancel(2))).toEqual(['a ERROR 2 CANCELLED no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
  });

  it('by one broker does not stop what another one waits for', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('b', dispatch(1, 5));
    expect(stage.from('a', cancel(1, 'client-lost'))).toEqual(['a ERROR 1 CANCELLED yes']);
    expect(stage.value('7-5')).toEqual(['b FINAL 1 v']);
  });

  it('of a lease that is over is a late word: dropped and counted', () => {
    const stage = serving();
    expect(stage.from('a', cancel(99), openTo(99, 0, 5))).toEqual([]);
    expect(stage.worker.counters.lateWords).toBe(2);
  });

  it('that comes when the handler has just ended changes nothing: its value is remembered, and the request is not run again', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    // The broker takes the client for lost, and the handler returns before it is told so.
    stage.heard('a', cancel(1, 'client-lost'));
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v', 'abort 7-1 client-lost']);
    stage.lose('a');
    // Its client asks at another broker, which knows that it is held here.
    stage.back('b');
    expect(stage.from('b', attach(1, 1))).toEqual(['b FINAL 1 v']);
    expect(stage.from('b', dispatch(2, 1, { attempt: 2 }))).toEqual(['b FINAL 2 v']);
  });

  it('that comes when the handler has just failed by itself does not hide why', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.heard('a', cancel(1, 'cancelled'));
    expect(stage.fail('7-1')).toEqual(['a ERROR 1 HANDLER_FAILED yes', 'abort 7-1 cancelled']);
  });

  it('because the client was lost does not answer for it when it asks again: the request is run anew, after the stopped handler', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 5));
    stage.from('a', cancel(1, 'client-lost'));
    expect(stage.from('b', dispatch(3, 5, { attempt: 2 }))).toEqual([]);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 CANCELLED yes', 'start 7-5']);
    expect(stage.value('7-5')).toEqual(['b FINAL 3 v']);
  });
});

it('whatever a broker says in whatever order, the machine does not throw, and every lease gets one last word at most (W31)', () => {
  const chance = new Chance(4);
  const dice = (sides: number): number => Math.floor(chance.next() * sides);
  for (let round = 0; round < 60; round++) {
    const stage = serving(3, 'a', 'b');
    const said = new Map<string, number>();
    const given = new Map<string, number>();
    const note = (lines: string[]): void => {
      for (const text of lines) {
        const [broker, word, lease] = text.split(' ');
        if (word === 'FINAL' || word === 'ERROR' || word === 'RELEASE') {
          said.set(`${broker} ${lease}`, (said.get(`${broker} ${lease}`) ?? 0) + 1);
        }
      }
    };
    let lease = 0;
    for (let step = 0; step < 300; step++) {
      const broker = dice(2) === 0 ? 'a' : 'b';
      const request = 1 + dice(8);
      const ids = [...stage.runs.keys()];
      const id = ids[dice(ids.length)];
      const kind = dice(11);
      const ref = kind < 3 ? ++lease : 1 + dice(lease + 1);
      if (kind < 3) given.set(`${broker} ${ref}`, step);
      if (kind === 0) note(stage.from(broker, dispatch(ref, request, { timeLeftMs: 1 + dice(200) })));
      else if (kind === 1) note(stage.from(broker, watch(ref, request, 1 + dice(3))));
      else if (kind === 2) note(stage.from(broker, attach(ref, request, { window: dice(3), received: dice(4) })));
      else if (kind === 3) note(stage.from(broker, cancel(ref, CANCEL_REASONS[dice(6)])));
      else if (kind === 4) note(stage.from(broker, openTo(ref, dice(5), dice(9), dice(2) === 0)));
      else if (kind === 5) note(stage.from(broker, taken(dice(20))));
      else if (kind === 6 && dice(4) === 0) note([...stage.lose(broker), ...stage.back(broker)]);
      else if (kind === 7) note(stage.wait(dice(60)));
      else if (id !== undefined) {
        const flow = stage.run(id).flow;
        if (kind === 8 && flow?.isOpen === true) note(stage.yields(id, 'y'));
        else if (kind === 9) note(stage.value(id));
        else note(stage.fail(id, { retry: dice(3) === 0 }));
      }
    }
    expect([...said].filter(([lease, times]) => given.has(lease) && times > 1)).toEqual([]);
    const last = [...stage.drain(10), ...stage.wait(100_000)];
    expect(last.filter((text) => text.startsWith('left'))).toHaveLength(1);
  }
});

describe('a handler that was told to stop and does not end', () => {
  it('is reported once, keeps its slot, and is reported again when it ends', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 5, { timeLeftMs: 100 }), dispatch(2, 6));
    expect(stage.wait(100)).toEqual(['abort 7-5 deadline']);
    expect(stage.wait(999)).toEqual([]);
    expect(stage.worker.facts().stuck.size).toBe(0);
    expect(stage.wait(1)).toEqual(['stuck 7-5']);
    expect([...stage.worker.facts().stuck]).toEqual([stage.run('7-5')]);
    expect(stage.worker.facts()).toMatchObject({ running: 1, waiting: 1 });
    expect(stage.wait(5_000)).toEqual([]);
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 DEADLINE_EXCEEDED yes', 'unstuck 7-5', 'start 7-6']);
    expect(stage.worker.facts().stuck.size).toBe(0);
  });

  it('is reported also after it used the time of its method, and not when it ends in time', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5, { method: 2 }), dispatch(2, 6, { method: 2 }));
    stage.wait(50);
    stage.fail('7-6');
    expect(stage.wait(1_000)).toEqual(['stuck 7-5']);
    expect(stage.value('7-5')).toContain('unstuck 7-5');
  });
});
