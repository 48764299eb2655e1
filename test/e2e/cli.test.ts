// The majordomo command as its users meet it: real processes, what they print, and the exit codes that scripts rely on.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BIN, logged, majordomo, startBrokerCommand as startBroker, type Outcome } from './command.js';
import { built, freeEndpoint, Program, until } from './processes.js';
import { clearStage, LIMIT_MS, startWorker } from './stage.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'majordomo-cli-'));
});

afterEach(async () => {
  await clearStage();
  rmSync(folder, { recursive: true });
});

test(
  'a call prints its value, and every way to fail has its exit code',
  async () => {
    const { broker, endpoint } = await startBroker();
    await startWorker({ brokers: [endpoint], name: 'w1' });
    const call = (...args: readonly string[]): Promise<Outcome> => majordomo(['call', '--broker', endpoint, ...args]);

    const pretty = await call('lab.echo', '{"id":"a"}');
    expect(pretty).toMatchObject({ code: 0, stderr: '' });
    expect(pretty.stdout).toMatch(/^\{\n {2}"id": "a",\n/);
    const compact = await majordomo(['call', 'lab.echo', '-', '--json'], {
      stdin: '{"id":"b"}',
      env: { MAJORDOMO_BROKER: endpoint },
    });
    expect(compact.stdout).toMatch(/^\{"id":"b",.*\}\n$/);
    expect((await call('lab.values', '{"id":"c","count":3}', '--stream')).stdout).toBe('0\n1\n2\n');
    const headers = await call('lab.about', '{"id":"d"}', '--header', 'tenant=a=b', '--header', 'trace=1');
    expect(JSON.parse(headers.stdout)).toMatchObject({ headers: { tenant: 'a=b', trace: '1' } });

    const failed = await call('lab.echo', 'null');
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/^HANDLER_FAILED .*\n {2}did it run {2}yes, the handler ran\n/);
    expect(await call('lab.echo', '{id:1}')).toMatchObject({ code: 2, stderr: expect.stringContaining('at column 2') });
    expect(await call('lab.values', '{"id":"e"}')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('add --stream'),
    });
    expect(await call('lab.ecco', '{"id":"f"}')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('NO_SUCH_METHOD'),
    });
    const late = await call('lab.gate', '{"id":"g"}', '--timeout', '200ms', '--json');
    expect(late).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse(late.stderr)).toMatchObject({
      // Broker and worker both watch it; the worker, if it is first, knows that the handler ran.
      error: { code: 'DEADLINE_EXCEEDED', ran: expect.stringMatching(/^(?:yes|unknown)$/) },
      exitCode: 5,
    });
    expect(await call('none.such', '--wait', '--timeout', '50ms')).toMatchObject({ code: 5 });
    broker.kill();
    await broker.ended;
    const alone = await call('lab.echo', '--connect-timeout', '5s');
    expect(alone).toMatchObject({ code: 3, stderr: expect.stringContaining('Start one with majordomo broker') });
  },
  LIMIT_MS,
);

test(
  'the lists show what a broker knows, as tables and as JSON',
  async () => {
    const { endpoint } = await startBroker('--max-attempts', '1');
    const list = (kind: string, ...args: readonly string[]): Promise<Outcome> =>
      majordomo([kind, '--broker', endpoint, ...args]);
    expect(await list('services')).toEqual({
      code: 0,
      stdout: '',
      stderr: `no services: no worker is connected (${endpoint})\n`,
    });
    await startWorker({ brokers: [endpoint], name: 'w1', concurrency: 7 });

    const [titles = '', row = ''] = (await list('services')).stdout.split('\n');
    expect(titles).toMatch(/^SERVICE +WORKERS +RUNNING +CAPACITY +QUEUED +OLDEST +METHODS$/);
    expect(row).toMatch(/^lab +1 +0 +7 +0 +- +echo, work, /);
    expect((await list('workers')).stdout).toMatch(/\nw1 +ready .* lab 0\/7 /);
    expect(JSON.parse((await list('queues', '--json')).stdout)).toContainEqual(
      expect.objectContaining({ broker: endpoint, address: 'lab.gate', queued: 0 }),
    );
    const poison = await majordomo(['call', 'lab.die', '{"id":"x"}', '--broker', endpoint]);
    expect(poison).toMatchObject({ code: 7, stderr: expect.stringContaining('ATTEMPTS_EXHAUSTED') });
    expect((await list('dead-letters')).stdout).toMatch(/ lab\.die +ATTEMPTS_EXHAUSTED .* 1 +w1 /);

    const gone = await freeEndpoint();
    const both = await list('dead-letters', '--broker', gone, '--connect-timeout', '5s');
    expect(both).toMatchObject({ code: 3, stderr: expect.stringContaining(`no broker answers at ${gone}`) });
    expect(both.stdout).toContain('lab.die');
  },
  LIMIT_MS,
);

