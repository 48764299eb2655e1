// What every store must keep (apps/broker/src/store/store.ts, S1 to S5): one suite for the real one and for those of the tests.

import { decodeBody, encodeBody, type Write } from '@majordomo/protocol';
import type { Store, StoredEntry } from '@majordomo/broker';

/** One journal, and what can happen to it. */
export interface StoreWorld {
  /** Opens it; it was closed or has crashed before, or nobody has opened it yet. */
  open(): Promise<Store>;
  /** The power is cut: whatever was not on disk is gone. The store that was open is not used again. */
  crash(): Promise<void>;
  /** From now on there is no room, or there is again. For those that are told to be full (`canFill`). */
  setRoom?(hasRoom: boolean): void;
  /** What was set aside (S4), of a journal that nobody has open. */
  setAside(): Promise<ReadonlyMap<number, unknown>>;
  /** Takes away what was made here. */
  end(): Promise<void>;
}

/** Keys as they come: starts of the journal times 2^32, and counting; the highest there can be; and the one that no ticket has. */
const START = 2 ** 32;
const HIGHEST = Number.MAX_SAFE_INTEGER;

function put(key: number, value: unknown): Write {
  return { key, value: encodeBody(value), isDamaged: false };
}

function remove(key: number): Write {
  return { key, value: undefined, isDamaged: false };
}

async function entriesOf(store: Store): Promise<StoredEntry[]> {
  const { entries } = await store.load();
  const all: StoredEntry[] = [];
  for await (const lot of entries) all.push(...lot);
  return all;
}

/** What a store holds, decoded; it is closed afterwards. */
async function contents(world: StoreWorld): Promise<[number, unknown][]> {
  const store = await world.open();
  const entries = await entriesOf(store);
  await store.close();
  return entries.map(({ key, value }) => [key, decodeBody(value)]);
}

async function opened(world: StoreWorld): Promise<Store> {
  const store = await world.open();
  await entriesOf(store);
  return store;
}

/** Runs the contract. @param canFill its worlds have `setRoom`: then S3 is tried too. */
export function storeContract(name: string, makeWorld: () => StoreWorld | Promise<StoreWorld>, canFill = false): void {
  describe(`${name} keeps the contract of a store`, () => {
    let world: StoreWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.end());

    loading(() => world);
    committing(() => world);
    reading(() => world);
    crashes(() => world);
    settingAside(() => world);
    if (canFill) filling(() => world);
  });
}

