// Durations and sizes as people write them.

import { durationText, readDuration, readSize, sizeText, spanText } from './quantities.js';

test.each([
  ['250ms', 250],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['0.3s', 300],
  ['2m', 120_000],
  ['2min', 120_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
  ['1000', 1_000],
  [' 5 S ', 5_000],
])('the duration %j is %d ms', (text, ms) => {
  expect(readDuration(text)).toBe(ms);
});

test.each([
  ['10kB', 10_000],
  ['64MiB', 64 * 1_024 ** 2],
  ['1GiB', 1_024 ** 3],
  ['512', 512],
  ['512B', 512],
  ['1.5KiB', 1_536],
])('the size %j is %d bytes', (text, bytes) => {
  expect(readSize(text)).toBe(bytes);
});

test.each(['', 's', '-5s', '5 seconds', '1h30m', '1e3', 'abc', '5constructor'])('%j is no quantity', (text) => {
  expect(readDuration(text)).toBeUndefined();
  expect(readSize(text)).toBeUndefined();
});

test('what is written is read back as the same', () => {
  for (const ms of [0, 1, 250, 1_000, 1_500, 90_000, 120_000, 3_600_000])
    expect(readDuration(durationText(ms))).toBe(ms);
  for (const bytes of [0, 1, 1_000, 1_024, 1_536, 64 * 1_024 ** 2]) expect(readSize(sizeText(bytes))).toBe(bytes);
  expect([durationText(120_000), durationText(90_000), sizeText(64 * 1_024 ** 2)]).toEqual(['2m', '90s', '64MiB']);
});

test('a span is told in two units at most', () => {
  const spans = [850.4, 12_900, 184_000, 7_500_000, 522_000_000].map(spanText);
  expect(spans).toEqual(['850ms', '12s', '3m 4s', '2h 5m', '6d 1h']);
});
