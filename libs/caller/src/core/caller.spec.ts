// How a call is asked and how it ends.

import { decodeBody, Kind, WIRE_LIMITS } from '@majordomo/protocol';
import { end, error, final, Rig } from './rig.js';

const busy = { code: 'BUSY', ran: 'no', stage: 'queued', retryAfterMs: 100 } as const;

describe('a call', () => {
  test('is named once on its link, numbered from 1, and ends with the value', () => {
    const rig = Rig.open();
    const first = rig.call();
    const second = rig.call();
    expect(rig.sent().map(({ record }) => record)).toMatchObject([
      { kind: Kind.name, number: 0, service: 'echo', method: 'say' },
      { kind: Kind.request, ref: 1, name: 0, timeLeftMs: 30_000, ageMs: 0, window: 0 },
      { kind: Kind.request, ref: 2, name: 0 },
    ]);
    rig.from('a', final(second), final(first));
    const [, ho] = rig.events();
    expect(ho).toMatchObject({ kind: 'value', request: first });
    expect(ho?.kind === 'value' && decodeBody(ho.body)).toBe('ho');
    expect(rig.caller.inFlight).toBe(0);
  });

  test('ends with the error that the broker tells', () => {
    const rig = Rig.open();
    rig.from('a', error(rig.call(), { code: 'NO_SUCH_SERVICE', ran: 'no', stage: 'queued' }));
    expect(rig.events()).toMatchObject([
      { kind: 'error', error: { code: 'NO_SUCH_SERVICE', ran: 'no', message: 'no' } },
    ]);
  });

  test('ends once: late words are dropped and counted', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.from('a', final(request), final(request), error(request, {}));
    expect(rig.events()).toHaveLength(1);
    expect(rig.caller.late).toBe(2);
  });

  test('of a streamed method is told to use a stream', () => {
    const rig = Rig.open();
    rig.from('a', end(rig.call(), 3));
    expect(rig.errors()).toEqual(['STREAM_EXPECTED yes']);
  });

  test('gives the oldest number to a new name when all are in use', () => {
    const rig = new Rig();
    rig.start();
    rig.welcome('a', { namesMax: 2 });
    for (const address of ['s.one', 's.two', 's.three', 's.one', 's.three']) rig.call({}, address);
    const words = rig.sent().map(({ record }) => {
      if (record.kind === Kind.name) return `${record.method}=${record.number}`;
      return record.kind === Kind.request ? `#${record.name}` : '?';
    });
    expect(words).toEqual(['one=0', '#0', 'two=1', '#1', 'three=0', '#0', 'one=1', '#1', '#0']);
  });
});

describe('a deadline', () => {
  test('is left to the broker for 50 ms, then the call ends here', () => {
    const rig = Rig.open();
    rig.call({ deadlineMs: 1_000 });
    rig.pass(1_049);
    expect(rig.errors()).toEqual([]);
    rig.pass(1);
    expect(rig.errors()).toEqual(['DEADLINE_EXCEEDED unknown']);
  });

  test('travels as it was given, whatever fraction of a millisecond the clock shows', () => {
    const rig = Rig.open();
    const most = WIRE_LIMITS.timeMaxMs;
    for (let i = 0; i < 1_000; i++) {
      rig.now += 0.1;
      rig.call({ deadlineMs: i % 2 === 0 ? 500 : most });
    }
    expect(new Set(rig.asked().map(({ timeLeftMs }) => timeLeftMs))).toEqual(new Set([500, most]));
  });

  test('of less than a millisecond is still one: 0 would mean that none was given', () => {
    const rig = Rig.open();
    rig.call({ deadlineMs: 0.2 });
    expect(rig.asked()).toMatchObject([{ timeLeftMs: 1 }]);
  });

  test('that has passed is not asked for', () => {
    const rig = Rig.open();
    rig.call({ deadlineMs: 0 });
    expect(rig.asked()).toEqual([]);
    expect(rig.errors()).toEqual(['DEADLINE_EXCEEDED no']);
  });

  test('without any broker is NO_BROKER naming the endpoints, and nothing ran', () => {
    const rig = new Rig(['a', 'b']);
    rig.start();
    rig.events();
    rig.call({ deadlineMs: 1_000 });
    rig.pass(1_000);
    expect(rig.events()).toMatchObject([
      { kind: 'error', error: { code: 'NO_BROKER', ran: 'no', message: 'no broker answers at a, b' } },
    ]);
  });

  test('after the only broker was lost is NO_BROKER, and it may have run', () => {
    const rig = Rig.open();
    rig.call({ deadlineMs: 1_000 });
    rig.lose('a');
    rig.pass(1_000);
    expect(rig.errors()).toEqual(['NO_BROKER unknown']);
  });
});

describe('cancelling', () => {
  test('ends the call at once and tells the broker', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.sent();
    rig.cancel(request);
    expect(rig.sent()).toMatchObject([{ record: { kind: Kind.cancel, ref: 1, reason: 'cancelled' } }]);
    expect(rig.errors()).toEqual(['CANCELLED unknown']);
    rig.cancel(request);
    rig.from('a', final(request));
    expect(rig.events()).toEqual([]);
  });

  test('a call that no broker has says that it did not run', () => {
    const rig = new Rig();
    rig.start();
    rig.cancel(rig.call());
    expect(rig.errors()).toEqual(['CANCELLED no']);
  });
});

