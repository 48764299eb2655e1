// How a worker leaves.

import { DRAIN, Kind } from '@majordomo/protocol';
import { attach, dispatch, serving, taken } from './stage.js';

describe('a drain', () => {
  it('takes nothing new, gives back what was not started, finishes, and leaves when all was taken (W38)', () => {
    const stage = serving(1);
    stage.from('a', dispatch(1, 1), dispatch(2, 2));
    expect(stage.drain()).toEqual(['a DRAIN', 'a RELEASE 2 no', 'a CREDIT 0']);
    expect(stage.from('a', dispatch(3, 3))).toEqual(['a RELEASE 3 no']);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
    expect(stage.from('a', taken(2))).toEqual(['broker.serving a']);
    expect(stage.from('a', taken(3))).toEqual(['a GOODBYE', 'left 0']);
  });

  it('of an idle worker is over at once', () => {
    expect(serving().drain()).toEqual(['a DRAIN', 'a CREDIT 0', 'a GOODBYE', 'left 0']);
  });

  it('is over at once when the broker is gone that had not taken a reply', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.lose('a');
    expect(stage.drain(9_000)).toEqual(['left 0']);
  });

  it('is over when the broker leaves that had not taken a reply', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.drain(9_000);
    expect(stage.value('7-1')).toEqual(['a FINAL 1 v']);
    expect(stage.from('a', { kind: Kind.goodbye, code: undefined, reason: '' })).toContain('left 0');
  });

  it('gives a broker that is back a moment to ask for the reply that it had not taken, and no more', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.lose('a');
    stage.back('a');
    expect(stage.drain(9_000)).toEqual(['a DRAIN', 'a CREDIT 0']);
    expect(stage.wait(2_999)).not.toContain('left 0');
    expect(stage.wait(1)).toContain('left 0');
  });

  it('is over as soon as the broker that is back has asked for it and taken it', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.lose('a');
    stage.back('a');
    stage.drain(9_000);
    expect(stage.from('a', attach(1, 1))).toContain('a FINAL 1 v');
    expect(stage.from('a', taken(1))).toContain('left 0');
  });

  it('is over at once when a broker was back long before', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    stage.lose('a');
    stage.back('a');
    stage.wait(3_000);
    expect(stage.drain(9_000)).toContain('left 0');
  });

  it('asks the other brokers when one of several is gone', () => {
    const stage = serving();
    stage.welcome('b');
    stage.from('a', dispatch(1, 1));
    stage.value('7-1');
    expect(stage.lose('a')).toContain('b HOLDS 7-1 #1 finished');
    stage.drain(9_000);
    expect(stage.wait(2_900)).not.toContain('left 0');
    expect(stage.wait(100)).toContain('left 0');
  });

  it('waits for the handler whose broker is gone, and not for anybody to take what it returns', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.lose('a');
    expect(stage.drain(9_000)).toEqual([]);
    expect(stage.value('7-1')).toEqual(['left 0']);
  });

  it('stops what runs at its time limit', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.drain(300);
    expect(stage.wait(300)).toEqual(['a RELEASE 1 unknown', 'a GOODBYE', 'abort 7-1 drain', 'left 1']);
    expect(stage.value('7-1')).toEqual([]);
  });

  it('is told to a broker that comes meanwhile, together with what is held', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.drain();
    expect(stage.welcome('b')).toEqual(['b OFFER orders 0', 'b HOLDS 7-1 #1', 'b DRAIN', 'broker.connected b']);
  });

  it('of the broker is told, and changes nothing else', () => {
    const stage = serving();
    expect(stage.from('a', DRAIN)).toEqual(['broker.draining a']);
    expect(stage.from('a', dispatch(1, 1))).toEqual(['start 7-1']);
  });

  it('close does not wait', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1));
    stage.worker.handle({ kind: 'close' }, stage.now);
    expect(stage.seen()).toEqual(['a RELEASE 1 unknown', 'a GOODBYE', 'abort 7-1 drain', 'left 1']);
    expect(stage.worker.wakeAt()).toBe(Infinity);
  });
});
