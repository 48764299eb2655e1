// What waits for the disk leaves when it is there, in order; a full disk delays, a broken one ends it.

import { Kind, type WireRecord, type Write } from '@majordomo/protocol';
import { Commits, type CommitStore, type ReadEntry } from './commits.js';
import { FakeClock } from './fake/clock.js';

/** A store whose commits end when the test says so. */
class HandStore implements CommitStore {
  readonly asked: { readonly keys: number[]; readonly done: (error?: unknown) => void }[] = [];
  readonly readKeys: (readonly number[])[] = [];
  readFailure: unknown;

  read(keys: readonly number[]): Promise<readonly ReadEntry[]> {
    this.readKeys.push(keys);
    if (this.readFailure !== undefined) return Promise.reject(this.readFailure as Error);
    return Promise.resolve(keys.map((key) => ({ key, value: new Uint8Array(2) })));
  }

  commit(writes: readonly Write[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      this.asked.push({ keys: writes.map(({ key }) => key), done });
    });
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const put = (key: number): Write => ({ key, value: new Uint8Array(1), isDamaged: false });
const word = (below: number): WireRecord => ({ kind: Kind.settled, below });

class Stage {
  readonly clock = new FakeClock();
  readonly store = new HandStore();
  readonly left: number[] = [];
  readonly told: string[] = [];
  readonly waiting: number[] = [];
  readonly commits = new Commits({
    store: this.store,
    clock: this.clock,
    release: (_links, records) => {
      for (const record of records) if (record.kind === Kind.settled) this.left.push(record.below);
    },
    onWaiting: (bytes) => this.waiting.push(bytes),
    onRead: (entries) => this.told.push(`read ${entries.map(({ key }) => key).join(' ')}`),
    onRoom: (hasRoom) => this.told.push(hasRoom ? 'room' : 'full'),
    onFailure: (error) => this.told.push(`failed ${String(error)}`),
  });

  turn(writes: number[], words: number[], reads: number[] = []): void {
    const bytes = writes.length * 10 + words.length;
    this.commits.add({ writes: writes.map(put), links: words.map(() => 1), records: words.map(word), reads, bytes });
  }

  async end(which: number, error?: unknown): Promise<void> {
    this.store.asked[which]?.done(error);
    await settled();
  }
}

it('lets words leave when their writes are on disk, not before', async () => {
  const stage = new Stage();
  stage.turn([1], [10]);
  await settled();
  expect([stage.left, stage.commits.isIdle]).toEqual([[], false]);
  await stage.end(0);
  expect([stage.left, stage.commits.isIdle, stage.commits.made]).toEqual([[10], true, 1]);
});

it('gathers the turns that come meanwhile into one commit, and keeps their order (J1, J2)', async () => {
  const stage = new Stage();
  stage.turn([1], [10]);
  stage.turn([2, 3], [20]);
  stage.turn([], [30]);
  stage.turn([4], [40]);
  expect(stage.store.asked.map(({ keys }) => keys)).toEqual([[1]]);
  await stage.end(0);
  expect([stage.left, stage.store.asked[1]?.keys]).toEqual([[10], [2, 3, 4]]);
  await stage.end(1);
  expect(stage.left).toEqual([10, 20, 30, 40]);
});

it('lets words without writes leave with those they came after, without a commit of their own (J2)', async () => {
  const stage = new Stage();
  stage.turn([1], [10]);
  stage.turn([], [20]);
  await stage.end(0);
  expect([stage.left, stage.store.asked.length]).toEqual([[10, 20], 1]);
});

it('tries a full store again with the same writes, tells so once, and goes on when there is room (J3)', async () => {
  const stage = new Stage();
  const full = Object.assign(new Error('no room'), { code: 'STORE_FULL' });
  stage.turn([1], [10]);
  stage.turn([2], [20]);
  await stage.end(0, full);
  stage.clock.advance(1_000);
  await stage.end(1, full);
  stage.clock.advance(1_000);
  expect([stage.left, stage.told, stage.store.asked.map(({ keys }) => keys)]).toEqual([[], ['full'], [[1], [1], [1]]]);
  await stage.end(2);
  await stage.end(3);
  expect([stage.left, stage.told]).toEqual([
    [10, 20],
    ['full', 'room'],
  ]);
});

it('lets nothing leave any more after any other failure (J4)', async () => {
  const stage = new Stage();
  stage.turn([1], [10]);
  stage.turn([2], [20]);
  await stage.end(0, new Error('EIO'));
  stage.turn([3], [30]);
  expect([stage.left, stage.told, stage.store.asked.length]).toEqual([[], ['failed Error: EIO'], 1]);
});

it('can be waited for, but not for longer than is said', async () => {
  const stage = new Stage();
  await stage.commits.settle(100);
  stage.turn([1], [10]);
  let over = '';
  void stage.commits.settle(100).then(() => (over += 'late'));
  stage.clock.advance(99);
  await settled();
  expect(over).toBe('');
  stage.clock.advance(1);
  await settled();
  expect(over).toBe('late');
  void stage.commits.settle(100).then(() => (over += ' done'));
  await stage.end(0);
  expect(over).toBe('late done');
});

it('reads when the writes of its turn and of those before are on disk, and at once when nothing waits (J5)', async () => {
  const stage = new Stage();
  stage.turn([1], [], [1]);
  stage.turn([2], [20], [2, 9]);
  await settled();
  expect(stage.store.readKeys).toEqual([]);
  await stage.end(0);
  expect([stage.store.readKeys, stage.left]).toEqual([[[1]], []]);
  await stage.end(1);
  expect([stage.store.readKeys, stage.left, stage.told]).toEqual([[[1], [2, 9]], [20], ['read 1', 'read 2 9']]);
  stage.turn([], [], [3]);
  await settled();
  expect([stage.store.readKeys.at(-1), stage.told.at(-1), stage.store.asked.length]).toEqual([[3], 'read 3', 2]);
});

it('is ended by a store that cannot be read at all (J4)', async () => {
  const stage = new Stage();
  stage.store.readFailure = new Error('gone');
  stage.turn([], [], [3]);
  await settled();
  expect(stage.told).toEqual(['failed Error: gone']);
});

it('says what the turns that wait take in memory', async () => {
  const stage = new Stage();
  stage.turn([1, 2], [10]);
  stage.turn([3], []);
  await stage.end(0);
  await stage.end(1);
  expect(stage.waiting).toEqual([21, 31, 10, 0]);
});
