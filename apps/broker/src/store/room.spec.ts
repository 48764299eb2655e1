// Room is what two can tell of: the store and the disk. The disk is a number here, and a second passes when the test says so.

import type { Clock } from '@majordomo/runtime';
import { Room } from './room.js';

const RESERVE = 1_000;

function makeRoom(free: () => Promise<number>) {
  let due: (() => void) | undefined;
  const clock: Pick<Clock, 'setTimer'> = {
    setTimer: (ms, fn) => {
      expect(ms).toBe(1_000);
      due = fn;
      return () => (due = undefined);
    },
  };
  const told: boolean[] = [];
  const room = new Room({ clock, reserveBytes: RESERVE, freeBytes: free, onRoom: (hasRoom) => told.push(hasRoom) });
  /** A second passes, and the disk has answered. */
  const second = async (): Promise<void> => {
    const fire = due;
    due = undefined;
    fire?.();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return { room, told, second };
}

test('what is free is looked at every second, and told when it changes', async () => {
  let free = RESERVE;
  const { room, told, second } = makeRoom(() => Promise.resolve(free));
  room.start();
  await second();
  expect(told).toEqual([]);
  free = RESERVE - 1;
  await second();
  await second();
  expect(told).toEqual([false]);
  free = RESERVE;
  await second();
  await second();
  expect(told).toEqual([false, true]);
});

test('there is room when neither the store nor the disk says that there is none', async () => {
  let free = 0;
  const { room, told, second } = makeRoom(() => Promise.resolve(free));
  room.start();
  await second();
  room.setStore(false);
  free = RESERVE;
  await second();
  expect(told).toEqual([false]);
  room.setStore(true);
  expect(told).toEqual([false, true]);
});

test('where nobody can tell what is free only the store counts, and nobody is asked again', async () => {
  let asked = 0;
  const { room, told, second } = makeRoom(() => {
    asked += 1;
    return Promise.reject(new Error('unknown'));
  });
  room.start();
  await second();
  await second();
  expect({ asked, told }).toEqual({ asked: 1, told: [] });
  room.setStore(false);
  expect(told).toEqual([false]);
});

test('after its end nothing is told and the disk is left alone', async () => {
  let asked = 0;
  const { room, told, second } = makeRoom(() => {
    asked += 1;
    return Promise.resolve(0);
  });
  room.start();
  room.stop();
  await second();
  await second();
  room.setStore(false);
  expect({ asked, told }).toEqual({ asked: 1, told: [] });
});
