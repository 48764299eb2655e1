// What the flags of a bench come to, and what is said about flags that are wrong or contradict each other.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlan } from './plan.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'majordomo-bench-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(flags: Record<string, unknown>, hasInput = false): readonly string[] {
  return readPlan(flags, hasInput).problems;
}

test('without flags it is a closed loop of ten seconds', () => {
  expect(readPlan({}, true)).toEqual({
    plan: { inFlight: 100, connections: 1, duration: 10_000, warmUp: 1_000, requests: Infinity },
    problems: [],
  });
});

test('quantities are written as everywhere', () => {
  const flags = {
    inFlight: '5',
    duration: '1.5s',
    warmUp: '0',
    rate: '2000',
    bodyBytes: '64KiB',
    hdr: join(folder, 'a'),
  };
  expect(readPlan(flags, false)).toMatchObject({
    plan: { inFlight: 5, duration: 1_500, warmUp: 0, requests: Infinity, rate: 2_000, bodyBytes: 65_536 },
    problems: [],
  });
});

test('a number of calls stands in for a time', () => {
  expect(readPlan({ requests: '7' }, false).plan).toMatchObject({ requests: 7, duration: Infinity });
  expect(problemsOf({ requests: '7', duration: '1s' })).toEqual([
    '--duration and --requests both say when it is over: give one of them',
  ]);
});

test('contradictions are told, and values that are out of range', () => {
  expect(problemsOf({ bodyBytes: '1', connections: '9', inFlight: '3' }, true)).toEqual([
    '--body-bytes stands in for the input: give one of them',
    '--connections 9: with --in-flight 3 some would have nothing to do',
  ]);
  expect(problemsOf({ rate: '0', inFlight: 'many' })).toEqual([
    '--in-flight many: must be a whole number',
    '--rate 0: must be a whole number from 1 to 1000000, not 0',
  ]);
});

test('a file that cannot be written to is found before the load begins', () => {
  const file = join(folder, 'there');
  writeFileSync(file, '');
  expect(problemsOf({ hdr: file })).toEqual([]);
  expect(problemsOf({ hdr: folder })).toEqual([`--hdr ${folder}: it is a folder`]);
  const nowhere = join(folder, 'no', 'where');
  expect(problemsOf({ hdr: nowhere })).toEqual([`--hdr ${nowhere}: there is no folder ${join(folder, 'no')}`]);
});
