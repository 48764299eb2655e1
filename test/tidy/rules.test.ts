// Breaks every house rule once, in a house made of a few texts, and sees that it goes red: a rule nobody has seen red may be blind.
import { deadPaths, errorDocFaults, untestedDecisions, untestedMusts } from './doc-rules.js';
import { houseOf, type House } from './house.js';
import {
  brokenFloors,
  circles,
  deadFiles,
  emptyNames,
  impurities,
  overlong,
  shortcuts,
  strayTimersAndSockets,
  unannounced,
  undeclared,
} from './source-rules.js';
import { mask, sourceOf } from './source.js';

const house = (texts: Readonly<Record<string, string>>): House => houseOf(new Map(Object.entries(texts)));
const broker = (text: string, path = 'apps/broker/src/core/a.ts'): House => house({ [path]: text });

describe('what is code', () => {
  test.each([
    ['a // Date', 'a        '],
    ['a /* Date\n */ b', 'a        \n    b'],
    [`f('it\\'s Date') + "Date"`, `f('          ') + "    "`],
    ['`a ${b + `c ${d}`} e`', '`  ${b + `  ${d}`}  `'],
    ['`${{ a: 1 }.a}` + Date', '`${{ a: 1 }.a}` + Date'],
    [`/['"/]/.test(a) / Date / 2`, `/     /.test(a) / Date / 2`],
    [`return /'/; b`, `return / /; b`],
    ['const url = "http://x"; b', 'const url = "        "; b'],
  ])('%s', (text, code) => {
    expect(mask(text)).toBe(code);
  });

  test('imports of every kind are found, and what only looks like one is not', () => {
    const { imports, urls } = sourceOf(
      [
        `import type { A } from './a.js';`,
        `import {\n  B,\n} from "./b.js";`,
        `import './c.js';`,
        `export * from './d.js';`,
        `const e = await import('./e.js');`,
        `const f = require('./f.js');`,
        `type G = import('./g.js').G;`,
        `new URL('./h.js', import.meta.url);`,
        `Buffer.from('./no.js'); // from './no.js'`,
        `new URL('./no.js'); "import './no.js'"; registry.require('./no.js');`,
      ].join('\n'),
    );
    expect(imports).toEqual(['./a.js', './b.js', './c.js', './d.js', './e.js', './f.js', './g.js']);
    expect(urls).toEqual(['./h.js']);
  });
});

describe('floors', () => {
  test.each([
    ['libs/protocol/src/a.ts', '@majordomo/runtime'],
    ['libs/protocol/src/a.ts', 'zeromq'],
    ['libs/protocol/src/a.ts', 'node:crypto'],
    ['libs/runtime/src/a.ts', '@majordomo/caller'],
    ['libs/caller/src/a.ts', '@majordomo/worker'],
    ['apps/broker/src/a.ts', '@majordomo/caller'],
    ['apps/client-sdk/src/a.ts', '@majordomo/worker'],
    ['apps/worker-sdk/src/a.spec.ts', '@majordomo/broker'],
    ['apps/broker/src/a.ts', '@majordomo/protocol/src/records.js'],
    ['apps/broker/src/a.ts', '../../../libs/protocol/src/index.js'],
    ['apps/broker/src/core/a.ts', '@majordomo/runtime'],
    ['apps/broker/src/core/a.ts', 'node:timers'],
    ['apps/broker/src/core/a.ts', 'lmdb'],
    ['apps/broker/src/core/deep/a.ts', '../../driver.js'],
    ['apps/attic/src/a.ts', './b.js'],
  ])('%s may not import %s', (path, specifier) => {
    expect(brokenFloors(broker(`import { a } from '${specifier}';`, path))).toHaveLength(1);
  });

  test.each([
    ['libs/runtime/src/a.ts', 'zeromq'],
    ['apps/client-sdk/src/a.ts', '@majordomo/caller'],
    ['apps/cli/src/a.ts', '@majordomo/broker'],
    ['apps/broker/src/core/a.spec.ts', 'node:fs'],
    ['apps/broker/src/core/deep/a.ts', '../b.js'],
    ['apps/broker/src/a.ts', './core/b.js'],
  ])('%s may import %s', (path, specifier) => {
    expect(brokenFloors(broker(`import { a } from '${specifier}';`, path))).toEqual([]);
  });

  test('a circle is found, also one of types', () => {
    const texts = {
      'libs/caller/src/a.ts': `import './b.js';`,
      'libs/caller/src/b.ts': `import type { A } from './a.js';`,
    };
    expect(circles(house(texts))).toEqual(['libs/caller/src/a.ts → libs/caller/src/b.ts → libs/caller/src/a.ts']);
    expect(circles(house({ ...texts, 'libs/caller/src/b.ts': '' }))).toEqual([]);
  });

  test('an import that package.json does not name is found', () => {
    const declaring = (dependencies: object): House =>
      house({ 'apps/cli/package.json': JSON.stringify({ dependencies }), 'apps/cli/src/a.ts': `import 'pino/file';` });
    expect(undeclared(declaring({}))).toEqual(['apps/cli/src/a.ts: pino']);
    expect(undeclared(declaring({ pino: '1' }))).toEqual([]);
  });
});

