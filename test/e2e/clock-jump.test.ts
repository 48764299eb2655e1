// The calendar jumps by an hour, forward and back, in every process: what is timed goes on as if nothing had happened. Only dates that were written to disk
// are read by the calendar of the next start.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@majordomo/client';
import { keepFigures } from './figures.js';
import { Load } from './load.js';
import { built, freeEndpoint, Program, until, wallClock } from './processes.js';
import { allRunsOf, clearStage, LIMIT_MS, runsOf, startClient, type Answer } from './stage.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Short, so that a peer that measured silence by the calendar would be taken for dead within the test. */
const TIMES = { heartbeatMs: 200, silenceMaxMs: 1_500 };
/** From the first jump to the second, and from it to the end, in ms: longer than the silence after which a peer is lost. */
const BETWEEN_MS = 2_500;
const HELD = 10;
/** What two slow cores add to a time that is kept, in ms. */
const LATE_MS = 1_000;

const SystemDate = Date;
let ownOffsetMs = 0;
/** What an application in this process reads. */
class JumpingDate extends SystemDate {
  static override now(): number {
    return SystemDate.now() + ownOffsetMs;
  }
}

let data = '';
beforeEach(async () => {
  globalThis.Date = JumpingDate as DateConstructor;
  ownOffsetMs = 0;
  data = await mkdtemp(join(tmpdir(), 'majordomo-calendar-'));
});
afterEach(async () => {
  globalThis.Date = SystemDate;
  await clearStage();
  await rm(data, { recursive: true, force: true });
});

/** Starts a fixture whose calendar jumps: at once by the first of these, in ms, then by the next ones whenever it is told to. */
async function start(fixture: string, init: object, jumps: readonly number[]): Promise<Program> {
  const preload = pathToFileURL(built('test/dist/e2e/fixtures/jumping-calendar.js')).href;
  const program = new Program(built(`test/dist/e2e/fixtures/${fixture}.js`), {
    args: [JSON.stringify(init)],
    env: { NODE_OPTIONS: `--import=${preload}`, CALENDAR_JUMPS: jumps.join(',') },
  });
  await program.hear('ready');
  return program;
}

/** The calendars of these and of this process jump. */
async function jump(byMs: number, programs: readonly Program[]): Promise<void> {
  const before = programs.map(({ lines }) => lines.length);
  ownOffsetMs += byMs;
  const from = Date.now();
  for (const program of programs) program.signal('SIGUSR2');
  for (const [i, program] of programs.entries()) {
    const { date } = await program.hear('jumped', () => true, before[i]);
    expect(Number(date)).toBeGreaterThan(from - LATE_MS);
    expect(Number(date)).toBeLessThan(Date.now() + LATE_MS);
  }
}

/** What is under way while calendars jump, and how it ends. */
function begin(client: Client, worker: Program) {
  const ids = Array.from({ length: HELD }, (_, i) => `held-${i}`);
  const calls = Promise.all(ids.map((id) => client.call<Answer>('lab.gate', { id })));
  const beganAt = wallClock();
  const expired = client.call('lab.gate', { id: 'expired' }, { deadlineMs: BETWEEN_MS + 500 }).then(
    () => Number.NaN,
    () => wallClock() - beganAt,
  );
  /** Handed over to be run so much later: how much later it was run. */
  const delayed = async (id: string, inMs: number): Promise<number> => {
    const at = wallClock();
    await client.submit('lab.work', { id }, { runAtMs: Date.now() + inMs, expiresMs: inMs + MINUTE_MS });
    return (await worker.hear('run', (line) => line['id'] === id)).at - at;
  };
  return { ids, calls, expired, delays: [delayed('soon', BETWEEN_MS / 2), delayed('late', 1.5 * BETWEEN_MS)] };
}

