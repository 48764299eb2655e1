// What Majordomo promised, and how it is seen whether it is kept.
import { measuredRow, missingRow } from './sample-rows.js';
import { bestPeer, targetLines, targetsOf } from './targets.js';

test('the best peer is another one for each figure', () => {
  const rows = [
    measuredRow('64x1000', 'floor', { perSecond: 90_000, p99: 1 }),
    measuredRow('64x1000', 'nats', { perSecond: 3_000, p99: 900 }),
    measuredRow('64x1000', 'nest', { perSecond: 2_000, p99: 300 }),
    missingRow('64x1000', 'moleculer'),
  ];
  expect(bestPeer(rows, '64x1000')?.system).toBe('nats');
  expect(bestPeer(rows, '64x1000', 'p99')?.system).toBe('nest');
  expect(bestPeer(rows, '64x100')).toBeUndefined();
});

test('a target is reached at its bound and not below', () => {
  const throughput = (perSecond: number): string | undefined =>
    targetsOf([
      measuredRow('64x1000', 'majordomo', { perSecond }),
      measuredRow('64x1000', 'nats', { perSecond: 1_000 }),
    ]).find((target) => target.figure === 'throughput' && target.against === 'best peer')?.verdict;
  expect(throughput(4_000)).toBe('reached');
  expect(throughput(3_999)).toBe('not reached');
});

test('CPU of the broker is compared with that of nats-server, and with nobody where nothing can be read', () => {
  const cpu = (broker: number | undefined): object | undefined =>
    targetsOf([
      measuredRow('64x1000', 'majordomo', { cpuSeconds: { client: 1, broker: 1, worker: 1 } }),
      measuredRow('64x1000', 'nats', { cpuSeconds: { client: 1, broker, worker: 1 } }),
    ]).find((target) => target.figure === 'broker CPU');
  expect(cpu(2)).toMatchObject({ ratio: 0.5, verdict: 'reached' });
  expect(cpu(undefined)).toMatchObject({ ratio: undefined, verdict: 'not measured' });
});

test('a target whose peers are missing is not measured, and one whose cell was not asked for is not listed', () => {
  const targets = targetsOf([measuredRow('64x1000', 'majordomo'), missingRow('64x1000', 'nats')]);
  expect(new Set(targets.map((target) => target.verdict))).toEqual(new Set(['not measured']));
  expect(new Set(targets.map((target) => target.cell))).toEqual(new Set(['64x1000']));
  expect(targetLines(targets)[0]).toMatch(/^not measured  64x1000 +throughput \/ best peer at least 4$/);
});
