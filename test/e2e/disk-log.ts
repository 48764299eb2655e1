// What the disk of shim/disk.c has written down, and how a file looks when the power is cut in the middle of it.

import { readFileSync } from 'node:fs';

export const SYNC = 3;
const SYNCED_WRITE = 2;
const HEAD_BYTES = 17;
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

export interface DiskRecord {
  /** 1 a write, 2 a write that is on disk when it is done, 3 a sync; 4 and what follows is the journal's: a commit was acknowledged. */
  readonly kind: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What the disk has written down, in order. */
export function readDiskLog(path: string): DiskRecord[] {
  const log = readFileSync(path);
  const records: DiskRecord[] = [];
  for (let at = 0; at + HEAD_BYTES <= log.length;) {
    const length = Number(log.readBigUInt64LE(at + 9));
    const bytes = log.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
    records.push({ kind: log[at] ?? 0, offset: Number(log.readBigUInt64LE(at + 1)), bytes });
    at += HEAD_BYTES + length;
  }
  return records;
}

/** A record as the disk writes it down, for what the test wants to find between them. */
export function diskRecord(kind: number, offset: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes[0] = kind;
  bytes.writeBigUInt64LE(BigInt(offset), 1);
  return bytes;
}

/** Plays what the disk has written down onto a file, and cuts the power wherever it is asked to. */
export class Replay {
  /** What is there whatever happens. */
  #durable: Uint8Array;
  /** Written and not synced. */
  #pending: DiskRecord[] = [];
  readonly #hasSyncs: boolean;

  /** @param hasSyncs false for a disk on which syncing is off. */
  constructor(file: Uint8Array, hasSyncs: boolean) {
    this.#durable = file;
    this.#hasSyncs = hasSyncs;
  }

  play(record: DiskRecord): void {
    const { kind } = record;
    if (kind === SYNC) {
      if (!this.#hasSyncs) return;
      for (const write of this.#pending) this.#durable = written(this.#durable, write, () => true);
      this.#pending = [];
    } else if (kind === SYNCED_WRITE && this.#hasSyncs) {
      this.#durable = written(this.#durable, record, () => true);
    } else this.#pending.push(record);
  }

  /**
   * The file after a power cut while `last` was being done: of what was not synced any sectors have come to the disk, of the rest the old ones.
   *
   * @param chance a number from 0 to 1, another each time.
   */
  cut(last: DiskRecord | undefined, chance: () => number): Uint8Array {
    const isOnItsWay = last !== undefined && last.kind !== SYNC && last.kind <= SYNCED_WRITE;
    let file: Uint8Array = Uint8Array.from(this.#durable);
    for (const write of isOnItsWay ? [...this.#pending, last] : this.#pending) {
      // Most whole, some not at all, some torn.
      const share = [0, 1, 1, chance()][Math.floor(chance() * 4)] ?? 1;
      file = written(file, write, () => chance() < share);
    }
    return file;
  }
}

/** In the file that it is given, unless it grows. */
function written(file: Uint8Array, { offset, bytes }: DiskRecord, isThere: () => boolean): Uint8Array {
  const end = offset + bytes.length;
  const grown = end <= file.length ? file : Buffer.concat([file, Buffer.alloc(end - file.length)]);
  for (let at = offset; at < end;) {
    const next = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    if (isThere()) bytes.copy(grown, at, at - offset, next - offset);
    at = next;
  }
  return grown;
}
