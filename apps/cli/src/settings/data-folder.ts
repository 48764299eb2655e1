// Could the journal be kept in this folder? Asked now, though nothing is stored there yet, so that a wrong path is found on the first day.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** @returns what is wrong with it, undefined when it is a folder that can be written to, or could be made. Nothing is made. */
export function folderProblem(path: string): string | undefined {
  const wanted = resolve(path);
  for (let at = wanted; ; at = dirname(at)) {
    const stats = statSync(at, { throwIfNoEntry: false });
    if (stats === undefined && at !== dirname(at)) continue;
    if (stats?.isDirectory() !== true) return `${at} is not a folder`;
    return isWritable(at) ? undefined : `${at} cannot be written to`;
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
