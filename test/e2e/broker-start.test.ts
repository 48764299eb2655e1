// What a broker says and does when it is started with something wrong, as its users meet it.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBroker } from '@majordomo/broker';
import { BIN, majordomo } from './command.js';
import { built, Program } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS } from './stage.js';

let folder = '';

beforeEach(() => {
  folder = dataFolder();
});

afterEach(clearStage);

const BIND = ['--bind', 'tcp://127.0.0.1:0'];

test(
  'a folder for the journal that cannot be used ends the broker at once with exit code 2 and the reason',
  async () => {
    const start = (data: string) => majordomo(['broker', ...BIND, '--data', data]);
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    writeFileSync(join(folder, 'file'), '');
    for (const [data, why] of [
      ['', 'must be the path of a folder, or off'],
      [join(folder, 'dangling'), 'is a symbolic link to a folder that does not exist'],
      [join(folder, 'loop'), 'is a symbolic link to a folder that does not exist'],
      [join(folder, 'file'), 'is not a folder'],
      [join(folder, 'file', 'data'), 'is not a folder'],
      [join(folder, 'x'.repeat(300)), 'its path is too long'],
    ] as const) {
      const ended = await start(data);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toContain(why);
      expect(ended.stderr).not.toContain('    at ');
    }
  },
  LIMIT_MS,
);

test(
  'a place in which no folder can be made is refused instead of being tried for ever',
  async () => {
    const ended = await majordomo(['broker', ...BIND, '--data', '/proc/majordomo-data/journal']);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be') });
  },
  LIMIT_MS,
);

test('a broker of a program makes the folders that are missing, and says what is wrong with others', async () => {
  const data = join(folder, 'a', 'b', 'c');
  const options = { bind: ['tcp://127.0.0.1:0'] };
  await (await createBroker({ ...options, data })).close();
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  await expect(createBroker({ ...options, data: join(folder, 'dangling') })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('it does not exist and cannot be created there'),
  });
  mkdirSync(join(folder, 'real'));
  rmSync(join(folder, 'dangling'));
  symlinkSync(join(folder, 'real'), join(folder, 'dangling'));
  await (await createBroker({ ...options, data: join(folder, 'dangling', 'x') })).close();
});

test(
  'the log is JSON where no terminal is, and text where it is asked for',
  async () => {
    const logOf = async (...flags: string[]): Promise<string> => {
      const args = ['broker', ...BIND, '--data', 'off', '--json', ...flags];
      const broker = new Program(built(BIN), { args });
      await broker.hear('ready');
      broker.signal('SIGTERM');
      await broker.ended;
      return broker.errors;
    };
    const lines = (await logOf()).trimEnd().split('\n');
    expect(lines.map((line) => typeof (JSON.parse(line) as { msg: unknown }).msg)).not.toContain('undefined');
    expect(await logOf('--log-format', 'text')).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d+\] INFO(?: \(\d+\))?: listening on tcp:.*$/m,
    );
    expect(await majordomo(['broker', ...BIND, '--log-format', 'xml'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--log-format xml: must be one of auto, text, json'),
    });
  },
  LIMIT_MS,
);
