// The default logger, as processes have it, and those that are given.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chooseLogger, loggerProblem } from './logger.js';

/** What a process logs that has this level in its environment. */
function logged(level: string, more: object = {}): string {
  const file = fileURLToPath(new URL('../dist/esm/index.js', import.meta.url));
  const script = `
    import { chooseLogger } from ${JSON.stringify(file)};
    const logger = chooseLogger(undefined, 'majordomo client c-1');
    logger?.info('connected');
    logger?.warn('lost \u001b[2J it');
    logger?.error('failed', { stack: 'Error: m\\n    at x' });
  `;
  const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, MAJORDOMO_LOG_LEVEL: level },
    encoding: 'utf8',
    ...more,
  });
  expect(status).toBe(0);
  return (stderr ?? '').replace(/^\d{4}-\d\d-\d\dT[0-9:.]+Z /gm, '');
}

test('lines go to stderr, with stacks below them, and cannot move the cursor', () => {
  expect(logged('')).toBe(
    [
      'INFO  majordomo client c-1: connected',
      'WARN  majordomo client c-1: lost \uFFFD[2J it',
      'ERROR majordomo client c-1: failed',
      '    Error: m',
      '        at x',
      '',
    ].join('\n'),
  );
});

test('MAJORDOMO_LOG_LEVEL says from which level on', () => {
  expect(logged('error')).toMatch(/^ERROR/);
  expect(logged('silent')).toBe('');
});

test('a process whose stderr is closed goes on', () => {
  expect(logged('', { stdio: ['ignore', 'ignore', 'ignore'] })).toBe('');
});

test('console is a logger; what lacks a method is none', () => {
  expect(loggerProblem(console)).toBeUndefined();
  expect(loggerProblem(false)).toBeUndefined();
  for (const wrong of [true, null, 'log', { info: () => undefined }]) expect(loggerProblem(wrong)).toMatch(/^must be/);
});

test('what a given logger throws or rejects with is dropped', async () => {
  const told: unknown[] = [];
  const logger = chooseLogger(
    {
      info: (message) => told.push(message),
      warn: () => {
        throw new Error('full');
      },
      error: () => Promise.reject(new Error('gone')) as unknown as undefined,
    },
    'x',
  );
  logger?.info('a');
  logger?.warn('b');
  logger?.error('c');
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['a']);
});
