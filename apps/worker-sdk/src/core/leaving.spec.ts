// How a worker leaves.

import { DRAIN } from '@majordomo/protocol';
import { dispatch, serving, taken } from './stage.js';

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

  it('waits for a broker that is away to take a reply, until the deadline of the request', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 1, { timeLeftMs: 500 }));
    stage.value('7-1');
    stage.lose('a');
    expect(stage.drain(9_000)).toEqual([]);
    expect(stage.wait(500)).toContain('left 0');
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
