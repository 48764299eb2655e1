// What a broker is told is checked as a whole: contradictions are named, all of them together.

import { resolveBrokerOptions } from './options.js';

test('outcomes are kept at least as long as a resend may come', () => {
  const given = { dedupeWindowMs: 3_600_000, resultKeepMs: 60_000 };
  expect(() => resolveBrokerOptions(given)).toThrow(
    /resultKeepMs \(60000\) must be at least dedupeWindowMs \(3600000\)[^]*collectedKeepMs \(600000\)/,
  );
  const longer = { ...given, resultKeepMs: 3_600_000, collectedKeepMs: 3_600_000 };
  expect(resolveBrokerOptions(longer)).toMatchObject(longer);
});

test('silence is at least three heartbeats, and a resend is held for less than it is remembered', () => {
  const given = { silenceMaxMs: 2_000, heartbeatMs: 1_000, resendHoldMs: 5_000, dedupeWindowMs: 5_000 };
  expect(() => resolveBrokerOptions(given)).toThrow(/silenceMaxMs \(2000\)[^]*resendHoldMs must be shorter/);
});