function loading(world: () => StoreWorld): void {
  test('a new journal is empty, has a number of its own, and has been started once', async () => {
    const store = await world().open();
    const { id, starts, secret, entries } = await store.load();
    expect(Number.isSafeInteger(id) && id > 0).toBe(true);
    expect(secret).toHaveLength(32);
    expect(starts).toBe(1);
    for await (const lot of entries) expect(lot).toEqual([]);
    await store.close();
  });

  test('the number and the secret stay, and every start is counted, also after a crash', async () => {
    const first = await world().open();
    const { id, secret } = await first.load();
    await first.close();
    const second = await world().open();
    expect(await second.load()).toMatchObject({ id, secret, starts: 2 });
    await world().crash();
    const third = await world().open();
    expect(await third.load()).toMatchObject({ id, secret, starts: 3 });
    await third.close();
  });

  test('entries come back in the order of their keys, and in lots that are not empty', async () => {
    const store = await opened(world());
    const keys = Array.from({ length: 5_000 }, (_, i) => START + i);
    const shuffled = keys.map((_, i) => keys[(i * 1_237) % keys.length] as number);
    await store.commit([put(HIGHEST, 'last'), ...shuffled.map((key) => put(key, key)), put(1, 'first')]);
    await store.close();
    const again = await world().open();
    const { entries, unread } = await again.load();
    expect(unread.count).toBe(5_002);
    expect(unread.bytes).toBeGreaterThan(0);
    const found: number[] = [];
    for await (const lot of entries) {
      expect(lot.length).toBeGreaterThan(0);
      for (const { key, value } of lot) {
        if (key !== 1 && key !== HIGHEST) expect(decodeBody(value)).toBe(key);
        found.push(key);
      }
    }
    expect(found).toEqual([1, ...keys, HIGHEST]);
    await again.close();
  });

  test('values of any size come back as they were, in memory that nobody else writes to', async () => {
    const store = await opened(world());
    const sizes = [0, 1, 100, 4_096, 70_000, 3_000_000];
    const bytes = (size: number): Buffer => Buffer.alloc(size, `${size}.`);
    await store.commit(sizes.map((size, i) => ({ key: i + 1, value: bytes(size), isDamaged: false })));
    await store.close();
    const again = await world().open();
    const entries = await entriesOf(again);
    await again.commit([{ key: 7, value: Buffer.alloc(3_000_000, 'x'), isDamaged: false }]);
    expect(entries.map(({ value }) => value.length)).toEqual(sizes);
    expect(entries.every(({ value }, i) => bytes(sizes[i] ?? 0).equals(value))).toBe(true);
    await again.close();
  });

  test('what is committed while the journal is still being read does not disturb the reading', async () => {
    const store = await opened(world());
    const keys = Array.from({ length: 9_000 }, (_, i) => START + i);
    await store.commit(keys.map((key) => put(key, key)));
    await store.close();
    const again = await world().open();
    const { entries } = await again.load();
    const found: number[] = [];
    const commits: Promise<void>[] = [];
    for await (const lot of entries) {
      found.push(...lot.map(({ key }) => key));
      commits.push(again.commit(lot.map(({ key }) => (key % 2 === 0 ? remove(key) : put(key, 'settled'.repeat(50))))));
    }
    await Promise.all(commits);
    expect(found).toEqual(keys);
    await again.close();
    expect((await contents(world())).map(([key]) => key)).toEqual(keys.filter((key) => key % 2 === 1));
  });

  test('a journal that is closed while it is being read is read no further', async () => {
    const store = await opened(world());
    await store.commit(Array.from({ length: 9_000 }, (_, i) => put(i + 1, i)));
    await store.close();
    const again = await world().open();
    const { entries } = await again.load();
    let lots = 0;
    for await (const _ of entries) {
      lots += 1;
      await again.close();
    }
    expect(lots).toBe(1);
    expect(await contents(world())).toHaveLength(9_000);
  });
}

function committing(world: () => StoreWorld): void {
  test('a later write of a key replaces the earlier, within a commit and over several, and a removed key is gone', async () => {
    const store = await opened(world());
    await store.commit([put(1, 'a'), put(2, 'b'), put(3, 'c'), put(1, 'a2')]);
    await store.commit([remove(2), put(3, 'c2'), put(4, 'd'), remove(4), remove(99)]);
    await store.close();
    expect(await contents(world())).toEqual([
      [1, 'a2'],
      [3, 'c2'],
    ]);
  });

  test('commits asked for without waiting are made in their order', async () => {
    const store = await opened(world());
    const ended: number[] = [];
    const commits = Array.from({ length: 50 }, (_, i) => store.commit([put(1, i)]).then(() => ended.push(i)));
    await Promise.all(commits);
    expect(ended).toEqual(Array.from({ length: 50 }, (_, i) => i));
    await store.close();
    expect(await contents(world())).toEqual([[1, 49]]);
  });

  test('closing finishes the commits that are under way, and may be asked for twice', async () => {
    const store = await opened(world());
    const commit = store.commit([put(1, 'a')]);
    const closed = store.close();
    await Promise.all([commit, closed, store.close()]);
    expect(await contents(world())).toEqual([[1, 'a']]);
  });
}