describe('a busy broker', () => {
  test('is asked again after its time, jittered, with the same id', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.sent();
    rig.from('a', error(request, busy));
    rig.pass(49);
    expect(rig.asked()).toEqual([]);
    rig.pass(101);
    // It did not run anywhere: it is asked as for the first time.
    expect(rig.asked()).toMatchObject([{ ref: 1, ageMs: 0 }]);
    rig.from('a', final(request));
    expect(rig.events()).toMatchObject([{ kind: 'value' }]);
  });

  test('is told to the caller when the pause would pass the deadline', () => {
    const rig = Rig.open();
    rig.from('a', error(rig.call({ deadlineMs: 40 }), busy));
    expect(rig.errors()).toEqual(['BUSY no']);
  });

  test('is told to the caller when the retry budget is spent, and calls earn it back', () => {
    const rig = Rig.open();
    const requests = Array.from({ length: 12 }, () => rig.call());
    rig.from('a', ...requests.map((request) => error(request, busy)));
    // 10 at start and a tenth for each of 12 calls make 11.
    expect(rig.errors()).toEqual(['BUSY no']);
    for (let i = 0; i < 8; i++) rig.call();
    rig.from('a', error(rig.call(), busy));
    expect(rig.errors()).toEqual([]);
  });

  test('leaves the call to another broker', () => {
    const rig = Rig.open(['a', 'b']);
    const request = rig.call();
    const [{ broker } = { broker: '' }] = rig.asked();
    rig.from(broker, error(request, busy));
    rig.pass(150);
    expect(rig.asked()).toMatchObject([{ ref: 1, broker: broker === 'a' ? 'b' : 'a' }]);
  });

  test('is what the caller is when it has as many in flight as it may', () => {
    const rig = Rig.open(['a'], { inFlightMax: 2 });
    for (let i = 0; i < 3; i++) rig.call();
    expect(rig.asked()).toHaveLength(2);
    expect(rig.errors()).toEqual(['BUSY no']);
  });
});

describe('bounds', () => {
  test('a body larger than the broker takes is not sent', () => {
    const rig = Rig.open();
    rig.call({ body: new Uint8Array(1_000_001) });
    expect(rig.asked()).toEqual([]);
    expect(rig.errors()).toEqual(['MESSAGE_TOO_LARGE no']);
  });

  test('a broker is not asked for more than it allows one client', () => {
    const rig = new Rig();
    rig.start();
    rig.welcome('a', { requestsMax: 1 });
    const first = rig.call();
    rig.call();
    expect(rig.asked()).toMatchObject([{ ref: 1 }]);
    rig.from('a', final(first));
    rig.pass(150);
    expect(rig.asked()).toMatchObject([{ ref: 2 }]);
  });
});

describe('SETTLED', () => {
  test('is cumulative and goes with the next request', () => {
    const rig = Rig.open();
    const [first, second, third] = [rig.call(), rig.call(), rig.call()];
    rig.from('a', final(second), final(third));
    rig.call();
    expect(rig.sent().filter(({ record }) => record.kind === Kind.settled)).toEqual([]);
    rig.from('a', final(first));
    rig.call();
    const settled = rig.sent().filter(({ record }) => record.kind === Kind.settled);
    expect(settled).toMatchObject([{ record: { below: 4 } }]);
  });

  test('goes in place of a heartbeat when there is no next request', () => {
    const rig = Rig.open();
    rig.from('a', final(rig.call()));
    rig.sent();
    rig.pass(999);
    expect(rig.sent()).toEqual([]);
    rig.pass(1);
    expect(rig.sent()).toMatchObject([{ record: { kind: Kind.settled, below: 2 } }]);
  });
});

describe('closing', () => {
  test('settles everything and says goodbye', () => {
    const rig = Rig.open();
    rig.call();
    rig.call({ window: 4 });
    rig.close();
    rig.close();
    expect(rig.errors()).toEqual(['CLOSED unknown', 'CLOSED unknown']);
    expect(rig.sent().at(-1)?.record.kind).toBe(Kind.goodbye);
    rig.call();
    expect(rig.errors()).toEqual(['CLOSED no']);
    expect(rig.caller.wakeAt()).toBe(Infinity);
  });

  test('says what was settled before, and nothing of what is given up now', () => {
    const rig = Rig.open();
    const done = rig.call();
    rig.call();
    rig.from('a', final(done));
    rig.sent();
    rig.close();
    expect(rig.sent().map(({ record }) => record)).toMatchObject([
      { kind: Kind.settled, below: 2 },
      { kind: Kind.goodbye },
    ]);
  });

  test('settles a caller that never reached a broker', () => {
    const rig = new Rig();
    rig.start();
    rig.call();
    rig.close();
    expect(rig.events()).toMatchObject([
      { kind: 'error', error: { code: 'CLOSED', ran: 'no' } },
      { kind: 'unreached', error: { code: 'CLOSED' } },
    ]);
  });
});
