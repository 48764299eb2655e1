// What becomes of runs and replies when a link is lost, and how brokers learn of them.

import { WORKER_LIMITS } from './limits.js';
import { attach, dispatch, serving, taken } from './stage.js';

describe('a lost link', () => {
  it('leaves handlers running; the broker is told what is held when it is back, before the credit (W35)', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    expect(stage.lose('a')).toEqual(['broker.lost a']);
    expect(stage.back('a')).toEqual(['a OFFER orders 0', 'a HOLDS 7-5 #1', 'a CREDIT 1', 'broker.connected a']);
    expect(stage.from('a', attach(11, 5))).toEqual(['a CREDIT 2']);
    expect(stage.value('7-5')).toEqual(['a FINAL 11 v']);
  });

  it('does not lose a reply that came meanwhile, and says it under the new lease alone (W32)', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.lose('a');
    expect(stage.value('7-5', 'kept')).toEqual([]);
    expect(stage.back('a')).toContain('a HOLDS 7-5 #1 finished');
    expect(stage.from('a', attach(11, 5))).toEqual(['a FINAL 11 kept']);
  });

  it('does not lose a reply that was sent and not taken (W33)', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', 'kept');
    stage.lose('a');
    stage.wait(9_000);
    expect(stage.welcome('a')).toContain('a HOLDS 7-5 #1 finished');
  });

  it('makes replies doubtful that were taken just before, not those taken long before', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.now += WORKER_LIMITS.holdsBeforeLossMs + 1;
    stage.from('a', dispatch(2, 2));
    stage.value('7-2');
    stage.from('a', taken(2));
    stage.lose('a');
    expect(stage.back('a')).toEqual([
      'a OFFER orders 0',
      'a HOLDS 7-2 #1 finished',
      'a CREDIT 2',
      'broker.connected a',
    ]);
  });

  it('is told to the other brokers at once', () => {
    const stage = serving(3, 'a', 'b');
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    stage.from('b', dispatch(1, 3));
    stage.value('7-2');
    expect(stage.lose('a').sort()).toEqual(
      ['a HOLDS 7-1 #1', 'a HOLDS 7-2 #1 finished', 'b CREDIT 2', 'broker.lost a']
        .map((text) => text.replace(/^a /, 'b '))
        .sort(),
    );
    expect(stage.from('b', attach(9, 1))).toEqual(['b CREDIT 3']);
    expect(stage.value('7-1')).toEqual(['b FINAL 9 v']);
  });

  it('ends what was not started (W36)', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    stage.lose('a');
    expect(stage.value('7-1')).toEqual([]);
    expect(stage.back('a')).not.toContain('a HOLDS 7-2 #1');
  });

  it('an attempt that nobody holds any more is given back as unknown', () => {
    const stage = serving();
    expect(stage.from('a', attach(4, 44))).toEqual(['a RELEASE 4 unknown']);
  });
});

describe('what is remembered', () => {
  it('is bounded by count: the oldest that was taken goes first', () => {
    const stage = serving();
    for (let request = 1; request <= WORKER_LIMITS.outcomesHeardMax + 1; request++) {
      stage.from('a', dispatch(request, request));
      stage.value(`7-${request}`);
      stage.from('a', taken(request));
    }
    expect(stage.worker.facts().remembered).toBe(WORKER_LIMITS.outcomesHeardMax);
    expect(stage.from('a', dispatch(90_000, 1))).toEqual(['start 7-1']);
    expect(stage.from('a', dispatch(90_001, 2))).toEqual(['a FINAL 90001 v']);
  });

  it('is bounded by age', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.from('a', taken(1));
    stage.wait(WORKER_LIMITS.outcomeAgeMs + 1_000);
    expect(stage.worker.facts().remembered).toBe(0);
  });

  it('is kept beyond that age while no broker has taken it, until its deadline', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { timeLeftMs: 100_000 }));
    stage.value('7-1');
    stage.wait(99_000);
    expect(stage.worker.facts().remembered).toBe(1);
    stage.wait(2_000);
    expect(stage.worker.facts().remembered).toBe(0);
  });

  it('asks for no more time than it needs', () => {
    const stage = serving(2, 'a', 'b');
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.from('a', taken(1));
    expect(stage.worker.wakeAt()).toBeGreaterThan(stage.now + 59_000);
  });
});
