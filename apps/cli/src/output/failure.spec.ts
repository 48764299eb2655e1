// What is said, and with which exit code, when a command does not succeed.

import { ERRORS, MajordomoError, type ErrorCode } from '@majordomo/protocol';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { EXIT_CODES, exitCodeOf } from '../exit-codes.js';
import { UsageError } from '../settings/usage-error.js';
import { tellFailure } from './failure.js';
import { Screen } from './screen.js';

async function told(error: unknown, json = false): Promise<{ readonly code: number; readonly said: string }> {
  const stderr = new PassThrough();
  const screen = new Screen({ stdout: new PassThrough(), stderr, json, noColor: false });
  const code = tellFailure(screen, error, 'majordomo call');
  stderr.end();
  return { code, said: await text(stderr) };
}

test('every error of the catalogue has an exit code that --help explains', () => {
  const documented = Object.values(EXIT_CODES).map(({ code }) => code as number);
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    expect(documented).toContain(exitCodeOf(code));
    expect(exitCodeOf(code)).not.toBe(0);
  }
});

test('the exit codes that scripts rely on', () => {
  const codes = [
    'HANDLER_FAILED',
    'INVALID_ARGUMENT',
    'NO_BROKER',
    'NO_SUCH_SERVICE',
    'NO_SUCH_METHOD',
    'DEADLINE_EXCEEDED',
  ] as const;
  expect(codes.map(exitCodeOf)).toEqual([1, 2, 3, 4, 4, 5]);
});

test('an error says what happened, whether it ran, whether to try again and what to do', async () => {
  const error = new MajordomoError('BUSY', 'the queue of orders is full', {
    retryAfterMs: 250,
    details: { queued: 10n },
  });
  expect(await told(error)).toEqual({
    code: 6,
    said: [
      'BUSY  the queue of orders is full',
      '  did it run  no, the handler was not started',
      '  try again   yes, after 250ms',
      `  what to do  ${ERRORS.BUSY.help}`,
      '  details     {"queued":10}',
      '',
    ].join('\n'),
  });
});

test('an error says which call failed, at which broker and worker, without the control characters of a peer', async () => {
  const error = new MajordomoError('HANDLER_FAILED', 'no stock');
  error.request = { address: 'a.b', id: '0c-1', broker: 'tcp://127.0.0.1:1', worker: 'w\u001b[2J', attempt: 2 };
  const line = '  request     a.b, id 0c-1, broker tcp://127.0.0.1:1, worker w�[2J, attempt 2\n';
  expect((await told(error)).said).toContain(line);
  expect(JSON.parse((await told(error, true)).said)).toMatchObject({ error: { request: error.request } });
  error.request = { address: 'majordomo.ticketResult', id: '0c-2', ticket: '0d-1' };
  expect((await told(error)).said).toContain('  request     majordomo.ticketResult, ticket 0d-1\n');
});

test('with --json it is one line that holds the same', async () => {
  const { code, said } = await told(new MajordomoError('HANDLER_FAILED', 'no stock', { stage: 'running' }), true);
  expect(JSON.parse(said)).toEqual({
    error: {
      code: 'HANDLER_FAILED',
      message: 'no stock',
      ran: 'yes',
      stage: 'running',
      retryable: false,
      retryAfterMs: 0,
      help: ERRORS.HANDLER_FAILED.help,
      details: {},
    },
    exitCode: 1,
  });
  expect(code).toBe(1);
});

test('problems of usage are listed, and where there is help', async () => {
  expect(await told(new UsageError(['--a: wrong', '--b: wrong']))).toEqual({
    code: 2,
    said: 'majordomo call: 2 problems\n  --a: wrong\n  --b: wrong\nSee majordomo call --help.\n',
  });
  expect((await told(new UsageError(['--a: wrong']))).said).toBe(
    'majordomo call: --a: wrong\nSee majordomo call --help.\n',
  );
});

test('an option that the SDK refuses is a problem of usage', async () => {
  const taken = new MajordomoError(
    'INVALID_OPTION',
    'cannot listen on tcp://127.0.0.1:5555: another process listens there',
  );
  expect(await told(taken)).toEqual({
    code: 2,
    said: `majordomo call: ${taken.message}\nSee majordomo call --help.\n`,
  });
});

test('a message of a peer cannot move the cursor', async () => {
  const { said } = await told(new MajordomoError('HANDLER_FAILED', 'evil\u001b[2J'));
  expect(said).toContain('HANDLER_FAILED  evil�[2J\n');
});

test('what is not in the catalogue is our own bug, with its stack', async () => {
  const { code, said } = await told(new TypeError('x is not a function'));
  expect(code).toBe(70);
  expect(said).toMatch(/^a bug in majordomo, please report it:\nTypeError: x is not a function\n {4}at /);
});

test('an odd object that was thrown is told as far as it can be read', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const { code, said } = await told(proxy);
  expect(code).toBe(70);
  expect(said).toContain('an object without a readable message was thrown');
});
