// The bench of plain peers as it is started: that it runs from end to end, not how fast anything is.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../../dist/bench/mdp/main.js', import.meta.url));
const bench = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [MAIN, ...words]);

test('it measures every broker, or says what it would take', async () => {
  const brief = ['--in-flight', '10', '--seconds', '0.2', '--warm-up', '0.1', '--rounds', '1'];
  const { stdout, code } = await bench(...brief, '--against', 'no-such-broker {endpoint}').then(
    (ended) => ({ ...ended, code: 0 }),
    (error: unknown) => error as { stdout: string; code: number },
  );
  if (stdout.startsWith('not measured: ')) {
    process.stdout.write(`skipped: ${stdout}`);
    return;
  }
  const [head, ...rows] = stdout.trimEnd().split('\n');
  expect(code).toBe(1);
  expect(head).toBe('64 B, 10 in flight');
  const figures = / +[\d,]+ requests\/s +p50 [\d,]+ µs .* majordomo is \d+\.\d\d of it$/;
  expect(rows).toEqual([
    expect.stringMatching(new RegExp(`^  majordomo${figures.source}`)),
    expect.stringMatching(new RegExp(`^  plain broker in C${figures.source}`)),
    expect.stringMatching(new RegExp(`^  bare zeromq\\.js${figures.source}`)),
    expect.stringMatching(/^ {2}no-such-broker \{endpoint\} +failed: .* does not listen on tcp/),
  ]);
});

test('what is not understood ends with code 2 and the usage', async () => {
  const usage = expect.stringContaining('--against COMMAND');
  await expect(bench('--quick')).rejects.toMatchObject({ code: 2, stderr: usage });
  await expect(bench('--rounds', 'many')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--rounds many: must be a number above 0/),
  });
});