test(
  'calls, leases, heartbeats, deadlines and delayed requests keep their times through an hour forward and two back',
  async () => {
    const bind = await freeEndpoint();
    const jumps = [0, HOUR_MS, -2 * HOUR_MS];
    const broker = await start('broker', { bind, data, ...TIMES }, jumps);
    const worker = await start('worker', { brokers: [bind] }, jumps);
    const client = await startClient(bind);
    const load = new Load('load', { client, address: 'lab.work', inFlight: 10, ms: 10 });
    const { ids, calls, expired, delays } = begin(client, worker);
    const kept = await client.submit('lab.gate', { id: 'kept' }, { expiresMs: 10 * MINUTE_MS });
    await until('all are running', () => [...ids, 'kept'].every((id) => runsOf(worker).has(id)));

    await jump(HOUR_MS, [broker, worker]);
    await delay(BETWEEN_MS);
    const answered = load.answers.length;
    await jump(-2 * HOUR_MS, [broker, worker]);
    await delay(BETWEEN_MS);
    await until('the load goes on', () => load.answers.length > answered);

    expect((await kept.status()).state).toBe('running');
    worker.tell({ open: '*' });
    expect((await calls).map(({ id, attempt }) => ({ id, attempt }))).toEqual(ids.map((id) => ({ id, attempt: 1 })));
    expect(await kept.result()).toMatchObject({ id: 'kept', attempt: 1 });
    const [soonMs, lateMs] = (await Promise.all(delays)) as [number, number];
    const expiredMs = await expired;
    const { asked, right, wrong, slowestMs } = await load.end();
    const runs = [...(await allRunsOf(worker))];
    keepFigures('clock-jump', {
      calls: asked,
      'calls, slowest': slowestMs,
      'workers and clients taken for dead': broker.all('worker.lost').length + broker.all('client.lost').length,
      'deadline kept, late by': expiredMs - BETWEEN_MS - 500,
      'delayed over the jump forward, late by': soonMs - BETWEEN_MS / 2,
      'delayed over the jump back, late by': lateMs - 1.5 * BETWEEN_MS,
    });
    expect([...broker.all('worker.lost'), ...broker.all('client.lost')]).toEqual([]);
    expect(worker.all('broker.lost')).toEqual([]);
    expect(wrong).toEqual([]);
    expect(right).toBe(asked);
    expect(runs.filter(([, count]) => count !== 1)).toEqual([]);
    for (const lateBy of [expiredMs - BETWEEN_MS - 500, soonMs - BETWEEN_MS / 2, lateMs - 1.5 * BETWEEN_MS]) {
      // The clocks of two processes may be some ms apart. What is looked for is an hour.
      expect(lateBy).toBeGreaterThan(-50);
      expect(lateBy).toBeLessThan(MINUTE_MS);
    }
  },
  LIMIT_MS,
);

test(
  'after a restart an hour later by the calendar, what has expired meanwhile says so, what was to wait is run, and the rest too',
  async () => {
    const bind = await freeEndpoint();
    const first = await start('broker', { bind, data }, [0]);
    const client = await startClient(bind);
    const plain = await client.submit('lab.echo', { id: 'plain' });
    const brief = await client.submit('lab.echo', { id: 'brief' }, { expiresMs: 30 * MINUTE_MS });
    const delayed = await client.submit('lab.echo', { id: 'delayed' }, { runAtMs: Date.now() + 30 * MINUTE_MS });
    expect((await delayed.status()).state).toBe('delayed');
    first.kill();
    await first.ended;

    await start('broker', { bind, data }, [HOUR_MS]);
    await start('worker', { brokers: [bind] }, [0]);
    expect(await plain.result()).toMatchObject({ id: 'plain' });
    expect(await delayed.result()).toMatchObject({ id: 'delayed' });
    await expect(brief.result()).rejects.toMatchObject({ code: 'TICKET_EXPIRED' });
  },
  LIMIT_MS,
);

test(
  'after a restart an hour earlier by the calendar, nothing expires that had not, and no wait is longer than it was at first',
  async () => {
    const bind = await freeEndpoint();
    const first = await start('broker', { bind, data }, [0]);
    const client = await startClient(bind);
    const plain = await client.submit('lab.echo', { id: 'plain' });
    const delayed = await client.submit('lab.echo', { id: 'delayed' }, { runAtMs: Date.now() + 1_000 });
    const expiring = await client.submit('nobody.comes', { id: 'expiring' }, { expiresMs: 2_000 });
    first.kill();
    await first.ended;

    await start('broker', { bind, data }, [-HOUR_MS]);
    await start('worker', { brokers: [bind] }, [0]);
    expect(await plain.result()).toMatchObject({ id: 'plain' });
    // Both would wait for an hour more by the dates on disk.
    expect(await delayed.result({ timeoutMs: LIMIT_MS })).toMatchObject({ id: 'delayed' });
    await expect(expiring.result({ timeoutMs: LIMIT_MS })).rejects.toMatchObject({ code: 'TICKET_EXPIRED' });
  },
  LIMIT_MS,
);
