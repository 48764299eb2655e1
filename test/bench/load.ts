// A closed loop: so many requests in flight, each answered one replaced at once, latencies in a histogram.

import { build } from 'hdr-histogram-js';
import type { PartInit, Seen, System } from './cell.js';

type Ask = Awaited<ReturnType<System['client']>>;

/** Runs the load of one client: warm-up, then the measured time. */
export function runLoad(init: PartInit, ask: Ask): Promise<Seen> {
  const body = Buffer.alloc(init.cell.bodyBytes, 0x2a);
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
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
  for (let i = 0; i < init.cell.inFlight; i++) one();

  return new Promise((resolve) => {
    setTimeout(() => {
      state = 'measuring';
      startedAt = performance.now();
      setTimeout(() => {
        state = 'over';
        const elapsedMs = performance.now() - startedAt;
        const [p50, p99] = [histogram.getValueAtPercentile(50), histogram.getValueAtPercentile(99)];
        resolve({ answered, failed, elapsedMs, p50, p99 });
      }, init.measureMs);
    }, init.warmUpMs);
  });
}