function reading(world: () => StoreWorld): void {
  test('single entries are read as they were committed, in the order in which they were asked for (S5)', async () => {
    const store = await opened(world());
    const sizes = [0, 1, 300, 4_096, 70_000, 3_000_000];
    const bytes = (size: number): Buffer => Buffer.alloc(size, `${size}.`);
    await store.commit(sizes.map((size, i) => ({ key: START + i, value: bytes(size), isDamaged: false })));
    const keys = sizes.map((_, i) => START + i).reverse();
    const entries = await store.read(keys);
    await store.commit(keys.map((key) => ({ key, value: Buffer.alloc(3_000_000, 'x'), isDamaged: false })));
    await store.read(keys);
    expect(entries.map(({ key, damage }) => [key, damage])).toEqual(keys.map((key) => [key, undefined]));
    expect(entries.map(({ value }) => bytes(value.length).equals(value))).toEqual(sizes.map(() => true));
    expect(entries.map(({ value }) => value.length)).toEqual(sizes.toReversed());
    await store.close();
  });

  test('a read finds the last commit, also of an entry that was read before', async () => {
    const store = await opened(world());
    for (let i = 0; i < 20; i++) {
      await store.commit([put(1, i), put(HIGHEST, i * 7)]);
      const [first, last] = await store.read([1, HIGHEST]);
      expect([first, last].map((entry) => decodeBody(entry?.value ?? Buffer.alloc(0)))).toEqual([i, i * 7]);
    }
    await store.close();
  });

  test('an entry that is not there is one that says so, and the others are read (S5)', async () => {
    const store = await opened(world());
    await store.commit([put(1, 'a'), put(2, 'b'), put(3, 'c')]);
    await store.commit([remove(2)]);
    const entries = await store.read([1, 2, 3, 4]);
    expect(entries.map(({ damage }) => damage)).toEqual([undefined, 'it is not there', undefined, 'it is not there']);
    expect([0, 2].map((i) => decodeBody(entries[i]?.value ?? Buffer.alloc(0)))).toEqual(['a', 'c']);
    await store.close();
  });

  test('reads and commits do not disturb each other, and closing waits for reads', async () => {
    const store = await opened(world());
    const keys = Array.from({ length: 2_000 }, (_, i) => START + i);
    await store.commit(keys.map((key) => put(key, key)));
    const work: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      work.push(store.commit([put(i + 1, 'other')]));
      work.push(store.read(keys).then((entries) => entries.map(({ value }) => decodeBody(value))));
    }
    const closed = store.close();
    const results = await Promise.all(work);
    await closed;
    for (let i = 1; i < results.length; i += 2) expect(results[i]).toEqual(keys);
  });
}

function crashes(world: () => StoreWorld): void {
  test('what was committed survives a crash (S1)', async () => {
    const store = await opened(world());
    for (let i = 1; i <= 20; i++)
      await store.commit(i <= 5 ? [put(i, `entry ${i}`)] : [put(i, `entry ${i}`), remove(i - 5)]);
    await world().crash();
    expect(await contents(world())).toEqual([16, 17, 18, 19, 20].map((i) => [i, `entry ${i}`]));
  });

  test('of a commit that was under way in a crash there is all or nothing (S1)', async () => {
    const store = await opened(world());
    const half = (value: string): Write[] => Array.from({ length: 1_000 }, (_, i) => put(i + 1, value));
    await store.commit(half('old'));
    const commit = store.commit(half('new')).catch(() => undefined);
    await world().crash();
    await commit;
    const values = new Set((await contents(world())).map(([, value]) => value));
    expect([...values]).toHaveLength(1);
  });
}

function settingAside(world: () => StoreWorld): void {
  test('a damaged entry is set aside: it is kept, and not loaded again (S4)', async () => {
    const store = await opened(world());
    await store.commit([put(1, 'a'), put(2, 'b'), put(3, 'c')]);
    await store.commit([{ ...put(2, 'b, damaged'), isDamaged: true }, put(3, 'c2')]);
    await store.close();
    expect(await contents(world())).toEqual([
      [1, 'a'],
      [3, 'c2'],
    ]);
    expect([...(await world().setAside())]).toEqual([[2, 'b, damaged']]);
    const again = await world().open();
    expect((await again.load()).setAside).toEqual([2]);
    await again.close();
  });
}

function filling(world: () => StoreWorld): void {
  test('where there is no room nothing of a commit is there, and the same writes succeed when there is (S3)', async () => {
    const setRoom = (hasRoom: boolean): void => world().setRoom?.(hasRoom);
    const store = await opened(world());
    await store.commit([put(1, 'before')]);
    setRoom(false);
    const writes = [put(1, 'after'), put(2, 'new')];
    for (let i = 0; i < 3; i++) await expect(store.commit(writes)).rejects.toMatchObject({ code: 'STORE_FULL' });
    await world().crash();
    expect(await contents(world())).toEqual([[1, 'before']]);
    const again = await opened(world());
    setRoom(true);
    await again.commit(writes);
    await again.close();
    expect(await contents(world())).toEqual([
      [1, 'after'],
      [2, 'new'],
    ]);
  });
}
