// Where what is to be on disk is put: a folder beside the compiled bench, as folders for temporary files may be in memory.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../dist/bench-data/', import.meta.url));

/** @returns an empty folder. */
export async function makeScratch(): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  return mkdtemp(FOLDER);
}

/** Removes it with all that is in it. */
export function removeScratch(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