describe('purity', () => {
  test.each([
    'new Date()',
    'performance.now()',
    'Math.random()',
    'crypto.randomUUID()',
    'globalThis.x',
    'process.env',
    "process['env']",
    'setTimeout(f, 1)',
    'queueMicrotask(f)',
    'async () => 1',
    'for await (const a of b) f(a)',
    '`${Date.now()}`',
    'new Date()',
    'new Date( )',
    'const clock = Date;',
  ])('%s', (text) => {
    expect(impurities(broker(text))).toHaveLength(1);
    expect(impurities(broker(text, 'libs/protocol/src/a.ts'))).toHaveLength(1);
    expect(impurities(broker(text, 'apps/broker/src/driver.ts'))).toEqual([]);
    expect(impurities(broker(text, 'apps/broker/src/core/a.spec.ts'))).toEqual([]);
  });

  test.each([
    '// Date',
    '/** await */',
    `'node:fs zeromq'`,
    'a.process()',
    'message.async',
    'a.performance',
    'dates',
    'new Date(ms)',
    'Date.prototype.getTime.call(value)',
    '{ crypto: 1 }',
  ])('%s is allowed', (text) => {
    expect(impurities(broker(text))).toEqual([]);
  });

  test.each([
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'AbortSignal.timeout(1)',
    `import 'node:timers/promises';`,
    `import 'zeromq';`,
  ])('%s is for libs/runtime only', (text) => {
    expect(strayTimersAndSockets(broker(text, 'apps/broker/src/a.ts'))).toHaveLength(1);
    expect(strayTimersAndSockets(broker(text, 'libs/runtime/src/a.ts'))).toEqual([]);
  });
});

describe('shortcuts', () => {
  test.each([
    `// ${'TO'}DO later`,
    `// ${'FIX'}ME`,
    `// @ts-${'ignore'}`,
    `// @ts-${'nocheck'}`,
    'let a: any;',
    'a as any',
    'Map<string, any>',
    'let a: string | any[];',
    'type A = any;',
    'export default a;',
    'export { a as default };',
    'export = a;',
  ])('%s', (text) => {
    expect(shortcuts(broker(text))).toHaveLength(1);
  });

  test.each([
    'Promise.any([a])',
    '// any',
    'f(a, any.b)',
    'export { default as a } from "./a.js";',
    'const any = 1;',
    '{ any: 1 }',
  ])('%s is allowed', (text) => {
    expect(shortcuts(broker(text))).toEqual([]);
  });
});

describe('files', () => {
  test.each([
    'utils.ts',
    'string-helpers.ts',
    'common/a.ts',
    'misc.spec.ts',
    'link-manager.ts',
    'StoreImpl.ts',
    'store-impl.ts',
  ])('the name %s says nothing', (name) => {
    expect(emptyNames(broker('', `apps/broker/src/${name}`))).toHaveLength(1);
  });

  test('names that only contain such a word are fine', () => {
    expect(emptyNames(broker('', 'apps/broker/src/utility-bill.ts'))).toEqual([]);
  });

  test.each(['', `import './b.js';`, '//', '/**\n */', '\n// What it is for.'])(
    'a file beginning with %j is not announced',
    (text) => {
      expect(unannounced(broker(text))).toHaveLength(1);
    },
  );

  test.each(['// What it is for.', '/** What it is for. */', '/**\n * What it is for.\n */'])(
    'a file may begin with %j',
    (text) => {
      expect(unannounced(broker(text))).toEqual([]);
      expect(unannounced(broker(`#!/usr/bin/env node\n${text}`, 'apps/cli/bin/a.js'))).toEqual([]);
    },
  );

  test('a source of 401 lines is too long, one of 400 is not', () => {
    expect(overlong(broker('a\n'.repeat(400)))).toEqual([]);
    expect(overlong(broker('a\n'.repeat(401)))).toEqual(['apps/broker/src/core/a.ts: 401 lines']);
  });

  test('a source that no door leads to is dead', () => {
    const texts = {
      'apps/cli/package.json': `{ "exports": { "./extra": "./dist/esm/extra.js" } }`,
      'apps/cli/bin/cli.js': `await import('../dist/esm/start.js');`,
      'apps/cli/src/index.ts': `export * from './a.js'; new URL('./child.js', import.meta.url);`,
      'apps/cli/src/a.ts': '',
      'apps/cli/src/child.ts': '',
      'apps/cli/src/start.ts': '',
      'apps/cli/src/extra.ts': '',
      'apps/cli/src/b.spec.ts': `import './b.js';`,
      'apps/cli/src/b.ts': '',
    };
    expect(deadFiles(house(texts))).toEqual([]);
    expect(deadFiles(house({ ...texts, 'apps/cli/src/deep/index.ts': '' }))).toEqual(['apps/cli/src/deep/index.ts']);
    expect(deadFiles(house({ ...texts, 'apps/cli/bin/cli.js': '' }))).toEqual(['apps/cli/src/start.ts']);
  });
});

