// Where a broker keeps its journal: a folder, or nowhere.
//
// F1. A path that cannot be used is found before anything is made: by --print-config as well as at the start.

import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Where submitted requests are kept when nobody says anything. */
export const DEFAULT_FOLDER = './majordomo-data';

/** What is said for "nowhere". */
const OFF = 'off';

/** What is wrong with what was given as the folder; undefined when nothing is. */
export function dataProblem(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.trim() === '') return `must be the path of a folder, or ${OFF}`;
  return dataFolder(given) === '' ? undefined : folderProblem(given);
}

/** @returns the folder as the broker takes it: '' for nowhere. */
export function dataFolder(given: string): string {
  return given === OFF ? '' : given;
}

/** @returns what is wrong with it, undefined when it is a folder that can be written to, or could be made. Nothing is made. */
function folderProblem(path: string): string | undefined {
  let at = resolve(path);
  while (!isThere(at) && at !== dirname(at)) {
    if (isLink(at)) return `${at} is a symbolic link to a folder that does not exist`;
    at = dirname(at);
  }
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

/** Asked where nothing is found behind a name: a symbolic link of that name may be there all the same. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
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
