// What the histogram says about what it was told.

import { Latencies } from './latencies.js';

function recorded(...latencies: readonly number[]): Latencies {
  const all = new Latencies();
  for (const each of latencies) all.record(each);
  return all;
}

const hundred = Array.from({ length: 100 }, (_, at) => at + 1);

test('percentiles, ends and mean are those of the values, to three digits', () => {
  const { min, mean, p50, p90, p99, p99_9, max } = recorded(...hundred).summary() ?? {};
  expect({ min, p99_9, max }).toEqual({ min: 1, p99_9: 100, max: 100 });
  for (const [told, right] of [
    [mean, 50.5],
    [p50, 50],
    [p90, 90],
    [p99, 99],
  ] as const) {
    expect(Math.abs((told ?? 0) - right)).toBeLessThan(right / 1_000);
  }
});

test('no percentile is more than the maximum, and none less than a microsecond', () => {
  expect(recorded(3.7).summary()).toMatchObject({ min: 3.7, p50: 3.7, max: 3.7 });
  expect(recorded(0).summary()).toMatchObject({ min: 0.001, max: 0.001 });
});

test('what takes days is kept too', () => {
  const days = 20 * 86_400_000;
  expect(recorded(1, days).summary()).toMatchObject({ min: 1, max: days });
});

test('of nothing there is nothing to tell', () => {
  const none = recorded();
  expect([none.count, none.summary(), none.distribution(), none.bands()]).toEqual([0, undefined, [], []]);
});

test('the distribution goes up to all calls, and its text is what plotters of HdrHistogram read', () => {
  const latencies = recorded(...hundred);
  const points = latencies.distribution();
  expect(points[0]).toEqual({ percentile: 0, latencyMs: 1, count: 1 });
  expect(points.at(-1)).toEqual({ percentile: 100, latencyMs: 100, count: 100 });
  const lines = latencies.distributionText().trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ +Value +Percentile TotalCount 1\/\(1-Percentile\)$/);
  expect(lines[2]).toMatch(/^ +1\.000 0\.000000000000 +1 +1\.00$/);
  expect(lines.filter((line) => /^ +\d+\.\d{3} [01]\.\d{12} +\d+( +\d+\.\d\d)?$/.test(line))).toHaveLength(
    points.length,
  );
  expect(lines.at(-2)).toMatch(/^#\[Max {5}= +100\.000, Total count {4}= +100\]$/);
});

test('bands are as narrow as a dozen of them allow, and leave none out', () => {
  const narrow = recorded(1.05, 1.1, 1.3, 1.9).bands();
  expect(narrow).toEqual([
    { upToMs: 1.2, count: 2 },
    { upToMs: 1.5, count: 1 },
    { upToMs: 2, count: 1 },
  ]);
  const wide = recorded(0.01, 0.02, 5_000).bands();
  expect([wide[0], wide.at(-1)]).toEqual([
    { upToMs: 0.01, count: 1 },
    { upToMs: 10_000, count: 1 },
  ]);
  expect(wide.length).toBeLessThanOrEqual(12);
  expect(wide.reduce((sum, { count }) => sum + count, 0)).toBe(3);
});
