// What happens to requests when links to brokers come and go.

import { DRAIN, Kind } from '@majordomo/protocol';
import { error, final, Rig } from './rig.js';

describe('connecting', () => {
  test('is reached with the first welcome', () => {
    const rig = new Rig(['a', 'b']);
    rig.start();
    rig.welcome('b');
    expect(rig.events()).toMatchObject([{ kind: 'broker.connected', endpoint: 'b' }, { kind: 'reached' }]);
    rig.pass(5_000);
    expect(rig.events().filter(({ kind }) => kind === 'unreached')).toEqual([]);
  });

  test('gives up in time, naming the brokers and what they said', () => {
    const rig = new Rig(['a', 'b']);
    rig.start(500);
    rig.from('b', { kind: Kind.goodbye, code: 'VERSION_MISMATCH', reason: 'I speak 2 to 3' });
    rig.pass(500);
    expect(rig.events()).toMatchObject([
      { kind: 'unreached', error: { code: 'NO_BROKER', message: 'no broker answers at a, b (I speak 2 to 3)' } },
    ]);
  });

  test('what is called before waits for the welcome, in its order', () => {
    const rig = new Rig();
    rig.start();
    rig.call();
    rig.call();
    expect(rig.asked()).toEqual([]);
    rig.pass(10);
    rig.welcome('a');
    expect(rig.asked()).toMatchObject([
      { ref: 1, ageMs: 0, timeLeftMs: 29_990 },
      { ref: 2, ageMs: 0 },
    ]);
  });
});

describe('several brokers', () => {
  test('share the requests: the one with the fewest is asked', () => {
    const rig = Rig.open(['a', 'b']);
    const requests = [rig.call(), rig.call(), rig.call(), rig.call()];
    const brokers = rig.asked().map(({ broker }) => broker);
    expect([...brokers].sort()).toEqual(['a', 'a', 'b', 'b']);
    requests.forEach((request, i) => brokers[i] === 'b' && rig.from('b', final(request)));
    rig.call();
    rig.call();
    expect(rig.asked().map(({ broker }) => broker)).toEqual(['b', 'b']);
  });
});

describe('a lost link', () => {
  test('has its requests asked again at once at another broker, named anew, with their age', () => {
    const rig = Rig.open(['a', 'b']);
    rig.call();
    rig.call();
    rig.sent();
    rig.pass(20);
    rig.lose('a');
    expect(rig.events()).toMatchObject([{ kind: 'broker.lost', endpoint: 'a', unsettled: 1 }]);
    const [again, ...others] = rig.asked();
    expect(again).toMatchObject({ broker: 'b', ageMs: 20, timeLeftMs: 29_980 });
    expect(others).toEqual([]);
  });

  test('has its requests asked again when the broker is back', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.sent();
    rig.lose('a');
    rig.pass(500);
    expect(rig.asked()).toEqual([]);
    rig.welcome('a', { instance: 99 });
    expect(rig.sent()).toMatchObject([{ record: { kind: Kind.name } }, { record: { ref: 1, ageMs: 500 } }]);
    rig.from('a', final(request));
    expect(rig.events().at(-1)).toMatchObject({ kind: 'value' });
  });

  test('an age is at least 1', () => {
    const rig = Rig.open(['a', 'b']);
    rig.call();
    const [{ broker } = { broker: '' }] = rig.asked();
    rig.lose(broker);
    expect(rig.asked()).toMatchObject([{ ageMs: 1 }]);
  });

  test('tells the new broker what is settled only when there is news', () => {
    const rig = Rig.open();
    const [first] = [rig.call(), rig.call()];
    rig.from('a', final(first));
    rig.lose('a');
    rig.pass(50);
    rig.sent();
    rig.welcome('a');
    expect(rig.sent()).toMatchObject([
      { record: { kind: Kind.settled, below: 2 } },
      { record: { kind: Kind.name } },
      { record: { ref: 2 } },
    ]);
  });

  test('is one on which the broker was silent for too long', () => {
    const rig = Rig.open();
    rig.call();
    rig.pass(15_000);
    expect(rig.events()).toMatchObject([{ kind: 'broker.lost', unsettled: 1 }]);
  });

  test('is one on which the broker sent what cannot be read', () => {
    const rig = Rig.open();
    rig.garble('a');
    expect(rig.events()).toMatchObject([{ kind: 'broker.lost', reason: expect.stringContaining('UNKNOWN_KIND') }]);
  });

  test('is not made good after the broker may have forgotten the request', () => {
    const rig = new Rig();
    rig.start();
    rig.welcome('a', { dedupeWindowMs: 5_000 });
    rig.call();
    rig.lose('a');
    rig.pass(5_000);
    rig.sent();
    rig.welcome('a');
    expect(rig.asked()).toEqual([]);
    expect(rig.errors()).toEqual(['REQUEST_FORGOTTEN unknown']);
  });

  test('is not made good after the deadline', () => {
    const rig = Rig.open();
    rig.call({ deadlineMs: 100 });
    rig.lose('a');
    rig.pass(99);
    rig.sent();
    rig.now += 1;
    rig.welcome('a');
    expect(rig.asked()).toEqual([]);
    rig.pass(0);
    expect(rig.errors()).toEqual(['DEADLINE_EXCEEDED unknown']);
  });
});