test(
  'SIGTERM drains: what runs is finished and answered, then the broker ends with 0',
  async () => {
    const { broker, endpoint } = await startBroker('--data', folder);
    const worker = await startWorker({ brokers: [endpoint] });
    const call = majordomo(['call', 'lab.gate', '{"id":"a"}', '--broker', endpoint]);
    await worker.hear('run');
    broker.signal('SIGTERM');
    await until('the broker drains', () => logged(broker, 'drain.begun').length === 1);
    worker.tell({ open: 'a' });
    expect(await call).toMatchObject({ code: 0, stderr: '' });
    expect(await broker.ended).toEqual({ code: 0, signal: null });
    expect(logged(broker, 'drain.begun')).toMatchObject([{ unsettled: 1, level: 'info' }]);
    expect(logged(broker, 'drain.ended')).toMatchObject([{ unsettled: 0 }]);
    expect(await broker.hear('ready')).toMatchObject({ data: folder });
    expect(logged(broker, 'what is submitted is kept on disk')).toMatchObject([{ data: folder }]);
  },
  LIMIT_MS,
);

test(
  'a second signal ends the broker at once; a drain that takes too long says what was left',
  async () => {
    const hasty = await startBroker();
    const patient = await startBroker('--drain-timeout-ms', '200ms');
    const worker = await startWorker({ brokers: [hasty.endpoint, patient.endpoint] });
    const calls = [hasty, patient].map(({ endpoint }, at) =>
      majordomo(['call', 'lab.gate', `{"id":"${at}"}`, '--broker', endpoint, '--timeout', '12s', '--wait']),
    );
    await worker.hear('run', ({ id }) => id === '0');
    await worker.hear('run', ({ id }) => id === '1');
    for (const { broker } of [hasty, patient]) broker.signal('SIGINT');
    await until('the broker drains', () => logged(hasty.broker, 'drain.begun').length === 1);
    hasty.broker.signal('SIGTERM');
    expect(await hasty.broker.ended).toEqual({ code: 143, signal: null });
    expect(await patient.broker.ended).toEqual({ code: 0, signal: null });
    expect(patient.broker.errors).toContain('"unsettled":1,"msg":"closing with unsettled requests');
    for (const { code, stderr } of await Promise.all(calls)) {
      // Nobody came back: whether it ran is not known.
      expect({ code, stderr }).toEqual({
        code: expect.any(Number),
        stderr: expect.stringContaining('unknown, the handler may have run'),
      });
      expect([3, 5]).toContain(code);
    }
  },
  LIMIT_MS,
);

