// Is this file one that LMDB can open? It has to be known before: lmdb ends the whole process where LMDB refuses a file, and reads past the
// end of one that was cut short.
//
// D1. Both pages at the beginning must be what LMDB writes there, of this format, and one transaction apart at most.
// D2. A file that ends before its last page is made longer. LMDB may leave its last pages unwritten while they are free; where they were cut
//     off, they read as damaged.

import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

export const DATA_FILE = 'data.mdb';
const LOCK_FILE = 'lock.mdb';

/** Why LMDB cannot open a file: by the name that LMDB would give it. */
export class Unreadable extends Error {
  constructor(readonly code: 'MDB_INVALID' | 'MDB_VERSION_MISMATCH') {
    super(code);
  }
}

/** Where things are in a page that begins a file (mdb.c MDB_page_header, MDB_meta); numbers are those of the machine. */
const AT = {
  flags: 18,
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeRoot: 88,
  mainRoot: 136,
  lastPage: 144,
  transaction: 152,
};
const HEAD_BYTES = 160;
const META_PAGE = 8;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const IS_LITTLE = endianness() === 'LE';

/**
 * Looks before LMDB does.
 *
 * @throws Unreadable (D1), or what the system says when these files may not be read and written.
 */
export async function checkDataFile(folder: string): Promise<void> {
  const path = join(folder, DATA_FILE);
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  await access(path, constants.R_OK | constants.W_OK);
  await access(join(folder, LOCK_FILE), constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const head = async (position: number): Promise<Head> => {
      const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), { position });
      return headOf(bytesRead === HEAD_BYTES ? buffer : new Uint8Array(HEAD_BYTES), size);
    };
    const first = await head(0);
    const second = await head(first.pageBytes);
    const apart = first.transaction - second.transaction;
    if (first.pageBytes !== second.pageBytes || apart > 1n || apart < -1n) throw new Unreadable('MDB_INVALID');
    const { lastPage, pageBytes } = apart > 0n ? first : second;
    const whole = (Number(lastPage) + 1) * pageBytes;
    if (size < whole) await file.truncate(whole);
  } finally {
    await file.close();
  }
}

interface Head {
  readonly pageBytes: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/** D1. */
function headOf(bytes: Uint8Array, size: number): Head {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const long = (at: number): bigint => view.getBigUint64(at, IS_LITTLE);
  if (view.getUint32(AT.magic, IS_LITTLE) !== MAGIC || view.getUint16(AT.flags, IS_LITTLE) !== META_PAGE) {
    throw new Unreadable('MDB_INVALID');
  }
  if ((view.getUint32(AT.version, IS_LITTLE) & 0xffff) !== VERSION) throw new Unreadable('MDB_VERSION_MISMATCH');
  const pageBytes = view.getUint32(AT.pageBytes, IS_LITTLE);
  const lastPage = long(AT.lastPage);
  const isThere = (root: bigint): boolean => root === NO_PAGE || (root <= lastPage && Number(root) * pageBytes < size);
  const isSane = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (!isSane || !isThere(long(AT.freeRoot)) || !isThere(long(AT.mainRoot))) throw new Unreadable('MDB_INVALID');
  return { pageBytes, lastPage, transaction: long(AT.transaction) };
}
