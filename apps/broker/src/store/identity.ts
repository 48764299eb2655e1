// What the journal is: its number, how many starts it has seen, and its secret. Kept twice, each with a checksum, because all tickets hang on it.
//
// I1. A copy that is damaged is reported like an entry, under the number 0 that no ticket has, and set aside with it; the other counts.
// I2. Where both are damaged the journal gets a new number, and so many starts that none of its numbers is used twice.
// I3. A journal that was made without a secret gets one at its next start.
// I4. What a later version wrote is not touched: whoever runs this is told to start that version.

import { checksumOf, decodeBody, encodeBody, MajordomoError } from '@majordomo/protocol';
import { randomInstance, randomSecret } from '@majordomo/runtime';
import type { Database, RootDatabase } from 'lmdb';
import { NUMBERS_PER_START } from '../core/journal.js';
import type { StoredEntry } from '../core/reading.js';

/** Raised when a journal becomes something that this code cannot read. */
const VERSION = 1;
const CHECKSUM_BYTES = 8;
const SECRET_BYTES = 32;
const DAMAGE = 'it is one of the two copies of what the journal is, and its checksum is wrong';
const COPIES = ['identity', 'identity-copy'];

interface Facts {
  readonly id: number;
  readonly starts: number;
  readonly secret: Uint8Array;
}

export class Identity {
  readonly #table: Database<Buffer, string>;

  constructor(root: RootDatabase<Buffer, string>) {
    this.#table = root.openDB<Buffer, string>({ name: 'identity', encoding: 'binary' });
  }

  /**
   * Counts a start.
   *
   * @param lastKey the highest number in the journal, if there is one.
   * @returns the number of the journal, the starts with this one, its secret, all on disk, and what was damaged of them.
   * @throws MajordomoError INVALID_OPTION (I4).
   */
  async next(lastKey: number | undefined): Promise<Facts & { readonly damaged: readonly StoredEntry[] }> {
    const copies = COPIES.map((name) => this.#table.get(name)).filter((bytes) => bytes !== undefined);
    const found = copies.map((bytes) => decode(bytes)).filter((facts) => facts !== undefined);
    const damaged = copies
      .filter((bytes) => decode(bytes) === undefined)
      .map((value) => ({ key: 0, value, damage: DAMAGE }));
    const { id, starts, secret } = found.reduce((a, b) => (b.starts >= a.starts ? b : a), unknown(lastKey));
    const facts = { id, starts: starts + 1, secret };
    const bytes = encode(facts);
    await this.#table.batch(() => {
      for (const name of COPIES) void this.#table.put(name, bytes);
    });
    return { ...facts, damaged };
  }
}

/** I2. */
function unknown(lastKey: number | undefined): Facts {
  return {
    id: randomInstance(),
    starts: lastKey === undefined ? 0 : Math.floor(lastKey / NUMBERS_PER_START),
    secret: randomSecret(),
  };
}

function encode({ id, starts, secret }: Facts): Buffer {
  const fields = encodeBody([VERSION, id, starts, Buffer.from(secret)]);
  const bytes = Buffer.alloc(CHECKSUM_BYTES + fields.length);
  bytes.writeDoubleBE(checksumOf(fields), 0);
  bytes.set(fields, CHECKSUM_BYTES);
  return bytes;
}

/** @returns undefined when it is damaged. */
function decode(bytes: Buffer): Facts | undefined {
  const fields = bytes.subarray(CHECKSUM_BYTES);
  if (bytes.length <= CHECKSUM_BYTES || bytes.readDoubleBE(0) !== checksumOf(fields)) return undefined;
  const [version, id, starts, secret] = decodeBody(fields) as [number, number, number, unknown];
  // I3.
  const isThere = secret instanceof Uint8Array && secret.length === SECRET_BYTES;
  if (version === VERSION) return { id, starts, secret: isThere ? Buffer.from(secret) : randomSecret() };
  const message = `it was written by a later version of Majordomo (its format is ${version}, this one knows ${VERSION}): start that version`;
  throw new MajordomoError('INVALID_OPTION', message);
}
