// How the values of a stream come in: in order, once, and not faster than they are taken.

import { decodeBody, encodeBody, Kind, type WireRecord } from '@majordomo/protocol';
import { end, error, final, partial, Rig } from './rig.js';

function values(rig: Rig): unknown[] {
  return rig.events().map((event) => (event.kind === 'partial' ? decodeBody(event.body) : event.kind));
}

function windows(rig: Rig): Partial<WireRecord>[] {
  return rig.sent().flatMap(({ record }) => {
    if (record.kind !== Kind.window) return [];
    return [{ received: record.received, allowed: record.allowed, rewind: record.rewind }];
  });
}

test('values come in their order, then the end', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  expect(rig.asked()).toMatchObject([{ window: 4, received: 0 }]);
  rig.from('a', partial(request, 0), partial(request, 1), end(request, 2));
  expect(values(rig)).toEqual([0, 1, 'end']);
});

test('an error ends a stream after its values', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  rig.from('a', partial(request, 0), error(request, {}));
  expect(values(rig)).toEqual([0, 'error']);
});

test('the window opens again when half of it was consumed', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  rig.sent();
  rig.from('a', partial(request, 0), partial(request, 1), partial(request, 2));
  rig.consume(request, 1);
  expect(windows(rig)).toEqual([]);
  rig.consume(request, 1);
  expect(windows(rig)).toEqual([{ received: 3, allowed: 6, rewind: false }]);
});

test('a window of one opens after each value', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 1 });
  rig.sent();
  rig.from('a', partial(request, 0));
  rig.consume(request, 1);
  expect(windows(rig)).toEqual([{ received: 1, allowed: 2, rewind: false }]);
});

test('a value beyond the window breaks the stream and is cancelled', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 1 });
  rig.sent();
  rig.from('a', partial(request, 0), partial(request, 1));
  expect(rig.errors()).toEqual(['PROTOCOL_ERROR unknown']);
  expect(rig.sent()).toMatchObject([{ record: { kind: Kind.cancel } }]);
});

test('after a lost link it goes on behind what has arrived: doubles are dropped, a gap waits for what is sent again', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  rig.from('a', partial(request, 0), partial(request, 1));
  rig.consume(request, 1);
  rig.lose('a');
  rig.pass(50);
  rig.sent();
  rig.welcome('a');
  // One value is unread, so that three more may come.
  expect(rig.asked()).toMatchObject([{ received: 2, window: 3, ageMs: 50 }]);
  rig.events();
  rig.from('a', partial(request, 3), partial(request, 1), partial(request, 2), partial(request, 3), end(request, 4));
  expect(values(rig)).toEqual([2, 3, 'end']);
});

test('what was consumed while no link was open is said when it is asked again', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 2 });
  rig.from('a', partial(request, 0), partial(request, 1));
  rig.lose('a');
  rig.consume(request, 2);
  rig.pass(50);
  rig.sent();
  rig.welcome('a');
  expect(rig.asked()).toMatchObject([{ received: 2, window: 2 }]);
});

test('a stream is asked for again with a window even if nothing was consumed', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 1 });
  rig.from('a', partial(request, 0));
  rig.lose('a');
  rig.pass(50);
  rig.sent();
  rig.welcome('a');
  expect(rig.asked()).toMatchObject([{ received: 1, window: 1 }]);
});

test('an end that counts more values than have arrived is a broken stream', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  rig.from('a', partial(request, 0), end(request, 3));
  const broken = rig.events().at(-1);
  expect(broken).toMatchObject({ kind: 'error', error: { code: 'STREAM_BROKEN', details: { received: 1, count: 3 } } });
});

test('a method with one value is a stream of one', () => {
  const rig = Rig.open();
  const request = rig.call({ window: 4 });
  rig.from('a', final(request, 'only'));
  const [event] = rig.events();
  expect(event).toMatchObject({ kind: 'value', request });
  expect(event).toHaveProperty('body', encodeBody('only'));
});

test('values from a broker that no longer has the stream are dropped', () => {
  const rig = Rig.open(['a', 'b']);
  const request = rig.call({ window: 4 });
  const [{ broker } = { broker: '' }] = rig.asked();
  rig.lose(broker);
  rig.pass(50);
  rig.welcome(broker);
  rig.events();
  rig.from(broker, partial(request, 0), end(request, 1));
  expect(rig.events()).toEqual([]);
});
