// The contract of a store, run against LMDB, against memory and against the disk of the simulator; then what only LMDB can be asked.

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStore, type Store, type StoredEntry } from '@majordomo/broker';
import { checksumOf, decodeBody, encodeBody } from '@majordomo/protocol';
import { open } from 'lmdb';
import { SystemClock } from '@majordomo/runtime';
import { Dice } from '../fuzz/dice.js';
import { Disk, DiskStore } from '../sim/disk.js';
import { MemoryJournal, MemoryStore } from './memory-store.js';
import { storeContract, type StoreWorld } from './store-contract.js';

const DATE = Date.UTC(2026, 0, 2, 3, 4, 5);
const FILE = 'data.mdb';

let number = 0;

/** A folder of its own for each test. */
class Scratch {
  readonly root = mkdtempSync(join(tmpdir(), 'majordomo-store-'));

  folder(): string {
    number += 1;
    return join(this.root, `data.${number}`);
  }

  end(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

class LmdbWorld implements StoreWorld {
  readonly #scratch = new Scratch();
  #folder = this.#scratch.folder();
  #store: LmdbStore | undefined;

  async open(): Promise<Store> {
    this.#store = await LmdbStore.open({ folder: this.#folder, date: DATE });
    return this.#store;
  }

  /** What the disk has at this moment, in the order in which LMDB relies on it: the pages that make others valid are read first. */
  async crash(): Promise<void> {
    const next = this.#scratch.folder();
    mkdirSync(next);
    copyFileSync(join(this.#folder, FILE), join(next, FILE));
    await this.#store?.close();
    this.#folder = next;
  }

  async setAside(): Promise<ReadonlyMap<number, unknown>> {
    const root = open({ path: this.#folder, noSubdir: false, encoding: 'binary', overlappingSync: false });
    const table = root.openDB<Buffer, Buffer>({ name: 'damaged', encoding: 'binary', keyEncoding: 'binary' });
    const found = [...table.getRange({})].map(({ key, value }): [number, unknown] => {
      return [Number(Buffer.from(key).readBigUInt64BE()), decodeBody(value)];
    });
    await root.close();
    return new Map(found);
  }

  async end(): Promise<void> {
    await this.#store?.close();
    this.#scratch.end();
  }
}

class MemoryWorld implements StoreWorld {
  readonly #journal = new MemoryJournal(4_711);
  #store = new MemoryStore(this.#journal);

  open(): Promise<Store> {
    this.#store = new MemoryStore(this.#journal);
    return Promise.resolve(this.#store);
  }
  crash(): Promise<void> {
    this.#store.isDead = true;
    return this.#store.close();
  }
  setRoom(hasRoom: boolean): void {
    this.#journal.hasRoom = hasRoom;
  }
  setAside(): Promise<ReadonlyMap<number, unknown>> {
    return Promise.resolve(new Map([...this.#journal.damaged].map(([key, value]) => [key, decodeBody(value)])));
  }
  end(): Promise<void> {
    return this.#store.close();
  }
}

/** The one that the simulator's brokers write to, in real time. */
class SimulatedWorld implements StoreWorld {
  readonly #disk = new Disk(4_711);
  readonly #dice = new Dice(1);
  #store: DiskStore | undefined;

  open(): Promise<Store> {
    this.#store = new DiskStore(this.#disk, new SystemClock());
    return Promise.resolve(this.#store);
  }
  async crash(): Promise<void> {
    this.#disk.crash(this.#dice);
    await this.#store?.close();
  }
  setRoom(hasRoom: boolean): void {
    this.#disk.isFull = !hasRoom;
  }
  setAside(): Promise<ReadonlyMap<number, unknown>> {
    return Promise.resolve(new Map([...this.#disk.damaged].map(([key, value]) => [key, decodeBody(value)])));
  }
  async end(): Promise<void> {
    await this.#store?.close();
  }
}

// With no room at all: test/e2e/disk-full.test.ts, where the disk is a real one.
storeContract('LMDB', () => new LmdbWorld());
storeContract('memory', () => new MemoryWorld(), true);
storeContract('the disk of the simulator', () => new SimulatedWorld(), true);

describe('the journal in LMDB', () => {
  const scratch = new Scratch();
  afterAll(() => scratch.end());

  const openIn = (folder: string): Promise<LmdbStore> => LmdbStore.open({ folder, date: DATE });

  type Found = { id: number; starts: number; secret: Uint8Array; entries: StoredEntry[] };

  async function load(folder: string): Promise<Found> {
    const store = await openIn(folder);
    const { id, starts, secret, entries } = await store.load();
    const all: StoredEntry[] = [];
    for await (const lot of entries) all.push(...lot);
    await store.close();
    return { id, starts, secret, entries: all };
  }

  test('is for one broker: another of this process is told who has it, and gets it afterwards', async () => {
    const folder = scratch.folder();
    const store = await openIn(folder);
    await expect(openIn(folder)).rejects.toMatchObject({
      name: 'MajordomoError',
      code: 'INVALID_OPTION',
      message:
        `the journal in ${folder} cannot be opened: this process has had it open since 2026-01-02T03:04:05.000Z, and a journal is for one ` +
        'broker; end that one, or give this one a folder of its own',
      details: { data: folder, pid: process.pid, host: hostname(), since: DATE },
    });
    await store.close();
    await (await openIn(folder)).close();
  });

  test('leaves nothing beside its two files in the folder', async () => {
    const folder = scratch.folder();
    await load(folder);
    expect(readdirSync(folder).sort()).toEqual([FILE, 'lock.mdb']);
  });

  test.each([
    ['text', 'this is not a journal\n'.repeat(1_000)],
    ['a little text', 'x'],
    ['zeros', Buffer.alloc(100_000)],
  ])('that is %s is refused with the folder and what to do, is not touched, and can be moved away', async (_, text) => {
    const folder = scratch.folder();
    mkdirSync(folder);
    writeFileSync(join(folder, FILE), text);
    for (let i = 0; i < 2; i++) {
      await expect(openIn(folder)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message:
          `the journal in ${folder} cannot be opened: its data.mdb is no journal, or is damaged at its beginning; restore it, or move the ` +
          'folder away and start with an empty one',
      });
    }
    expect(readFileSync(join(folder, FILE))).toEqual(Buffer.from(text));
    rmSync(folder, { recursive: true });
    expect(await load(folder)).toMatchObject({ starts: 1, entries: [] });
  });

  test('in a place that is a file is refused', async () => {
    const file = join(scratch.root, 'file');
    writeFileSync(file, '');
    await expect(openIn(file)).rejects.toThrow(`the journal in ${file} cannot be opened: it is a file, not a folder`);
    const below = join(file, 'below');
    await expect(openIn(below)).rejects.toThrow('it is below a file, not below a folder');
  });

  test('knows its number when either copy of it is damaged, and reports the damage', async () => {
    const folder = scratch.folder();
    const { id } = await load(folder);
    const places = placesOf(readFileSync(join(folder, FILE)), encodeBody([1, id, 1]).subarray(1));
    expect(places.length).toBeGreaterThanOrEqual(2);
    const damaged: number[] = [];
    for (const place of places) {
      const other = copyWithFlips(folder, [place]);
      const found = await load(other);
      expect(found).toMatchObject({ id, starts: 2 });
      damaged.push(found.entries.length);
      for (const { key, damage } of found.entries) {
        expect({ key, damage }).toEqual({ key: 0, damage: expect.stringContaining('one of the two copies') });
      }
    }
    expect(damaged.reduce((sum, count) => sum + count)).toBe(2);
  });

  test('which was made without a secret gets one at its next start, and keeps it', async () => {
    const folder = scratch.folder();
    const { id, secret } = await load(folder);
    const fields = encodeBody([1, id, 1]);
    const before = Buffer.alloc(8 + fields.length);
    before.writeDoubleBE(checksumOf(fields), 0);
    before.set(fields, 8);
    const root = open({ path: folder, noSubdir: false, encoding: 'binary', overlappingSync: false });
    const table = root.openDB<Buffer, string>({ name: 'identity', encoding: 'binary' });
    for (const copy of ['identity', 'identity-copy']) await table.put(copy, before);
    await root.close();
    const found = await load(folder);
    expect(found).toMatchObject({ id, starts: 2, entries: [] });
    expect(found.secret).toHaveLength(32);
    expect(found.secret).not.toEqual(secret);
    expect(await load(folder)).toMatchObject({ id, starts: 3, secret: found.secret });
  });

  test('gets a new number, and numbers that nobody had, when both copies are damaged', async () => {
    const folder = scratch.folder();
    const store = await openIn(folder);
    const { id } = await store.load();
    await store.commit([{ key: 7 * 2 ** 32 + 5, value: Buffer.from('entry'), isDamaged: false }]);
    await store.close();
    const places = placesOf(readFileSync(join(folder, FILE)), encodeBody([1, id, 1]).subarray(1));
    const found = await load(copyWithFlips(folder, places));
    expect(found.id).not.toBe(id);
    expect(found).toMatchObject({ starts: 8, entries: [{ key: 0 }, { key: 0 }, { key: 7 * 2 ** 32 + 5 }] });
  });

  test('counts what is free within its file as room', async () => {
    const store = await openIn(scratch.folder());
    const writes = Array.from({ length: 2_000 }, (_, i) => ({
      key: i + 1,
      value: Buffer.alloc(4_000),
      isDamaged: false,
    }));
    await store.commit(writes);
    const full = await store.freeBytes();
    await store.commit(writes.map((write) => ({ ...write, value: undefined })));
    // The disk is not ours alone: what others write meanwhile is less than this.
    expect((await store.freeBytes()) - full).toBeGreaterThan(4_000_000);
    await store.close();
  });

  test('whose tree is damaged tells how many entries cannot be reached, and gives the others', async () => {
    const folder = scratch.folder();
    const store = await openIn(folder);
    await store.load();
    const value = Buffer.alloc(100, 'x');
    await store.commit(Array.from({ length: 3_000 }, (_, i) => ({ key: i + 1, value, isDamaged: false })));
    await store.close();
    const file = readFileSync(join(folder, FILE));
    const bytes = file.readUInt32LE(PAGE.bytes);
    for (let page = 0; page < file.length; page += bytes) pointNowhere(file.subarray(page, page + bytes));
    writeFileSync(join(folder, FILE), file);
    const { entries } = await load(folder);
    const [told] = entries.splice(-1);
    expect(entries.length).toBeGreaterThan(100);
    expect(entries.every(({ key }, i) => key === i + 1)).toBe(true);
    expect(told).toMatchObject({
      key: 0,
      damage: expect.stringContaining(`${3_000 - entries.length} entries that cannot be reached`),
    });
  });

  /** A copy of a journal in which the last byte of something is another. */
  function copyWithFlips(folder: string, ends: readonly number[]): string {
    const bytes = readFileSync(join(folder, FILE));
    for (const end of ends) bytes[end - 1] = (bytes[end - 1] ?? 0) ^ 1;
    const next = scratch.folder();
    mkdirSync(next);
    writeFileSync(join(next, FILE), bytes);
    return next;
  }
});

/** Of a page of LMDB (mdb.c, MDB_page): where its flags are, its branch flag, where the places of what is in it begin; of the first also how long each is. */
const PAGE = { flags: 18, isBranch: 1, places: 24, bytes: 48 };

/** Where a page leads to ten others at least, the tenth is not there any more. */
function pointNowhere(page: Buffer): void {
  if ((page.readUInt16LE(PAGE.flags) & PAGE.isBranch) === 0) return;
  const place = page.readUInt16LE(PAGE.places + 2 * 9);
  if (place > 0 && place < page.length - PAGE.places - 8) page.writeUInt16LE(60_000, PAGE.places + place);
}

/** Where these bytes end, wherever they are. */
function placesOf(file: Buffer, bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(bytes); at >= 0; at = file.indexOf(bytes, at + 1)) places.push(at + bytes.length);
  return places;
}
