// A closed loop: so many requests in flight, each answered one replaced at once, latencies in a histogram.

import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { Ask, Cell, Seen } from './cell.js';

/** A load that runs from the moment it is made; what is before `start` and after `stop` does not count. */
export interface Load {
  start(): void;
  stop(): Seen;
}

/** An empty histogram of µs, as every client and the one who adds them up uses it. */
export function emptyHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}

/** Begins the load of one client. */
export function beginLoad(cell: Cell, ask: Ask): Load {
  const body = Buffer.alloc(cell.bodyBytes, 0x2a);
  const histogram = emptyHistogram();
  let answered = 0;
  let failed = 0;
  let state: 'warming-up' | 'measuring' | 'over' = 'warming-up';
  let startedAt = 0;

  const one = (): void => {
    const askedAt = performance.now();
    ask(body, (isRight) => {
      if (state === 'measuring') {
        answered += 1;
        if (!isRight) failed += 1;
        histogram.recordValue(Math.max(1, Math.round((performance.now() - askedAt) * 1_000)));
      }
      if (state !== 'over') one();
    });
  };
  for (let i = 0; i < cell.inFlight; i++) one();

  return {
    start: () => {
      state = 'measuring';
      startedAt = performance.now();
    },
    stop: () => {
      state = 'over';
      const elapsedMs = performance.now() - startedAt;
      return { answered, failed, elapsedMs, latencies: encodeIntoCompressedBase64(histogram) };
    },
  };
}