describe('documents', () => {
  const pages = { 'README.md': '', 'ARCHITECTURE.md': '', 'CONTRIBUTING.md': '', 'libs/a/src/b.ts': '' };

  test('a front page that is missing is found', () => {
    expect(deadPaths(house({ ...pages }))).toEqual([]);
    expect(deadPaths(broker(''))).toHaveLength(3);
  });

  test.each(['`libs/a/src/c.ts`', '`libs/a/sr`', '`libs/a/*.ts`', '`docs/x.md#part`', '`tools/x.mjs --check`'])(
    '%s is dead',
    (text) => {
      expect(deadPaths(house({ ...pages, 'docs/guide.md': `See ${text}.` }))).toHaveLength(1);
    },
  );

  test.each([
    '`libs/a/src/b.ts:12`',
    '`libs/a/`',
    '`libs/*/src/*.ts`',
    '`docs/adr/NNNN-x.md`',
    '`a/b`',
    '```\n`libs/no`\n```',
  ])('%j is not dead', (text) => {
    expect(deadPaths(house({ ...pages, 'docs/guide.md': text }))).toEqual([]);
  });

  const BUSY = { number: 5, retryable: true, ran: 'no', help: 'Wait.' };
  const errors = (text: string): string[] => errorDocFaults(house({ 'docs/errors.md': text }), { BUSY });

  test('docs/errors.md has a row like the one of the catalogue', () => {
    expect(errors('| code | number |\n| --- | --- |\n| `BUSY` | 5  | yes | no  | Wait. |\n')).toEqual([]);
  });

  test.each([
    ['', 'BUSY is missing'],
    ['| `BUSY` | 6 | yes | no | Wait. |', 'BUSY: number is 5, not "6"'],
    ['| `BUSY` | 5 | no | no | Wait. |', 'BUSY: retryable is true, not "no"'],
    ['| `BUSY` | 5 | yes | unknown | Wait. |', 'BUSY: ran is no, not "unknown"'],
    ['| `BUSY` | 5 | yes | no | |', 'BUSY: it has no help'],
    ['| `BUSY` | 5 | yes | no | a |\n| `LAZY` | 6 | yes | no | a |', 'LAZY is not in the catalogue'],
    ['| `BUSY` | 5 | yes | no | a |\n| `BUSY` | 5 | yes | no | a |', 'BUSY stands twice'],
  ])('docs/errors.md with %j is wrong', (text, fault) => {
    expect(errors(text)).toEqual([`docs/errors.md: ${fault}`]);
  });

  test('a document or a catalogue that is missing is a fault', () => {
    expect(errorDocFaults(house({}), { BUSY })).toEqual(['docs/errors.md is missing']);
    expect(untestedMusts(house({}))).toEqual(['docs/protocol.md is missing']);
  });

  const musts = (text: string, tested = 'W7 W8'): string[] =>
    untestedMusts(house({ 'docs/protocol.md': text, 'test/spec/hello.txt': tested }));

  test.each([
    '**W7** A peer MUST\nspeak.',
    '- **W7** It MUST.\n- **W8** It MUST.',
    'The key words MUST are of RFC 2119.\n\n**W7** It MUST.',
  ])('%j is tested', (text) => {
    expect(musts(text)).toEqual([]);
  });

  test.each([
    ['**W7** It MUST.\n\nIt MUST.', 'docs/protocol.md:3: a MUST without an id'],
    ['**W7** It MUST.\n\n**W9** It MUST.', 'docs/protocol.md:3: no test names W9'],
    ['**W7** It MUST.\n\n**W7** It may.', 'docs/protocol.md: W7 is given twice'],
    ['Nothing.', 'docs/protocol.md: it has no MUST'],
  ])('%j is a fault', (text, fault) => {
    expect(musts(text)).toEqual([fault]);
  });

  test('an id is named as a word, by a test or a spec', () => {
    expect(musts('**W7** It MUST.', 'W71 XW7')).toHaveLength(1);
    const spec = { 'docs/protocol.md': '**W7** It MUST.', 'libs/a/src/a.spec.ts': '// protocol.md W7' };
    expect(untestedMusts(house(spec))).toEqual([]);
  });

  const decided = (text: string, tests: string): string[] =>
    untestedDecisions(house({ 'docs/mdp.md': text, 'test/mdp/a.test.ts': tests, 'test/spec/b.test.ts': "test('M3')" }));

  test('a decision about plain Majordomo peers is named by a test of theirs', () => {
    expect(decided('- **M1** So.\n- **M2** And so.', "test('M1: so');\ntest('and so (M2)');")).toEqual([]);
    expect(untestedDecisions(house({}))).toEqual(['docs/mdp.md is missing']);
  });

  test.each([
    ['- **M1** So.\n- **M3** And so.', "test('M1')", 'docs/mdp.md: no test names M3'],
    ['- **M1** So.', '// M1', 'docs/mdp.md: no test names M1'],
    ['- **M1** So.\n- **M1** Or so.', "test('M1')", 'docs/mdp.md: M1 is given twice'],
    ['Nothing.', '', 'docs/mdp.md: it decides nothing'],
  ])('%j is a fault with %j', (text, tests, fault) => {
    expect(decided(text, tests)).toEqual([fault]);
  });
});
