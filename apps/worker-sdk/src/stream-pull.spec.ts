// Generators and who takes their values.

import { isStream, isStreamable, StreamPull, type Streamable } from './stream-pull.js';

/** A sink that has room for so many values, and writes down what it is told. */
function pullFrom(
  values: Streamable,
  room = Infinity,
): { pull: StreamPull; seen: unknown[]; more: (room: number) => void } {
  const seen: unknown[] = [];
  let left = room;
  const pull = new StreamPull(values, {
    isOpen: () => left > 0,
    value: (value) => {
      left -= 1;
      seen.push(value);
      return value !== 'refuse me';
    },
    ended: () => seen.push('ended'),
    stopped: () => seen.push('stopped'),
    threw: (error) => seen.push(`threw ${String(error)}`),
  });
  return {
    pull,
    seen,
    more: (count) => {
      left += count;
      pull.resume();
    },
  };
}

/** Long enough for every promise that is not waiting for anything. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function counting(log: string[] = []): AsyncGenerator<number> {
  return (async function* count() {
    try {
      for (let i = 0; ; i++) {
        log.push(`make ${i}`);
        yield await Promise.resolve(i);
      }
    } finally {
      log.push('finally');
    }
  })();
}

it('a value is made only while somebody has room for it', async () => {
  const log: string[] = [];
  const { pull, seen, more } = pullFrom(counting(log), 2);
  pull.resume();
  await settled();
  expect(seen).toEqual([0, 1]);
  expect(log).toEqual(['make 0', 'make 1']);
  more(1);
  await settled();
  expect(seen).toEqual([0, 1, 2]);
});

it('told to stop while it waits for room, the finally blocks run before the end is told', async () => {
  const log: string[] = [];
  const { pull, seen } = pullFrom(counting(log), 1);
  pull.resume();
  await settled();
  pull.stop();
  pull.stop();
  await settled();
  expect(log).toEqual(['make 0', 'finally']);
  expect(seen).toEqual([0, 'stopped']);
});

it('told to stop while a value is being made, that value is not taken any more', async () => {
  let pass: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (pass = resolve));
  const { pull, seen } = pullFrom(
    (async function* late() {
      await gate;
      yield 1;
    })(),
  );
  pull.resume();
  pull.stop();
  await settled();
  expect(seen).toEqual([]);
  pass();
  await settled();
  expect(seen).toEqual(['stopped']);
});

it('the end and a throw are told once', async () => {
  const ending = pullFrom([1, 2]);
  ending.pull.resume();
  await settled();
  ending.pull.stop();
  expect(ending.seen).toEqual([1, 2, 'ended']);
  const throwing = pullFrom(
    (function* fail() {
      yield 1;
      throw new Error('no');
    })(),
  );
  throwing.pull.resume();
  await settled();
  throwing.pull.stop();
  expect(throwing.seen).toEqual([1, 'threw Error: no']);
});

it('a value that cannot be sent stops it', async () => {
  const { pull, seen } = pullFrom([1, 'refuse me', 3]);
  pull.resume();
  await settled();
  expect(seen).toEqual([1, 'refuse me', 'stopped']);
});

it('an iterator that throws from next() or return() is told like any other', async () => {
  const bad = (method: 'next' | 'return'): AsyncIterable<number> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => (method === 'next' ? raise() : Promise.resolve({ done: false, value: 1 })),
      return: () => raise(),
    }),
  });
  const first = pullFrom(bad('next'));
  first.pull.resume();
  const second = pullFrom(bad('return'), 1);
  second.pull.resume();
  await settled();
  second.pull.stop();
  await settled();
  expect(first.seen).toEqual(['threw Error: raised']);
  expect(second.seen).toEqual([1, 'threw Error: raised']);
});

it('an iterator made by hand ends as the language says: by any true done, and with an error when next() returns no object', async () => {
  const giving = (results: unknown[]): Streamable => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(results.shift() as IteratorResult<unknown>) }),
  });
  const truthy = pullFrom(giving([{ done: 0, value: 1 }, { done: 1 }]), 5);
  truthy.pull.resume();
  const none = pullFrom(giving([{ value: 1 }, undefined]), 5);
  none.pull.resume();
  const number = pullFrom(giving([5]), 5);
  number.pull.resume();
  await settled();
  const wrong = 'threw TypeError: next() of the iterator returned no object';
  expect([truthy.seen, none.seen, number.seen]).toEqual([[1, 'ended'], [1, wrong], [wrong]]);
});

function raise(): never {
  throw new Error('raised');
}

it('generators are streams; arrays, maps and texts are values', () => {
  expect([counting(), [1].values()].map(isStream)).toEqual([true, true]);
  expect([[1], new Map(), 'text', { next: 1 }, null].map(isStream)).toEqual([false, false, false, false, false]);
  expect([[1], 'text', {}].map(isStreamable)).toEqual([true, false, false]);
});
