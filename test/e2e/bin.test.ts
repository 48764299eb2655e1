// What a stranger sees who types `majordomo` in a fresh clone: how to build it, not a stack trace.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../apps/cli/bin/majordomo.js', import.meta.url));

test('without a build the command says how to build it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'majordomo-'));
  try {
    cpSync(bin, join(folder, 'bin', 'majordomo.mjs'));
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin', 'majordomo.mjs')], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'majordomo is not built yet: run npm run build first\n' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
