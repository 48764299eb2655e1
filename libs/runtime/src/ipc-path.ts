// Takes a file system path for a listening socket, and gives it back: no other broker and no file is ever in its way unnoticed.
//
// I1. A path is taken only when nothing is there, or a socket on which no process listens any more. Everything else stays untouched.
// I2. The socket is bound under a temporary name in the same directory and then linked to the path: linking fails when something is there,
//     while libzmq and libuv would remove it.
// I3. Brokers that start at the same time exchange a stale socket one after the other: each holds `PATH.lock` for a few system calls.
// I4. At the end the path is removed only when it still leads to the own socket.

import { randomInt } from 'node:crypto';
import { closeSync, linkSync, lstatSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from './clock.js';

/** A lock is held for less than 1 ms. One that is this old, in ms, was left by a process that was killed. */
const LOCK_ABANDONED_MS = 5_000;
const LOCK_PAUSE_MS = 20;
/** Long enough for a lock to become abandoned. */
const LOCK_TRIES = 500;
/** A socket that accepts no connection within this time, in ms, belongs to a process that is stopped or busy: it is in use. */
const PROBE_MS = 1_000;
/** How often a path is looked at again because it changed in between. */
const LOOKS_MAX = 10;
/** File systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A path that was taken. */
export interface IpcPath {
  /** Removes the path (I4). Never throws; may be called twice. */
  release(): void;
}

/** What tells one file from another. */
interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly modifiedNs: bigint;
  readonly isSocket: boolean;
}

function identityOf(path: string): FileIdentity | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return undefined;
  return { device: found.dev, inode: found.ino, modifiedNs: found.mtimeNs, isSocket: found.isSocket() };
}

function isSame(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.device === b?.device && a?.inode === b?.inode && a?.modifiedNs === b?.modifiedNs;
}

/** An error such as those of the system: whoever catches it decides by its code. */
export function codedError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/**
 * Does a process listen on this socket?
 *
 * @throws an error with the code EACCES when this user may not ask.
 */
function isListening(path: string): Promise<boolean> {
  return new Promise((settle, reject) => {
    const socket = connect({ path, timeout: PROBE_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      settle(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(true));
    socket.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EMFILE' || code === 'ENFILE') reject(error);
      // Anything else but a refusal, as a full queue, comes from a socket that somebody holds.
      else end(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

function tryLock(lock: string): boolean {
  try {
    const file = openSync(lock, 'wx');
    try {
      writeSync(file, `${process.pid}\n`);
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const found = lstatSync(lock, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > LOCK_ABANDONED_MS) removeIfThere(lock);
    return false;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** I3: `work` is synchronous, so that a lock outlives it only when the process is killed. */
async function underLock<T>(path: string, clock: Pick<Clock, 'setTimer'>, work: () => T): Promise<T> {
  const lock = `${path}.lock`;
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if (tryLock(lock)) {
      try {
        return work();
      } finally {
        removeIfThere(lock);
      }
    }
    await new Promise<void>((settle) => clock.setTimer(LOCK_PAUSE_MS, settle));
  }
  throw codedError('EADDRINUSE');
}

/** I2. @returns false when the path is not what it was when it was looked at. */
function exchange(path: string, stale: FileIdentity | undefined, bind: (name: string) => void): boolean {
  if (!isSame(identityOf(path), stale)) return false;
  const temporary = join(dirname(path), `.${randomInt(36 ** 6).toString(36)}`);
  bind(temporary);
  try {
    if (stale !== undefined) unlinkSync(path);
    linkSync(temporary, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw codedError('EADDRINUSE');
    if (!NO_LINKS.includes(code)) throw error;
    renameSync(temporary, path);
  } finally {
    removeIfThere(temporary);
  }
  return true;
}

/** I4. */
function takenPath(given: string): IpcPath {
  const path = resolve(given);
  const own = identityOf(path);
  return {
    release() {
      try {
        if (own !== undefined && isSame(identityOf(path), own)) unlinkSync(path);
      } catch {
        // Its directory is gone or may not be written any more: the next broker there finds a stale socket.
      }
    },
  };
}

/**
 * Takes a path for a socket.
 *
 * @param bind binds the socket to a name, at once; what it throws is passed on.
 * @throws an error with a code: EADDRINUSE when a process listens there, EEXIST when something is there that is not a socket, and what
 *   the system says of the directory (ENOENT, EACCES, EROFS, …).
 */
export async function takeIpcPath(
  path: string,
  clock: Pick<Clock, 'setTimer'>,
  bind: (name: string) => void,
): Promise<IpcPath> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const found = identityOf(path);
    if (found !== undefined && !found.isSocket) throw codedError('EEXIST');
    if (found !== undefined && (await isListening(path))) throw codedError('EADDRINUSE');
    if (await underLock(path, clock, () => exchange(path, found, bind))) return takenPath(path);
  }
  throw codedError('EADDRINUSE');
}
