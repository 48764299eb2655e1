// Can a result be written to this file? Asked before the load begins: to hear it after ten minutes is too late.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** @returns what is wrong, undefined when it can be written or made. Nothing is made. */
export function fileProblem(path: string): string | undefined {
  const file = resolve(path);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return 'it is a folder';
  if (found !== undefined) return isWritable(file) ? undefined : 'it cannot be written to';
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return `there is no folder ${folder}`;
  return isWritable(folder) ? undefined : `the folder ${folder} cannot be written to`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
