// What LMDB's failures mean: is there no room, or can the journal no longer be trusted; and what is said to whoever starts a broker.

import { constants } from 'node:os';
import { isMajordomoError, MajordomoError } from '@majordomo/protocol';

/** Codes of LMDB itself (lmdb.h); others are those of the system. */
const MDB = { corrupted: -30796, pageNotFound: -30797, mapFull: -30792 } as const;
const { EDQUOT, EIO, ENOSPC } = constants.errno;

/** Tried again with the same writes until there is room (libs/runtime/src/commits.ts J3). */
export class StoreFull extends MajordomoError {
  constructor(folder: string, cause?: Error) {
    super('STORE_FULL', `the disk of ${folder} has no room`, { cause });
  }
}

interface Failure extends Error {
  readonly code?: number | string;
}

/** @returns why a commit failed: lmdb says it in a promise, which has to be waited for, or it ends the process. */
export async function commitCause(error: unknown): Promise<Error> {
  const { commitError } = error as { commitError?: Promise<never> };
  if (commitError === undefined) return asError(error);
  return commitError.catch((cause: unknown) => asError(cause));
}

/** By its looks: errors of the system may come from another realm than ours. */
function asError(error: unknown): Error {
  return typeof error === 'object' && error !== null && 'message' in error
    ? (error as Error)
    : new Error(String(error));
}

/**
 * Was it only that there is no room? LMDB says "input/output error" too when the disk took less than all of a write, as it does on its last
 * block: then the disk itself is asked.
 */
export async function isFull(cause: Error, hasRoom: () => Promise<boolean>): Promise<boolean> {
  const { code } = cause as Failure;
  if (code === ENOSPC || code === EDQUOT || code === MDB.mapFull) return true;
  return code === EIO && !(await hasRoom());
}

/** What stands behind "the journal cannot be opened", by its code. */
const REASONS: Readonly<Record<number | string, string>> = {
  MDB_INVALID: 'its data.mdb is no journal, or is damaged at its beginning',
  MDB_VERSION_MISMATCH: 'its data.mdb was written by another version of LMDB',
  [MDB.corrupted]: 'its data.mdb is damaged',
  [MDB.pageNotFound]: 'its data.mdb is damaged',
  EACCES: 'this user may not read and write it',
  EPERM: 'this user may not read and write it',
  EROFS: 'it is on a disk that can only be read',
  EEXIST: 'it is a file, not a folder',
  ENOTDIR: 'it is below a file, not below a folder',
  ENOENT:
    'it does not exist and cannot be created there (a symbolic link to nothing, or a file system that takes no folders)',
  ELOOP: 'its path is a circle of symbolic links',
  ENAMETOOLONG: 'its path is too long',
};

const REPLACE = 'restore it, or move the folder away and start with an empty one';
const ADVICE: Readonly<Record<number | string, string>> = {
  MDB_INVALID: REPLACE,
  MDB_VERSION_MISMATCH: 'start the Majordomo that wrote it, or name another folder',
  [MDB.corrupted]: REPLACE,
  [MDB.pageNotFound]: REPLACE,
};

/** @returns what to throw when the journal of a folder cannot be opened: INVALID_OPTION where it is for people to put it right. */
export function explainOpening(folder: string, error: unknown): Error {
  const cause = asError(error);
  const { code = '' } = cause as Failure;
  if (code === ENOSPC || code === EDQUOT || code === 'ENOSPC' || code === 'EDQUOT') return new StoreFull(folder, cause);
  const { details = {} } = isMajordomoError(cause) ? cause : {};
  const reason = isMajordomoError(cause) ? cause.message : REASONS[code];
  if (reason === undefined) return new Error(`the journal in ${folder} cannot be opened: ${cause.message}`, { cause });
  const advice = ADVICE[code];
  const message = `the journal in ${folder} cannot be opened: ${reason}${advice === undefined ? '' : `; ${advice}`}`;
  return new MajordomoError('INVALID_OPTION', message, { cause, details: { ...details, data: folder } });
}
