// The bench as it is started: that it runs from end to end, not how fast anything is.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
const bench = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [MAIN, ...words]);

test('a run of the floor prints valid JSON', async () => {
  const brief = ['--cells', '64x10', '--seconds', '0.2', '--warm-up', '0.1', '--rounds', '1'];
  const { stdout } = await bench('--systems', 'floor', ...brief, '--json');
  const { rows, environment, targets } = JSON.parse(stdout) as Record<string, unknown>;
  expect(rows).toEqual([expect.objectContaining({ cell: '64x10', system: 'floor', status: 'measured', wrong: 0 })]);
  expect(environment).toMatchObject({ node: process.version });
  expect(targets).toEqual([]);
});

test('an option that is not known ends with code 2 and the usage', async () => {
  await expect(bench('--quick')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--rounds N') });
});
