// majordomo bench as its users meet it: real processes, counts that add up with what the worker has handled, exit codes.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BIN, CONNECT } from './command.js';
import { built, freeEndpoint, Program, type Line } from './processes.js';
import { clearStage, LIMIT_MS, startBroker, startWorker } from './stage.js';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The call that is made first, and not counted. */
const FIRST = 1;

let endpoint = '';
let folder = '';

async function bench(...args: readonly string[]): Promise<Outcome> {
  const argv = [built(BIN), 'bench', '--broker', endpoint, ...args];
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MAJORDOMO_CONNECT_TIMEOUT: CONNECT },
    timeout: LIMIT_MS,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** How often the worker has run the handler of `work`, once all that it has said is read. */
async function runsOf(worker: Program): Promise<number> {
  await worker.caughtUp();
  return worker.all('run').length;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'majordomo-bench-'));
  endpoint = await freeEndpoint();
});

afterEach(async () => {
  await clearStage();
  rmSync(folder, { recursive: true });
});

test(
  'every call that it counts was handled, and no other but the first',
  async () => {
    await startBroker({ bind: endpoint });
    const worker = await startWorker({ brokers: [endpoint] });
    const hdr = join(folder, 'work.hgrm');
    const input = '{"id":"a","ms":2}';
    const args = ['lab.work', input, '--duration', '0.3s', '--warm-up', '0', '--in-flight', '8', '--connections', '2'];
    const closed = await bench(...args, '--json', '--hdr', hdr);
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(closed.stdout) as Record<string, number>;
    expect(report).toMatchObject({ loop: 'closed', measuredMs: 300, failed: 0, unfinished: 0, errors: [] });
    expect(report['requests']).toBeGreaterThan(8);
    expect(report['requests']).toBe(report['answered']);
    expect(await runsOf(worker)).toBe(FIRST + (report['requests'] ?? 0));
    expect(report['distribution']).toContainEqual(
      expect.objectContaining({ percentile: 100, count: report['requests'] }),
    );
    expect(readFileSync(hdr, 'utf8')).toMatch(new RegExp(`Total count {4}= +${report['requests']}\\]`));

    const before = await runsOf(worker);
    const exact = await bench('lab.work', input, '--requests', '50', '--warm-up', '50ms', '--in-flight', '5');
    expect(exact).toMatchObject({ code: 0, stderr: '' });
    expect(exact.stdout).toMatch(/\n {2}answered +50 .*\n {2}failed +0\n[^]*p99\.9[^]*≤ .* ms /);
    expect(await runsOf(worker)).toBeGreaterThanOrEqual(before + FIRST + 50);
  },
  LIMIT_MS,
);

test(
  'at a constant rate every call that was due is accounted for, and latency counts from when it was due',
  async () => {
    await startBroker({ bind: endpoint });
    await startWorker({ brokers: [endpoint] });
    const load = ['--rate', '200', '--duration', '300ms', '--warm-up', '0', '--json'];
    const held = await bench('lab.echo', '{"id":"a"}', ...load);
    expect(JSON.parse(held.stdout)).toMatchObject({ loop: 'open', rate: 200, requests: 60, neverBegun: 0 });
    // One place and 50 ms for each: of the 60 calls, the last to be begun were due long before.
    const tight = await bench('lab.work', '{"id":"b","ms":50}', ...load, '--in-flight', '1');
    const report = JSON.parse(tight.stdout) as Record<string, number> & { latencyMs: { max: number } };
    expect((report['requests'] ?? 0) + (report['neverBegun'] ?? 0)).toBe(60);
    expect(report['delayed']).toBe((report['requests'] ?? 0) - 1);
    expect(report.latencyMs.max).toBeGreaterThan(200);
  },
  LIMIT_MS,
);