describe('what a broker knows', () => {
  test('"did not run" from another broker than the one that was lost becomes "unknown"', () => {
    const rig = Rig.open(['a', 'b']);
    const request = rig.call();
    const [{ broker } = { broker: '' }] = rig.asked();
    const other = broker === 'a' ? 'b' : 'a';
    rig.lose(broker);
    rig.from(other, error(request, { code: 'NO_SUCH_SERVICE', ran: 'no' }));
    expect(rig.errors()).toEqual(['NO_SUCH_SERVICE unknown']);
  });

  test('"did not run" from the same broker after a short loss is believed', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.lose('a');
    rig.pass(50);
    rig.welcome('a');
    rig.from('a', error(request, { code: 'NO_SUCH_SERVICE', ran: 'no' }));
    expect(rig.errors()).toEqual(['NO_SUCH_SERVICE no']);
  });

  test('a value counts from whoever had the request, and the other is told to stop', () => {
    const rig = Rig.open(['a', 'b']);
    const request = rig.call();
    const [{ broker } = { broker: '' }] = rig.asked();
    const other = broker === 'a' ? 'b' : 'a';
    rig.lose(broker);
    rig.pass(50);
    rig.welcome(broker);
    rig.sent();
    rig.from(broker, error(request, {}), final(request));
    expect(rig.events().at(-1)).toMatchObject({ kind: 'value' });
    expect(rig.sent()).toMatchObject([{ broker: other, record: { kind: Kind.cancel, ref: 1 } }]);
  });
});

describe('a draining broker', () => {
  test('is asked nothing new', () => {
    const rig = Rig.open(['a', 'b']);
    rig.from('a', DRAIN);
    expect(rig.events()).toMatchObject([{ kind: 'broker.draining', endpoint: 'a' }]);
    for (let i = 0; i < 3; i++) rig.call();
    expect(rig.asked().map(({ broker }) => broker)).toEqual(['b', 'b', 'b']);
  });

  test('has what it refuses asked elsewhere at once, as for the first time', () => {
    const rig = Rig.open(['a', 'b']);
    const request = rig.call();
    const [{ broker } = { broker: '' }] = rig.asked();
    rig.from(broker, error(request, { code: 'DRAINING', ran: 'no', stage: 'queued' }));
    expect(rig.asked()).toMatchObject([{ ref: 1, ageMs: 0, broker: broker === 'a' ? 'b' : 'a' }]);
    expect(rig.events()).toEqual([]);
  });

  test('leaves requests waiting for one that is not', () => {
    const rig = Rig.open();
    const request = rig.call();
    rig.sent();
    rig.from('a', error(request, { code: 'DRAINING', ran: 'no', stage: 'queued' }));
    rig.from('a', { kind: Kind.goodbye, code: 'DRAINING', reason: 'shutting down' });
    rig.pass(100);
    expect(rig.asked()).toEqual([]);
    rig.welcome('a', { instance: 99 });
    expect(rig.asked()).toMatchObject([{ ref: 1, ageMs: 0 }]);
  });
});
