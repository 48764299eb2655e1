// majordomo submit and majordomo ticket as their users meet them, and what becomes of tickets when the disk fails.

import type { Ticket } from '@majordomo/client';
import { readdirSync } from 'node:fs';
import { logged, majordomo, startBrokerCommand, startBrokerWith, type Outcome } from './command.js';
import { freeEndpoint, until } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startClient, startWorker } from './stage.js';

afterEach(clearStage);

test(
  'submit prints a ticket, ticket says what became of it, and every way to fail has its exit code',
  async () => {
    const { endpoint } = await startBrokerCommand('--data', dataFolder());
    const run = (...args: readonly string[]): Promise<Outcome> => majordomo([...args, '--broker', endpoint]);
    const keyed = [
      'submit',
      'lab.echo',
      '{"id":"a"}',
      '--idempotency-key',
      'k',
      '--ordering-key',
      'o',
      '--priority',
      '9',
    ];
    const submitted = await run(...keyed, '--expires', '1h');
    expect(submitted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{14}-\d+\n$/), stderr: '' });
    const id = submitted.stdout.trim();
    expect(JSON.parse((await run(...keyed, '--json')).stdout)).toEqual({ ticket: id });
    const status = await run('ticket', 'status', id);
    expect(status.stdout).toMatch(/^ticket {6}\S+\nmethod {6}lab\.echo\nstate {7}queued\nattempt {5}0\naccepted {4}20/);
    expect(await run('ticket', 'result', id, '--timeout', '100ms')).toMatchObject({ code: 5, stdout: '' });

    await startWorker({ brokers: [endpoint] });
    expect(JSON.parse((await run('ticket', 'result', id)).stdout)).toMatchObject({ id: 'a', attempt: 1 });
    expect(JSON.parse((await run('ticket', 'status', id, '--json')).stdout)).toMatchObject({ state: 'done' });
    expect(await run('ticket', 'cancel', id)).toMatchObject({ code: 0, stdout: 'it had ended before\n' });

    const later = (await run('submit', 'lab.echo', '{"id":"b"}', '--run-at', '1h')).stdout.trim();
    expect((await run('ticket', 'status', later)).stdout).toContain('state       delayed');
    expect(JSON.parse((await run('ticket', 'cancel', later, '--json')).stdout)).toEqual({
      ticket: later,
      cancelled: true,
    });
    expect(await run('ticket', 'result', later)).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('CANCELLED'),
    });

    const waited = await run('submit', 'lab.echo', '{"id":"c"}', '--wait', '--json');
    const [ticket = '', value = ''] = waited.stdout.split('\n');
    expect([JSON.parse(ticket), JSON.parse(value)]).toMatchObject([{ ticket: expect.any(String) }, { id: 'c' }]);

    expect(await run('submit', 'lab.echo', '{"id":"x"}', '--idempotency-key', 'k')).toMatchObject({ code: 2 });
    expect(await run('ticket', 'status', '0000000000000a-5')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('TICKET_UNKNOWN'),
    });
    expect(await run('ticket', 'status', 'nonsense')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a ticket'),
    });
    expect(
      await majordomo(['submit', 'lab', '--priority', '10', '--run-at', 'soon', '--idempotency-kye', 'k']),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /4 problems\n.*--idempotency-kye: unknown flag \(did you mean --idempotency-key\?\)\n.*"lab".*\n.*--priority 10: .*\n.*--run-at soon: /,
      ),
    });
  },
  LIMIT_MS,
);

test(
  'a broker without a journal says so, to the submitter and in its log, and leaves nothing behind',
  async () => {
    const cwd = dataFolder();
    const { broker, endpoint } = await startBrokerWith({ cwd }, '--data', 'off');
    expect(await broker.hear('ready')).toMatchObject({ data: null });
    const refused = await majordomo(['submit', 'lab.echo', '--broker', endpoint]);
    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining('--data off') });
    expect(logged(broker, 'nothing is kept on disk: nothing can be submitted')).toHaveLength(1);
    expect(readdirSync(cwd)).toEqual([]);
  },
  LIMIT_MS,
);

/** Of the shell: 200 to 400 KB, which the bodies below reach soon. */
const FILE_BLOCKS_MAX = 400;

test(
  'W60: a disk that fails ends the broker with 74 and a clear line; no ticket that was given out is lost, and no other was',
  async () => {
    const flags = ['--bind', await freeEndpoint(), '--data', dataFolder()];
    const { broker, endpoint } = await startBrokerWith({ fileBlocksMax: FILE_BLOCKS_MAX }, ...flags);
    const client = await startClient(endpoint);
    const given: string[] = [];
    const handOver = async (id: string, body: string): Promise<Ticket> => {
      const ticket = await client.submit('lab.echo', { id, body });
      given.push(ticket.id);
      return ticket;
    };
    for (const id of ['a', 'b', 'c']) await handOver(id, 'small');
    const body = 'x'.repeat(20_000);
    const all = Array.from({ length: 50 }, (_, i) => handOver(String(i), body));
    expect(await broker.ended).toEqual({ code: 74, signal: null });
    const [line] = broker.errors.split('\n').filter((text) => text.includes('"level":"fatal"'));
    expect(JSON.parse(line ?? '')).toMatchObject({
      msg: expect.stringContaining('the journal cannot be read or written'),
    });
    const before = [...given];
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(before.length).toBeLessThan(3 + all.length);

    await startBrokerCommand(...flags);
    for (const id of before) expect(await client.ticket(id).status()).toMatchObject({ state: 'queued' });
    // The client has handed over again what it had no ticket for.
    expect(new Set((await Promise.all(all)).map(({ id }) => id)).size).toBe(all.length);
    await startWorker({ brokers: [endpoint] });
    const answers = await Promise.all(given.map((id) => client.ticket<{ id: string }>(id).result()));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(3 + all.length);
  },
  LIMIT_MS,
);

test(
  'a folder is for one broker, and what is no folder is refused at once',
  async () => {
    const data = dataFolder();
    const { broker } = await startBrokerCommand('--data', data);
    const second = await majordomo(['broker', '--bind', 'tcp://127.0.0.1:0', '--data', data]);
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining('a journal is for one broker') });
    broker.kill();
    await broker.ended;
    const third = await startBrokerCommand('--data', data);
    await until('it has read its journal', () => logged(third.broker, 'journal.read').length === 1);
    expect(await majordomo(['broker', '--data', `${data}/data.mdb`])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a folder'),
    });
  },
  LIMIT_MS,
);
