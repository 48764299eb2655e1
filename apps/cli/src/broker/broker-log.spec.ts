// Events as lines: how many there may be, and what of a peer's own text may stand in them.

import type { BrokerEvent } from '@majordomo/broker';
import { pino } from 'pino';
import { eventLog } from './broker-log.js';

const lines: Record<string, unknown>[] = [];
let now = 0;
let write: (event: BrokerEvent) => void;

beforeEach(() => {
  lines.length = 0;
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  write = eventLog(log, () => now);
});

const left = (identity: string): BrokerEvent => ({ event: 'worker.left', identity, reason: 'disconnect' });

test('lines about one kind of event are bounded, and the next one counts those left out', () => {
  for (let i = 0; i < 5_000; i++) write(left(`w${i}`));
  expect(lines).toHaveLength(1_000);
  now += 50;
  write(left('later'));
  expect(lines.at(-1)).toMatchObject({ msg: 'worker.left', identity: 'later', suppressedLines: 4_000 });
  // Another kind has its own bound, and what is below the level costs it nothing.
  write({ event: 'drain.begun', unsettled: 0 });
  expect(lines.at(-1)).toMatchObject({ msg: 'drain.begun' });
});

test('what a peer calls itself is shown without control characters, and not at any length', () => {
  write(left('\u001b[2J\r\nfake line\u009b31m\u2028'));
  expect(lines[0]?.['identity']).toBe('\\u{1b}[2J\\u{d}\\u{a}fake line\\u{9b}31m\\u{2028}');
  write(left('x'.repeat(100_000)));
  expect(String(lines[1]?.['identity']).length).toBeLessThan(1_000);
});
