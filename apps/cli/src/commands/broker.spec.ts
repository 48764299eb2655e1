// What majordomo broker makes of flags, variables and a file, without starting a broker.

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Screen } from '../output/screen.js';
import { UsageError } from '../settings/usage-error.js';
import { broker } from './broker.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'majordomo-cli-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function yaml(content: string): string {
  const path = join(folder, 'majordomo.yaml');
  writeFileSync(path, content);
  return path;
}

/** What --print-config prints. */
async function configOf(flags: Record<string, unknown>, variables: Record<string, string> = {}): Promise<string> {
  const stdout = new PassThrough();
  const json = flags['json'] === true;
  const screen = new Screen({ stdout, stderr: new PassThrough(), json, noColor: true });
  const all = { printConfig: true, ...flags };
  const code = await broker({ command: 'majordomo broker', args: [], flags: all, variables, problems: [], screen });
  stdout.end();
  expect(code).toBe(0);
  return text(stdout);
}

async function problemsOf(
  flags: Record<string, unknown>,
  variables: Record<string, string> = {},
): Promise<readonly string[]> {
  const refused: unknown = await configOf(flags, variables).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UsageError);
  return (refused as UsageError).problems;
}

test('--print-config shows every setting and where it came from, the chosen ones first', async () => {
  const config = yaml('queueBytesMax: 1GiB\nbind:\n  - tcp://127.0.0.1:7000\n');
  const shown = await configOf({ config, maxAttempts: '3' }, { MAJORDOMO_HEARTBEAT_MS: '500ms' });
  const rows = shown
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(rows.slice(0, 6)).toEqual([
    ['SETTING', 'VALUE', 'FROM'],
    ['bind', 'tcp://127.0.0.1:7000', config],
    ['heartbeatMs', '500ms', 'MAJORDOMO_HEARTBEAT_MS'],
    ['maxAttempts', '3', '--max-attempts'],
    ['queueBytesMax', '1GiB', config],
    ['data', './majordomo-data', 'default'],
  ]);
  expect(rows.slice(5).every(([, , from]) => from === 'default')).toBe(true);
});

test('off is no folder; a path that cannot be one is found at once', async () => {
  expect(await configOf({ data: 'off' })).toMatch(/^data +off +--data$/m);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  expect(await problemsOf({ data: '' })).toEqual(['--data : must be the path of a folder, or off']);
  expect(await problemsOf({ data: join(folder, 'dangling', 'data') })).toEqual([
    expect.stringMatching(/dangling is a symbolic link to a folder that does not exist$/),
  ]);
  expect(await problemsOf({ config: yaml('data: 5\n') })).toEqual([
    `${join(folder, 'majordomo.yaml')}: data: 5: must be the path of a folder, or off`,
  ]);
});

test('settings below a heading are refused, and so are wrong values of settings that other commands use', async () => {
  const path = join(folder, 'majordomo.yaml');
  expect(await problemsOf({ config: yaml('broker:\n  queueLengthMax: 5\n') })).toEqual([
    expect.stringMatching(/majordomo.yaml: broker: .*: must be a list of /),
    `${path}: broker: settings are not grouped: write queueLengthMax at the left margin`,
  ]);
  expect(await problemsOf({ config: yaml('limits: { queueLengthMax: 5 }\ntimeout: 5\n') })).toEqual([
    `${path}: limits: unknown key`,
    `${path}: timeout: 5: needs a unit: write 5s, or 5ms`,
    `${path}: limits: settings are not grouped: write queueLengthMax at the left margin`,
  ]);
  expect(await configOf({ config: yaml('broker: tcp://127.0.0.1:7000\nqueueLengthMax: 5\n') })).toMatch(
    /^queueLengthMax +5 /m,
  );
});

test('plain Majordomo peers are served unless they are shut out, by flag, variable or file', async () => {
  const shown = await configOf({});
  for (const [setting, value] of Object.entries({
    mdp: 'on',
    mdpHeartbeatMs: '2500ms',
    mdpLiveness: '3',
    mdpBusySilenceMaxMs: '5m',
    mdpExpiresMs: '1m',
  }))
    expect(shown).toMatch(new RegExp(`^${setting} +${value} +default$`, 'm'));
  expect(await configOf({ mdp: 'off' })).toMatch(/^mdp +off +--mdp$/m);
  expect(await configOf({}, { MAJORDOMO_MDP: 'off' })).toMatch(/^mdp +off +MAJORDOMO_MDP$/m);
  expect(await configOf({ config: yaml('mdp: off\nmdpHeartbeatMs: 500ms\n') })).toMatch(/^mdp +off +.*yaml$/m);
  expect(await problemsOf({ mdp: 'maybe', mdpLiveness: '2' })).toEqual([
    '--mdp maybe: must be on or off',
    expect.stringMatching(/^--mdp-liveness 2: must be a whole number from 3 to 10/),
  ]);
});

test('with --json it is an object of values with their origins', async () => {
  const shown = JSON.parse(await configOf({ json: true, bind: ['tcp://127.0.0.1:0'] })) as Record<string, unknown>;
  expect(shown['bind']).toEqual({ value: ['tcp://127.0.0.1:0'], from: 'flag', where: '--bind' });
  expect(shown['maxAttempts']).toEqual({ value: 5, from: 'default', where: 'default' });
});

test('MAJORDOMO_CONFIG names the file as --config does, and the flag is stronger', async () => {
  const path = yaml('maxAttempts: 2\n');
  const variables = { MAJORDOMO_CONFIG: path };
  expect(await configOf({}, variables)).toContain(`maxAttempts            2`);
  expect(await problemsOf({ config: join(folder, 'other.yaml') }, variables)).toEqual([
    `${join(folder, 'other.yaml')}: the file of settings cannot be read: there is no such file`,
  ]);
});

test('settings of other commands in the environment and the file are no mistakes', async () => {
  const shown = await configOf({ config: yaml('broker: tcp://127.0.0.1:1\n') }, { MAJORDOMO_TIMEOUT: '5s' });
  expect(shown).not.toContain('MAJORDOMO_TIMEOUT');
});

test('problems of flags, variables, file and folder are told together', async () => {
  const config = yaml('queueLenghtMax: 5\n');
  const flags = { config, maxAttempts: '0', data: join(config, 'inside-a-file') };
  expect(await problemsOf(flags, { MAJORDOMO_LOG_LEVEL: 'loud', MAJORDOMO_BINDS: 'x' })).toEqual([
    `--data ${flags.data}: ${config} is not a folder`,
    'MAJORDOMO_LOG_LEVEL=loud: must be one of silent, fatal, error, warn, info, debug, trace',
    '--max-attempts 0: must be a whole number from 1 to 65535, not 0',
    'MAJORDOMO_BINDS: unknown variable (did you mean MAJORDOMO_BIND?)',
    `${config}: queueLenghtMax: unknown key (did you mean queueLengthMax?)`,
  ]);
});

test('settings that contradict each other are a problem', async () => {
  const problems = await problemsOf({ heartbeatMs: '10s' });
  expect(problems).toEqual(['silenceMaxMs (15000) must be at least three heartbeats (heartbeatMs is 10000)']);
});

test('a file that is not a map, or not YAML, is refused', async () => {
  const path = yaml('- a\n');
  expect(await problemsOf({ config: path })).toEqual([
    `${path}: must be a map of settings, like "bind: tcp://127.0.0.1:5555"`,
  ]);
  yaml('a: [1\n');
  expect((await problemsOf({ config: path }))[0]).toMatch(/at line 2, column 1$/);
  yaml('# nothing\n');
  await configOf({ config: path });
});
