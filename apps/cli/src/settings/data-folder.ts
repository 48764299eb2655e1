// Could the journal be kept in this folder? Asked now, though nothing is stored there yet, so that a wrong path is found on the first day.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** @returns what is wrong with it, undefined when it is a folder that can be written to, or could be made. Nothing is made. */
export function folderProblem(path: string): string | undefined {
  let at = resolve(path);
  while (!isThere(at) && at !== dirname(at)) at = dirname(at);
  if (!statSync(at).isDirectory()) return `${at} is not a folder`;
  return isWritable(at) ? undefined : `${at} cannot be written to`;
}

/** False too when a folder on the way to it is a file, or may not be looked into: then that is what is judged. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
