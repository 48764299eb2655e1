// A broker whose disk does not answer must still end when it gets a signal.

import type { RunningBroker } from '@majordomo/broker';
import { startedOrStopped, type Signal } from './started-or-stopped.js';

const broker = { endpoint: 'tcp://127.0.0.1:5555' } as RunningBroker;
const never = new Promise<never>(() => undefined);

function manualClock() {
  const due: (() => void)[] = [];
  return {
    due,
    setTimer: (_ms: number, fn: () => void) => {
      due.push(fn);
      return () => void due.splice(due.indexOf(fn), 1);
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

test('a broker that starts is returned, also when a signal arrived meanwhile; no timer is left', async () => {
  const clock = manualClock();
  expect(await startedOrStopped(Promise.resolve(broker), never, clock)).toBe(broker);
  let start!: (started: RunningBroker) => void;
  const starting = new Promise<RunningBroker>((resolve) => (start = resolve));
  const ended = startedOrStopped(starting, Promise.resolve<Signal>('SIGTERM'), clock);
  await settle();
  expect(clock.due).toHaveLength(1);
  start(broker);
  expect(await ended).toBe(broker);
  expect(clock.due).toHaveLength(0);
});

test('a broker that does not start is given up some time after the signal', async () => {
  const clock = manualClock();
  let send!: (signal: Signal) => void;
  const stop = new Promise<Signal>((resolve) => (send = resolve));
  const ended = startedOrStopped(never, stop, clock);
  await settle();
  expect(clock.due).toHaveLength(0);
  send('SIGINT');
  await settle();
  clock.due[0]?.();
  expect(await ended).toBe('SIGINT');
});

test('a start that fails is thrown', async () => {
  const starting = Promise.reject<RunningBroker>(new Error('no disk'));
  await expect(startedOrStopped(starting, never, manualClock())).rejects.toThrow('no disk');
});
