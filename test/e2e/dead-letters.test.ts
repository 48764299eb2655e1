// Requests that were given up, as operators meet them: listed, looked into, handed over anew and removed by the command, over restarts.

import { BIN, majordomo, startBrokerCommand, type Outcome } from './command.js';
import { built, freeEndpoint, Program } from './processes.js';
import { clearStage, dataFolder, launchWorker, LIMIT_MS, startClient, startWorker } from './stage.js';

afterEach(clearStage);

/** What a command printed as JSON. */
function json<T = Record<string, unknown>>({ stdout, stderr }: Outcome): T {
  expect(stderr).toBe('');
  return JSON.parse(stdout) as T;
}

test(
  'a submitted request that failed at every attempt is kept with its history, and succeeds when it is handed over anew',
  async () => {
    const flags = ['--bind', await freeEndpoint(), '--data', dataFolder()];
    const { broker, endpoint } = await startBrokerCommand(...flags);
    const worker = await startWorker({ brokers: [endpoint], name: 'w1' });
    const run = (...args: readonly string[]): Promise<Outcome> => majordomo([...args, '--broker', endpoint]);
    const failed = await run('submit', 'lab.moody', '{"id":"m","count":99}', '--wait', '--header', 'tenant=a');
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    const [, id = ''] = /^ticket (\S+)$/m.exec(failed.stderr) ?? [];
    expect(failed.stderr).toContain('HANDLER_FAILED  no, for the 3. time');
    broker.kill();
    await broker.ended;
    await startBrokerCommand(...flags);

    expect((await run('dead-letters')).stdout).toMatch(
      new RegExp(`^${id} +lab\\.moody +HANDLER_FAILED +\\S+ +3 +w1 retry, w1 retry, w1 failed$`, 'm'),
    );
    const letter = json(await run('dead-letters', 'show', id));
    expect(letter).toMatchObject({
      request: id,
      address: 'lab.moody',
      body: { id: 'm', count: 99 },
      headers: { tenant: 'a' },
      durable: true,
    });
    expect(letter['attempts']).toMatchObject([
      { attempt: 1, worker: 'w1', ended: 'retry', error: { code: 'HANDLER_FAILED', message: 'no, for the 1. time' } },
      { attempt: 2, worker: 'w1', ended: 'retry', error: { code: 'HANDLER_FAILED', message: 'no, for the 2. time' } },
      { attempt: 3, worker: 'w1', ended: 'failed', error: { code: 'HANDLER_FAILED', message: 'no, for the 3. time' } },
    ]);
    expect(json(await run('ticket', 'status', id, '--json'))).toMatchObject({ state: 'dead' });

    worker.tell({ open: 'm' });
    await worker.caughtUp();
    const { ticket } = json<{ ticket: string }>(await run('dead-letters', 'replay', id, '--json'));
    expect(ticket).not.toBe(id);
    expect(json(await run('ticket', 'result', ticket))).toMatchObject({ id: 'm', attempt: 1 });
    expect(await run('dead-letters')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no dead letters'),
    });
    expect(await run('dead-letters', 'show', id)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('TICKET_UNKNOWN'),
    });
  },
  LIMIT_MS,
);

test(
  'what killed its workers is purged one by one or all at once, at the broker that has it, and stays gone',
  async () => {
    const flags = [
      '--bind',
      await freeEndpoint(),
      '--data',
      dataFolder(),
      '--max-attempts',
      '1',
      '--dead-letters-max',
      '1',
    ];
    const { broker, endpoint } = await startBrokerCommand(...flags);
    const other = await startBrokerCommand();
    const run = (...args: readonly string[]): Promise<Outcome> =>
      majordomo([...args, '--broker', other.endpoint, '--broker', endpoint]);
    const client = await startClient(endpoint);
    const ids: string[] = [];
    for (const id of ['a', 'b', 'c']) {
      const worker = launchWorker({ brokers: [endpoint] });
      const ticket = await client.submit('lab.die', { id });
      await expect(ticket.result()).rejects.toMatchObject({ code: 'ATTEMPTS_EXHAUSTED' });
      await worker.ended;
      ids.push(ticket.id);
    }
    const [first = '', second = ''] = ids;
    expect(json<object[]>(await run('dead-letters', 'list', '--json'))).toHaveLength(3);
    expect(await run('dead-letters', 'purge', first)).toMatchObject({ code: 0, stdout: `purged ${first}\n` });
    expect(await run('dead-letters', 'purge', first)).toMatchObject({ code: 2 });
    broker.kill();
    await broker.ended;
    await startBrokerCommand(...flags);
    expect(json(await run('dead-letters', 'show', second))).toMatchObject({ code: 'ATTEMPTS_EXHAUSTED' });
    expect(json(await run('dead-letters', 'purge', '--all', '--json'))).toEqual({ purged: 2 });
    expect(json(await run('dead-letters', '--json'))).toEqual([]);
    await expect(client.ticket(second).status()).rejects.toMatchObject({ code: 'TICKET_EXPIRED' });
  },
  LIMIT_MS,
);

test(
  'a call that was given up is kept too, and is replayed only where there is a journal',
  async () => {
    const { endpoint } = await startBrokerCommand('--max-attempts', '1');
    launchWorker({ brokers: [endpoint] });
    const run = (...args: readonly string[]): Promise<Outcome> => majordomo([...args, '--broker', endpoint]);
    expect(await run('call', 'lab.die', '{"id":"x"}', '--wait')).toMatchObject({ code: 7 });
    const [letter] = json<{ request: string }[]>(await run('dead-letters', '--json'));
    const id = letter?.request ?? '';
    expect(json(await run('dead-letters', 'show', id))).toMatchObject({ durable: false, body: { id: 'x' } });
    const refused = await run('dead-letters', 'replay', id);
    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining('UNSUPPORTED') });
  },
  LIMIT_MS,
);

test(
  'what is wrong with the command is told before anybody is asked',
  async () => {
    const program = new Program(built(BIN), { args: ['dead-letters', 'shwo', 'x', '--json'] });
    expect(await program.ended).toEqual({ code: 2, signal: null });
    expect(program.errors).toContain('shwo: unknown action (did you mean show?)');
    for (const [args, problem] of [
      [['show'], 'the request is missing'],
      [['list', 'x'], 'x: one argument too many'],
      [['purge', 'x', '--all'], '--all is for purge, without a request'],
      [['--all'], '--all is for purge, without a request'],
    ] as const) {
      expect(await majordomo(['dead-letters', ...args])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(problem),
      });
    }
  },
  LIMIT_MS,
);
