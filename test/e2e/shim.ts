// The disk of shim/disk.c, compiled where there is a compiler.

import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./shim/disk.c', import.meta.url));
const FOLDER = fileURLToPath(new URL('../dist/shim/', import.meta.url));

/** The shim as LD_PRELOAD takes it, or why there is none. */
export type Shim = { readonly library: string } | { readonly missing: string };

/** Compiles it. */
export function buildShim(): Shim {
  if (process.platform !== 'linux')
    return { missing: `writes are recorded by LD_PRELOAD, which ${process.platform} has not` };
  mkdirSync(FOLDER, { recursive: true });
  const made = join(FOLDER, `disk-${process.pid}.so`);
  const { status, error, stderr } = spawnSync('cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-o',
    made,
    SOURCE,
    '-ldl',
    '-lpthread',
  ]);
  if (error !== undefined) return { missing: `there is no C compiler here (${error.message})` };
  if (status !== 0) return { missing: `the C compiler does not take it: ${stderr.toString()}` };
  // Another test file may be doing the same.
  const library = join(FOLDER, 'disk.so');
  renameSync(made, library);
  return { library };
}

/** A room for tests that need the shim. Where there is none, they are skipped and it is said why. */
export function withShim(shim: Shim): { readonly rooms: typeof describe.only; readonly library: string } {
  if ('library' in shim) return { rooms: describe, library: shim.library };
  process.stdout.write(`skipped: ${shim.missing}\n`);
  return { rooms: describe.skip, library: '' };
}
