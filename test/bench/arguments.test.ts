// What the bench's command line understands.
import { parseArguments, type Settings } from './arguments.js';
import { parseCell } from './cell.js';

function settingsOf(...words: string[]): Settings {
  const asked = parseArguments(words);
  if (!('settings' in asked)) throw new Error(JSON.stringify(asked));
  return asked.settings;
}

function problemsOf(...words: string[]): string[] {
  const asked = parseArguments(words);
  if (!('problems' in asked)) throw new Error(JSON.stringify(asked));
  return asked.problems;
}

test('a cell is bytes by requests in flight, and by how many clients and workers', () => {
  expect(parseCell('64x1000')).toEqual({
    name: '64x1000',
    work: 'echo',
    bodyBytes: 64,
    inFlight: 1_000,
    clients: 1,
    workers: 1,
    neighbours: 0,
  });
  expect(parseCell('64x250x4')).toMatchObject({ inFlight: 250, clients: 4, workers: 4 });
  expect(parseCell('submit:256x10')).toMatchObject({ work: 'submit', bodyBytes: 256, workers: 0, neighbours: 0 });
  expect(parseCell('mixed:64x10')).toMatchObject({ work: 'mixed', clients: 1, workers: 1, neighbours: 1 });
});

test.each(['', '64', '64x', '0x10', '64x0', '64x1.5', '64x10x0', 'x64x10', '64x10x2x2', 'publish:64x10'])(
  '"%s" is no cell',
  (text) => {
    expect(parseCell(text)).toBeUndefined();
  },
);

test('nothing asked means every system in every cell, three rounds of two seconds', () => {
  const settings = settingsOf();
  expect(settings).toMatchObject({ mode: 'compare', rounds: 3, measureMs: 2_000, isJson: false });
  expect(settings.systems).toContain('rabbitmq');
  expect(settings.cells.map((cell) => cell.name)).toContain('64x250x4');
});

test('a cell or system that is named twice is measured once', () => {
  const settings = settingsOf('--cells', '64x1,64x1', '--systems=floor,floor');
  expect(settings.cells).toHaveLength(1);
  expect(settings.systems).toEqual(['floor']);
});

test('all problems are told together, an unknown option with the nearest known one', () => {
  const problems = problemsOf(
    '--systmes',
    'floor',
    '--rounds',
    '1.5',
    '--cells',
    '64',
    '--json=yes',
    '--seconds',
    'two',
  );
  expect(problems).toEqual([
    '--systmes is not an option; did you mean --systems?',
    '--json takes no value',
    '64 is not a cell; write 64x1000, or 64x250x4',
    '--rounds is a whole number from 1 to 1000, not 1.5',
    '--seconds is seconds from 0.1 to 3600, not two',
  ]);
});

test('a system that is not known is refused with those that are', () => {
  expect(problemsOf('--systems', 'floor,zerorpc')).toEqual([expect.stringMatching(/^zerorpc is not a system; .*nats/)]);
});

test('a chart that could not be written is refused before anything is measured', () => {
  expect(problemsOf('--chart', 'no-such-folder/chart.svg')).toEqual([expect.stringContaining('no such folder')]);
});

test('the check measures floor and majordomo in cells of its own', () => {
  expect(settingsOf('--check')).toMatchObject({ mode: 'check', systems: ['floor', 'majordomo'] });
  expect(problemsOf('--check', '--cells', '64x1')).toHaveLength(1);
  expect(problemsOf('--check', '--update-baseline')).toHaveLength(1);
});

test('help goes before every problem', () => {
  expect(parseArguments(['--help', '--nonsense'])).toHaveProperty('help');
});
