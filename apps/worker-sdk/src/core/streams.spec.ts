// Streams at the worker: windows, rewinds, new leases.

import { attach, cancel, dispatch, openTo, serving, watch } from './stage.js';

describe('a stream', () => {
  it('is refused when one value is asked for (W43)', () => {
    expect(serving().from('a', watch(1, 5, 0))).toEqual(['a ERROR 1 STREAM_EXPECTED no']);
  });

  it('is made as far as the window goes, and goes on when it opens (W39)', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 2));
    expect(stage.yields('7-5', 'x', 'y')).toEqual(['a PARTIAL 1 [0] x', 'a PARTIAL 1 [1] y']);
    expect(stage.run('7-5').flow?.isOpen).toBe(false);
    expect(stage.from('a', openTo(1, 1, 3))).toEqual(['resume 7-5']);
    expect(stage.yields('7-5', 'z')).toEqual(['a PARTIAL 1 [2] z']);
    expect(stage.value('7-5', '')).toEqual(['a FINAL 1 end 3']);
  });

  it('is sent again from the first value that was lost (W41)', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y', 'z');
    expect(stage.from('a', openTo(1, 1, 5, true))).toEqual(['a PARTIAL 1 [1] y', 'a PARTIAL 1 [2] z']);
  });

  it('goes on under a new lease where the client stands (W40)', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 3));
    stage.yields('7-5', 'x', 'y');
    stage.lose('a');
    stage.yields('7-5', 'z');
    stage.back('a');
    expect(stage.from('a', attach(2, 5, { window: 4, received: 1 }))).toEqual([
      'a PARTIAL 2 [1] y',
      'a PARTIAL 2 [2] z',
      'a CREDIT 2',
      'resume 7-5',
    ]);
    expect(stage.value('7-5', '')).toEqual(['a FINAL 2 end 3']);
  });

  it('that ended while its client was away is sent to its end, and the end says how many there were (W42)', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y');
    stage.lose('a');
    stage.value('7-5', '');
    stage.back('a');
    expect(stage.from('a', attach(2, 5, { window: 1, received: 0 }))).toEqual(['a PARTIAL 2 [0] x']);
    expect(stage.from('a', openTo(2, 1, 2))).toEqual(['a PARTIAL 2 [1] y', 'a FINAL 2 end 2']);
  });

  it('whose lost values are no longer kept is broken', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y');
    stage.from('a', openTo(1, 2, 6));
    expect(stage.from('a', attach(2, 5, { window: 4, received: 0 }))).toEqual([
      'a ERROR 2 STREAM_BROKEN unknown',
      'a CREDIT 1',
      'abort 7-5 lease-lost',
    ]);
  });

  it('that a new run cannot continue is broken at once (W44)', () => {
    const more = { method: 1, window: 4, received: 3 };
    expect(serving().from('a', dispatch(1, 5, more))).toEqual(['a ERROR 1 STREAM_BROKEN unknown']);
  });

  it('fails after its values', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x');
    expect(stage.fail('7-5')).toEqual(['a ERROR 1 HANDLER_FAILED yes']);
  });

  it('that is cancelled while values wait for the window ends at once', () => {
    const stage = serving();
    stage.from('a', watch(1, 5, 4));
    stage.yields('7-5', 'x', 'y', 'z');
    stage.lose('a');
    stage.back('a');
    stage.from('a', attach(2, 5, { window: 1, received: 0 }));
    stage.value('7-5', '');
    expect(stage.from('a', cancel(2))).toEqual(['a ERROR 2 CANCELLED yes']);
  });
});
