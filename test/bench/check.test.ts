// When the guard against regressions fails.
import { compare, parseBaseline, ratiosOf } from './check.js';
import { measuredRow } from './sample-rows.js';

const BASELINE = { '64x1000': 0.5, '64x100': 0.5, '1024x1000': 0.5, '64x1': 1 };

test('the ratio is of throughput where many are in flight, of the median where one is', () => {
  const rows = ['64x1000', '64x100', '1024x1000', '64x1'].flatMap((cell) => [
    measuredRow(cell, 'floor', { perSecond: 2_000, p50: 100 }),
    measuredRow(cell, 'majordomo', { perSecond: 500, p50: 110 }),
  ]);
  expect(ratiosOf(rows)).toEqual({ '64x1000': 0.25, '64x100': 0.25, '1024x1000': 0.25, '64x1': 1.1 });
});

test('what is as it was, and what is better, is fine', () => {
  expect(compare(BASELINE, BASELINE).isGood).toBe(true);
  expect(compare({ ...BASELINE, '64x1000': 0.9, '64x1': 0.5 }, BASELINE).isGood).toBe(true);
});

test('a quarter worse is still fine, more is not', () => {
  expect(compare({ ...BASELINE, '64x1000': 0.375 }, BASELINE).isGood).toBe(true);
  const verdict = compare({ ...BASELINE, '64x1000': 0.37 }, BASELINE);
  expect(verdict.isGood).toBe(false);
  expect(verdict.sentences[0]).toBe(
    "64x1000: throughput by the floor's is 0.370, was 0.500: 26 % worse, which is more than the 25 % that noise explains.",
  );
});

test('a median is worse when it is longer', () => {
  expect(compare({ ...BASELINE, '64x1': 1.25 }, BASELINE).isGood).toBe(true);
  expect(compare({ ...BASELINE, '64x1': 1.26 }, BASELINE).isGood).toBe(false);
});

test('a cell that could not be measured fails', () => {
  const { '64x1': _, ...rest } = BASELINE;
  const verdict = compare(rest, BASELINE);
  expect(verdict.isGood).toBe(false);
  expect(verdict.sentences).toContain('64x1 could not be measured.');
});

test('without a baseline it fails and says how to make one', () => {
  const verdict = compare(BASELINE, undefined);
  expect(verdict.isGood).toBe(false);
  expect(verdict.sentences[0]).toContain('npm run bench -- --update-baseline');
});

test('a file that is no baseline is refused', () => {
  expect(parseBaseline('{"64x1": 1.2}')).toEqual({ '64x1': 1.2 });
  expect(() => parseBaseline('{"64x1": "fast"}')).toThrow('--update-baseline');
  expect(() => parseBaseline('[]')).toThrow('--update-baseline');
});
