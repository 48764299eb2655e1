// The simulator's command line says what is wrong with it, and CI makes as many worlds as it is meant to.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readWish, USAGE } from './command-line.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const scripts = (JSON.parse(readFileSync(at('package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

/** How the program ends, and what it prints. */
function simulator(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [at('test/dist/sim/main.js'), ...args], (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

test.each([
  ['an unknown option', ['--bogus']],
  ['a word', ['stray']],
  ['no number', ['--seeds', 'many']],
  ['no worlds', ['--seeds', '0']],
  ['an empty number', ['--seeds', '']],
  ['a number that is none of these', ['--seed', '1.5']],
  ['two beginnings', ['--fresh', '--from', '7']],
  ['a variant that is not there', ['--seed', '1', '--variant', 'nothing is broken']],
  ['a variant of no world', ['--variant', 'requeue at the tail']],
])('%s is wrong, and is not taken for a green run', (_, args) => {
  expect(readWish(args)).toEqual({ kind: 'wrong', problem: expect.any(String) });
});

test('what is right is read', () => {
  expect(readWish([])).toEqual({ kind: 'survey', first: 1, count: 1_000 });
  expect(readWish(['--fresh', '--seeds', '30'])).toEqual({ kind: 'survey', first: undefined, count: 30 });
  expect(readWish(['--variants', '--seeds', '130'])).toEqual({ kind: 'table', first: 1, count: 130 });
  expect(readWish(['--seed', '7', '--variant', 'requeue at the tail'])).toMatchObject({ kind: 'world', seed: 7 });
});

test('help is printed, and what is wrong is printed with it and without a stack', async () => {
  expect(await simulator('--help')).toEqual({ code: 0, out: `${USAGE}\n`, err: '' });
  const wrong = await simulator('--bogus');
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toContain(USAGE);
  expect(wrong.err).toContain("'--bogus'");
  expect(wrong.err).not.toContain('    at ');
});

test('the seeds of fresh worlds are printed', async () => {
  const { code, out } = await simulator('--fresh', '--seeds', '2');
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringMatching(/^2 worlds from seed \d{7,8} in .* 0 failed\n$/),
  });
});

/** The worlds that a script makes: all, and those that nobody has seen. */
function worldsOf(script: string): { all: number; fresh: number } {
  const wishes = (scripts[script] ?? '').split('&&').map((line) => readWish(line.trim().split(' ').slice(2)));
  const counts = wishes.map((wish) => (wish.kind === 'survey' ? wish : { count: 0, first: 0 }));
  const sum = (of: typeof counts): number => of.reduce((total, { count }) => total + count, 0);
  return { all: sum(counts), fresh: sum(counts.filter(({ first }) => first === undefined)) };
}

test('CI makes 2,000 worlds and the nightly set 10,000, half of them from seeds that nobody has seen', () => {
  expect(worldsOf('sim:ci')).toEqual({ all: 2_000, fresh: 1_000 });
  expect(worldsOf('sim:nightly')).toEqual({ all: 10_000, fresh: 5_000 });
  expect(readFileSync(at('.ci/run'), 'utf8')).toContain('npm run -s sim:ci');
  expect(scripts['posttest:nightly']).toContain('sim:nightly');
});
