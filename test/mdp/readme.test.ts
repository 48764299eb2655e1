// The README's service for plain Majordomo peers and its Python client, as they stand there: they run, and print what the README says.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freeEndpoint, Program, until } from '../e2e/processes.js';
import { clearStage, LIMIT_MS, startBroker, startClient } from '../e2e/stage.js';
import { PYTHON, withPython } from '../interop/plain-peers.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split('## Plain Majordomo peers');
const blockOf = (language: string): string =>
  new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(section)?.[1] ?? '';

afterEach(clearStage);

/** Compiles a program of the README, where its imports are found as it means them. */
function compile(folder: string, program: string): string {
  writeFileSync(join(folder, 'service.ts'), `${program}export {};\n`);
  const compilerOptions = { composite: false, rootDir: '.', outDir: 'out' };
  const config = { extends: '../../../tsconfig.base.json', compilerOptions, include: ['service.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  return join(folder, 'out/service.js');
}

withPython('the README', () => {
  test(
    'its Python client calls its service, and prints what stands behind it',
    async () => {
      const bind = await freeEndpoint();
      const folder = mkdtempSync(join(root, 'test/dist/readme-'));
      try {
        await startBroker({ bind });
        const service = new Program(compile(folder, blockOf('ts')), { env: { MAJORDOMO_BROKER: bind } });
        const client = await startClient(bind);
        await until('it serves', async () => (await client.call<unknown[]>('majordomo.services')).length === 1);
        const python = blockOf('python');
        const program = python.replace('tcp://127.0.0.1:5555', bind);
        const { stdout, stderr } = spawnSync(PYTHON as string, ['-c', program], {
          encoding: 'utf8',
          timeout: LIMIT_MS,
        });
        expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: /# (.*)$/m.exec(python)?.[1], stderr: '' });
        // The SDK's log: it is up, and nothing is wrong.
        for (const line of service.errors.trimEnd().split('\n')) expect(line).toMatch(/ INFO {2}majordomo worker /);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    LIMIT_MS,
  );
});
