// The folder of a journal: made so that a power cut cannot take it away again, and what room its disk has.
//
// F1. The data file appears whole or not at all: it is made aside and then moved in. A file that a power cut left half made would be taken
//     for one that is damaged.
// F2. A new name is on disk only when its folder has been synced.

import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, open, realpath, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DATA_FILE } from './data-file.js';

/** Makes the folder when it is not there. @returns its real path, and whether it has no journal yet. @throws what the system says. */
export async function makeFolder(folder: string): Promise<{ readonly path: string; readonly isNew: boolean }> {
  const first = await makePath(resolve(folder));
  const path = await realpath(folder);
  if (first !== undefined) {
    const top = dirname(await realpath(first));
    for (let at = dirname(path); at.length >= top.length; at = dirname(at)) {
      await syncFolder(at);
      if (at === dirname(at)) break;
    }
  }
  return { path, isNew: !existsSync(join(path, DATA_FILE)) };
}

/**
 * Makes a folder and those above it that are missing. Node's own recursive mkdir never returns where a folder exists in which none can be
 * made, as /proc is.
 *
 * @returns the topmost folder that was made; undefined when all were there.
 */
async function makePath(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
  }
  const first = await makePath(dirname(path));
  return (await makePath(path)) === undefined ? first : (first ?? path);
}

/** F1. Two that make it at the same time are both content with that of the first; a disk without hard links cannot see to that. */
export async function moveIn(folder: string, make: (path: string) => Promise<void>): Promise<void> {
  const aside = await mkdtemp(join(folder, 'new-'));
  try {
    await make(aside);
    const made = join(aside, DATA_FILE);
    await link(made, join(folder, DATA_FILE)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      if (error.code === 'EPERM' || error.code === 'ENOTSUP') return rename(made, join(folder, DATA_FILE));
      throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  await syncFolder(folder);
}

/** F2. Where folders cannot be synced (Windows) the system sees to it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the disk has free for this user, in bytes. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(resolve(folder));
  return bavail * bsize;
}

/** Does the disk take so many bytes more? It is tried, because a quota does not show in what is free. Any other trouble is not about room. */
export async function hasRoomFor(folder: string, bytes: number): Promise<boolean> {
  const path = join(folder, 'room.tmp');
  try {
    const handle = await open(path, 'w');
    try {
      await handle.writeFile(Buffer.alloc(bytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOSPC' && code !== 'EDQUOT';
  } finally {
    await rm(path, { force: true });
  }
}
