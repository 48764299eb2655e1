// Waits for a broker to start, but not longer than a moment after a signal to end.

import type { RunningBroker } from '@majordomo/broker';
import { SystemClock, type Clock } from '@majordomo/runtime';

export type Signal = 'SIGINT' | 'SIGTERM';

/** How long a broker may go on starting after the signal, in ms: opening a journal takes some hundreds on a slow disk. */
const START_GRACE_MS = 3_000;

/**
 * Waits for the start.
 *
 * @param stop the first signal that arrives.
 * @returns the broker, or the signal when the broker has not started `START_GRACE_MS` after it.
 * @throws what `starting` rejects with.
 */
export async function startedOrStopped(
  starting: Promise<RunningBroker>,
  stop: Promise<Signal>,
  clock: Pick<Clock, 'setTimer'> = new SystemClock(),
): Promise<RunningBroker | Signal> {
  let isOver = false;
  let cancel: (() => void) | undefined;
  const givenUp = new Promise<Signal>((resolve) => {
    void stop.then((signal) => {
      if (!isOver) cancel = clock.setTimer(START_GRACE_MS, () => resolve(signal));
    });
  });
  try {
    return await Promise.race([starting, givenUp]);
  } finally {
    isOver = true;
    cancel?.();
  }
}