test(
  'errors are counted by code, and the most frequent one is the exit code',
  async () => {
    await startBroker({ bind: endpoint, queueLengthMax: 1, busyRetryMs: 20 });
    await startWorker({ brokers: [endpoint], concurrency: 1 });
    const failing = await bench('lab.echo', 'null', '--requests', '20', '--warm-up', '0', '--in-flight', '1', '--json');
    expect(failing).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(failing.stdout)).toMatchObject({
      requests: 20,
      answered: 0,
      failed: 20,
      errors: [{ code: 'HANDLER_FAILED', count: 20 }],
      latencyMs: null,
    });
    // One runs, one waits, the third is told BUSY. A client that asked again by itself would have an answer for it, too.
    const load = ['--requests', '3', '--warm-up', '0', '--in-flight', '3'];
    const busy = await bench('lab.work', '{"id":"a","ms":60}', ...load, '--json');
    expect(busy).toMatchObject({ code: 6, stderr: '' });
    expect(JSON.parse(busy.stdout)).toMatchObject({ answered: 2, failed: 1, errors: [{ code: 'BUSY', count: 1 }] });
  },
  LIMIT_MS,
);

test(
  'what no call can do is told at once, as by majordomo call',
  async () => {
    await startBroker({ bind: endpoint, absenceMaxMs: 0 });
    await startWorker({ brokers: [endpoint] });
    const long = ['--duration', '1h'];
    expect(await bench('none.such', ...long)).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringMatching(/^NO_SUCH_SERVICE /),
    });
    expect(await bench('lab.ecco', ...long, '--json')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('NO_SUCH_METHOD'),
    });
    expect(await bench('lab.values', '{"id":"a"}', ...long)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('add --stream'),
    });
    const stream = await bench('lab.values', '{"id":"a","count":3}', '--stream', '--requests', '5', '--json');
    expect(JSON.parse(stream.stdout)).toMatchObject({ answered: 5, failed: 0 });
    expect(await bench('lab.echo', '{"id":"a"}', ...long, '--requests', '5', '--rat', '3')).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'majordomo bench: 2 problems',
        '  --rat: unknown flag (did you mean --rate?)',
        '  --duration and --requests both say when it is over: give one of them',
        'See majordomo bench --help.',
        '',
      ].join('\n'),
    });
    endpoint = await freeEndpoint();
    expect(await bench('lab.echo', '--connect-timeout', '100ms', '--connections', '2')).toMatchObject({ code: 3 });
  },
  LIMIT_MS,
);

test(
  'SIGINT prints what was seen, with exit code 130, and cancels what is under way',
  async () => {
    await startBroker({ bind: endpoint });
    const worker = await startWorker({ brokers: [endpoint] });
    const args = ['lab.gate', '{"id":"a"}', '--warm-up', '0', '--duration', '1h', '--in-flight', '3', '--json'];
    const running = new Program(built(BIN), { args: ['bench', '--broker', endpoint, ...args] });
    await worker.hear('run');
    running.signal('SIGINT');
    // The first call waits at its gate: nothing was measured yet, so nothing is told.
    expect(await running.ended).toEqual({ code: 130, signal: null });
    expect(running.lines).toEqual([]);

    const slow = ['lab.work', '{"id":"b","ms":20}', ...args.slice(2)];
    const interrupted = new Program(built(BIN), { args: ['bench', '--broker', endpoint, ...slow] });
    const isB = (line: Line): boolean => line['id'] === 'b';
    for (let at = 0; worker.all('run').filter(isB).length < 20; at = worker.lines.length) {
      await worker.hear('run', isB, at);
    }
    interrupted.signal('SIGINT');
    expect(await interrupted.ended).toEqual({ code: 130, signal: null });
    const [report] = interrupted.lines as unknown as Record<string, number>[];
    expect(report).toMatchObject({ interrupted: true, unfinished: 3, failed: 0 });
    expect(report?.['requests']).toBeGreaterThan(10);
    const counted = (report?.['requests'] ?? 0) + 2 * FIRST;
    const runs = await runsOf(worker);
    expect(runs).toBeGreaterThanOrEqual(counted);
    expect(runs).toBeLessThanOrEqual(counted + 3);
  },
  LIMIT_MS,
);