test(
  'Ctrl-C cancels a call down to its handler, and a reader that goes away does so quietly',
  async () => {
    const { endpoint } = await startBroker();
    const worker = await startWorker({ brokers: [endpoint] });
    const call = new Program(built(BIN), { args: ['call', 'lab.gate', '{"id":"a"}', '--broker', endpoint] });
    await worker.hear('run');
    call.signal('SIGINT');
    expect(await worker.hear('aborted')).toMatchObject({ id: 'a', reason: 'cancelled' });
    expect(await call.ended).toEqual({ code: 130, signal: null });

    const args = ['call', 'lab.values', '{"id":"b","count":1000000}', '--stream', '--broker', endpoint];
    const child = spawn(process.execPath, [built(BIN), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await text(child.stderr)).toBe('');
    expect(await ended).toBe(0);
    await worker.hear('finally', ({ id }) => id === 'b');
  },
  LIMIT_MS,
);

test(
  'what is wrong with a command line is told together, with the nearest known name and exit code 2',
  async () => {
    const env = { MAJORDOMO_BINDD: 'x' };
    expect(
      await majordomo(['broker', '--print-confg', '--max-attempts', '0', '--queue-bytes-max', '5 bits'], { env }),
    ).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'majordomo broker: 4 problems',
        '  --print-confg: unknown flag (did you mean --print-config?)',
        '  --max-attempts 0: must be a whole number from 1 to 65535, not 0',
        '  --queue-bytes-max 5 bits: must be a size like 10kB, 64MiB or 1GiB (a plain number is bytes)',
        '  MAJORDOMO_BINDD: unknown variable (did you mean MAJORDOMO_BIND?)',
        'See majordomo broker --help.',
        '',
      ].join('\n'),
    });
    expect(await majordomo(['servics'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean services?'),
    });
    expect(await majordomo(['services', 'extra'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('extra: one argument too many'),
    });
    expect(await majordomo(['dead-letters', 'nosuch'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nosuch: unknown action; the actions are list, show, replay, purge'),
    });
    expect(await majordomo(['bench', 'lab.echo', '--duration', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--duration 1: needs a unit: write 1s, or 1ms'),
    });
    expect(await majordomo(['demo', '--calls', '--json'])).toMatchObject({ code: 2 });
    expect(await majordomo(['call', '--timeout'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('argument missing'),
    });
    expect(await majordomo([])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage: majordomo'),
    });
  },
  LIMIT_MS,
);

test(
  'help and version are results: on stdout, with exit code 0, and without colour',
  async () => {
    const help = await majordomo(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const word of ['Examples:', 'Exit codes:', 'dead-letters', 'MAJORDOMO_BROKER'])
      expect(help.stdout).toContain(word);
    expect(help.stdout).not.toContain('\u001b');
    expect((await majordomo(['help', 'broker'])).stdout).toContain('--queue-length-max <count>');
    expect((await majordomo(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const config = await majordomo(['broker', '--print-config', '--json'], {
      env: { MAJORDOMO_QUEUE_LENGTH_MAX: '5' },
    });
    expect(JSON.parse(config.stdout)).toMatchObject({ queueLengthMax: { value: 5, from: 'environment' } });
  },
  LIMIT_MS,
);

test(
  'the demo loses nothing, answers nothing twice, and leaves no process and no file behind',
  async () => {
    const env = { TMPDIR: folder };
    const { code, stdout, stderr } = await majordomo(['demo', '--calls', '500', '--json'], { env });
    const summary = JSON.parse(stdout) as Record<string, number>;
    expect(summary).toMatchObject({ calls: 500, answered: 500, lost: 0, answeredTwice: 0, error: null });
    expect(summary['held']).toBeGreaterThan(0);
    expect(summary['redelivered']).toBe(summary['held']);
    expect(code).toBe(0);
    expect(stderr).toContain('worker-1 killed with SIGKILL');
    const pids = [...stderr.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(3);
    for (const pid of pids) await until(`process ${pid} is gone`, () => !isAlive(pid));
    expect(readdirSync(folder)).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'when the demo itself is killed, its processes end',
  async () => {
    const demo = new Program(built(BIN), { args: ['demo', '--calls', '100000'], env: { TMPDIR: folder } });
    await until('all workers of the demo work', () => demo.errors.includes('client makes'));
    const pids = [...demo.errors.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(2);
    demo.kill();
    for (const pid of pids) await until(`process ${pid} is gone`, () => !isAlive(pid));
  },
  LIMIT_MS,
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
