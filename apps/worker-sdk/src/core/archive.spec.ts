// The archive keeps the latest values, whole, and says which it let go.

import { NO_BYTES } from '@majordomo/protocol';
import fc from 'fast-check';
import { Archive } from './archive.js';
import { WORKER_LIMITS } from './limits.js';
import { Run, ServiceState, type RunInit } from './state.js';
import { attach, bytes, dispatch, serving, taken } from './stage.js';

const METHOD = { name: 'get', atMostOnce: false, streams: false, executionTimeoutMs: 0, maxAttempts: 0 };
const SERVICE = new ServiceState(3, { name: 'orders', methods: [METHOD], concurrency: 1 });

function run(request: number, more: Partial<RunInit> = {}): Run {
  const init = { service: SERVICE, methodNumber: 0, method: METHOD, instance: 7, request, attempt: 2, deadlineAt: 900 };
  return new Run({ ...init, flow: undefined, headers: NO_BYTES, body: NO_BYTES, ...more });
}

function filled(): { archive: Archive; evicted: number[] } {
  const evicted: number[] = [];
  return { archive: new Archive((_instance, request) => evicted.push(request)), evicted };
}

it('gives back what was put into it', () => {
  const { archive } = filled();
  const kept = run(5);
  kept.finishedAt = 400;
  const number = archive.put(kept, 1, bytes('value'));
  expect(archive.get(number)).toEqual({
    instance: 7,
    request: 5,
    attempt: 2,
    service: 3,
    method: 0,
    side: 1,
    deadlineAt: 900,
    finishedAt: 400,
  });
  expect(Buffer.from(archive.body(number)).toString()).toBe('value');
});

it('is bounded by number, and the oldest makes room (K2)', () => {
  const { archive, evicted } = filled();
  for (let request = 0; request < WORKER_LIMITS.archivedMax + 2; request++) archive.put(run(request), 0, NO_BYTES);
  expect(archive.size).toBe(WORKER_LIMITS.archivedMax);
  expect(evicted).toEqual([0, 1]);
});

it('lets go of what is too old', () => {
  const { archive, evicted } = filled();
  for (const request of [1, 2, 3]) {
    const each = run(request);
    each.finishedAt = request * 100;
    archive.put(each, 0, NO_BYTES);
  }
  expect(archive.oldestAt).toBe(100);
  archive.expire(200);
  expect(evicted).toEqual([1, 2]);
  expect(archive.oldestAt).toBe(300);
});

it('gives away a copy, which stays as it is when the ring goes round', () => {
  const { archive } = filled();
  const body = archive.body(archive.put(run(1), 0, bytes('value')));
  const large = Buffer.alloc(WORKER_LIMITS.archivedBodyBytesMax, 'x');
  for (let i = 0; i < 2 * WORKER_LIMITS.archivedMax; i++) archive.put(run(2 + i), 0, large);
  expect(Buffer.from(body).toString()).toBe('value');
});

it('never writes over bytes of an entry that is here, whatever the sizes (K2)', () => {
  const { archivedMax, archivedBodyBytesMax: largest } = WORKER_LIMITS;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: largest - 600, max: largest }), { minLength: 1, maxLength: 40 }),
      (sizes) => {
        const { archive, evicted } = filled();
        const numbers: number[] = [];
        // Goes round the ring twice and a half.
        for (let i = 0; i < archivedMax * 2.5; i++) {
          numbers.push(archive.put(run(i), 0, Buffer.alloc(sizes[i % sizes.length] ?? 0, i % 251)));
        }
        const overwritten = numbers.filter((number, i) => {
          if (i < evicted.length) return false;
          const body = archive.body(number);
          return body.length !== sizes[i % sizes.length] || body[0] !== i % 251 || body.at(-1) !== i % 251;
        });
        expect(overwritten).toEqual([]);
      },
    ),
    { numRuns: 10, examples: [[[largest]], [[largest - 1]]] },
  );
});

describe('a worker', () => {
  it('answers from the archive a request that a broker asks for after a restart, and once more', () => {
    const stage = serving();
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', 'once');
    stage.from('a', taken(1));
    stage.lose('a');
    expect(stage.back('a')).toContain('a HOLDS 7-5 #1 finished');
    expect(stage.from('a', attach(4, 5))).toEqual(['a FINAL 4 once']);
    expect(stage.from('a', dispatch(5, 5, { attempt: 2 }))).toEqual(['a FINAL 5 once']);
    expect(stage.worker.counters.started).toBe(1);
  });

  it('says a value with headers again as it was, and keeps it out of the archive, which has no place for them (K1)', () => {
    const stage = serving();
    const headers = bytes('two frames');
    stage.from('a', dispatch(1, 5));
    stage.worker.handle({ kind: 'succeeded', run: stage.run('7-5'), headers, body: bytes('v') }, stage.now);
    expect(stage.worker.output.records).toEqual([expect.objectContaining({ ref: 1, headers, body: bytes('v') })]);
    stage.seen();
    stage.from('a', taken(1));
    stage.lose('a');
    stage.back('a');
    const again = [attach(4, 5)];
    const link = stage.linkOf('a');
    stage.worker.handle({ kind: 'records', link, records: again }, stage.now);
    expect(stage.worker.output.records).toEqual([expect.objectContaining({ ref: 4, headers, body: bytes('v') })]);
  });

  it('keeps large values too', () => {
    const stage = serving();
    const text = 'x'.repeat(WORKER_LIMITS.archivedBodyBytesMax + 1);
    stage.from('a', dispatch(1, 5));
    stage.value('7-5', text);
    stage.from('a', taken(1));
    expect(stage.worker.facts().remembered).toBe(1);
  });
});
