// Which slips are forgiven.

import { nearestName } from './nearest.js';

const known = ['deadlineMs', 'connectTimeoutMs', 'heartbeatMs', 'brokers', 'name'];

test.each([
  ['deadlinems', 'deadlineMs'],
  ['deadline', 'deadlineMs'],
  ['brokres', 'brokers'],
  ['broker', 'brokers'],
  ['nmae', 'name'],
  ['conectTimoutMs', 'connectTimeoutMs'],
])('%s means %s', (word, meant) => {
  expect(nearestName(word, known)).toBe(meant);
});

test.each(['retries', 'x', '', 'heart', 'x'.repeat(10_000)])('"%.20s" means none of them', (word) => {
  expect(nearestName(word, known)).toBeUndefined();
});

test('the nearest of several is taken, the first among equals', () => {
  expect(nearestName('cat', ['cart', 'bat', 'cat'])).toBe('cat');
  expect(nearestName('hat', ['cat', 'bat'])).toBe('cat');
});
