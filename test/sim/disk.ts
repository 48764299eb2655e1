// A disk and the journal on it: what was written and not synced is lost in a crash, or torn in its middle; it fills, and it fails.
//
// K1. `commit` resolves when its bytes are synced, and only then does `durable` have them: what checks D1 looks there.
// K2. After a crash there is everything that was synced, and of the rest any number of bytes. A record that is not whole was never
//     there: its checksum says so.

import { checksumOf, decodeBody, encodeBody, NO_BYTES, type Write } from '@majordomo/protocol';
import type { Clock } from '@majordomo/runtime';
import type { Loaded, Store, StoredEntry } from '@majordomo/broker';
import type { Dice } from '../fuzz/dice.js';

/** Length, and the checksum of what follows. */
const HEAD_BYTES = 12;
/** Nobody guesses in these worlds. */
const SECRET = Buffer.alloc(32, 7);
/** Entries of one lot of `load`: few, so that a journal is seldom read in one turn. */
const LOT = 5;

type LoggedWrite = readonly [key: number, value: Uint8Array | null, isDamaged: boolean];
type Logged = { readonly start: number } | { readonly writes: readonly LoggedWrite[] };

/** One disk: it outlives the brokers that use it. */
export class Disk {
  readonly id: number;
  /** What a crash leaves: the number of starts, and the entries by their key. */
  readonly durable = new Map<number, Uint8Array>();
  readonly damaged = new Map<number, Uint8Array>();
  starts = 0;
  isFull = false;
  /** The next sync fails, and with it the trust in this store. */
  failsNext = false;
  writeMs = 1;
  syncMs = 3;
  #synced = Buffer.alloc(0);
  #unsynced: Buffer[] = [];

  constructor(id: number) {
    this.id = id;
  }

  /** For one lot of entries: a disk that syncs slowly reads slowly too. */
  get readMs(): number {
    return Math.max(1, this.syncMs - 2);
  }

  append(logged: Logged): void {
    this.#unsynced.push(framed(logged));
  }

  sync(): void {
    for (const bytes of this.#unsynced) this.#apply(bytes);
    this.#synced = Buffer.concat([this.#synced, ...this.#unsynced]);
    this.#unsynced = [];
  }

  /** K2: whoever wrote is dead; the power may have gone with it. */
  crash(dice: Dice): void {
    const lost = Buffer.concat(this.#unsynced);
    const kept = dice.oneIn(2) ? dice.below(lost.length + 1) : dice.of([0, lost.length]);
    this.#unsynced = [];
    this.#synced = Buffer.concat([this.#synced, lost.subarray(0, kept)]);
    this.#recover();
  }

  /** Reads the log as far as it is whole, and begins a new one with what it said. */
  #recover(): void {
    this.durable.clear();
    this.damaged.clear();
    this.starts = 0;
    let at = 0;
    for (let end = wholeAt(this.#synced, at); end > 0; end = wholeAt(this.#synced, at)) {
      this.#apply(this.#synced.subarray(at, end));
      at = end;
    }
    const entries = [...this.durable].map(([key, value]): LoggedWrite => [key, value, false]);
    const damaged = [...this.damaged].map(([key, value]): LoggedWrite => [key, value, true]);
    this.#synced = Buffer.concat([framed({ start: this.starts }), framed({ writes: [...entries, ...damaged] })]);
  }

  #apply(bytes: Buffer): void {
    const logged = decodeBody(bytes.subarray(HEAD_BYTES)) as Logged;
    if ('start' in logged) this.starts = logged.start;
    else for (const [key, value, isDamaged] of logged.writes) this.#put(key, value, isDamaged);
  }

  #put(key: number, value: Uint8Array | null, isDamaged: boolean): void {
    if (value === null || isDamaged) this.durable.delete(key);
    if (value !== null) (isDamaged ? this.damaged : this.durable).set(key, value);
  }
}

/** K2. @returns where a whole record ends that begins here, 0 when there is none. */
function wholeAt(log: Buffer, at: number): number {
  if (log.length < at + HEAD_BYTES) return 0;
  const end = at + HEAD_BYTES + log.readUInt32BE(at);
  const isWhole = end <= log.length && checksumOf(log.subarray(at + HEAD_BYTES, end)) === log.readDoubleBE(at + 4);
  return isWhole ? end : 0;
}

function framed(logged: Logged): Buffer {
  const body = encodeBody(logged);
  const bytes = Buffer.alloc(HEAD_BYTES + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeDoubleBE(checksumOf(body), 4);
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

/** The journal of one start of a broker, in its time: it ends with its process. */
export class DiskStore implements Store {
  readonly #disk: Disk;
  readonly #clock: Clock;
  #isClosed = false;

  constructor(disk: Disk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  /** At once, so that a start is one step of the world. */
  load(): Promise<Loaded> {
    return Promise.resolve(this.loadNow());
  }

  loadNow(): Loaded {
    const disk = this.#disk;
    const starts = disk.starts + 1;
    disk.append({ start: starts });
    disk.sync();
    const entries = [...disk.durable].sort(([a], [b]) => a - b).map(([key, value]) => ({ key, value }));
    const bytes = entries.reduce((sum, { value }) => sum + value.length, 0);
    const unread = { count: entries.length, bytes };
    const setAside = [...disk.damaged.keys()].sort((a, b) => a - b);
    return { id: disk.id, starts, secret: SECRET, unread, setAside, entries: this.#lots(entries) };
  }

  async *#lots(entries: readonly StoredEntry[]): AsyncGenerator<readonly StoredEntry[]> {
    for (let at = 0; at < entries.length && !this.#isClosed; at += LOT) {
      yield entries.slice(at, at + LOT);
      await this.#pass(this.#disk.readMs);
    }
  }

  async commit(writes: readonly Write[]): Promise<void> {
    const disk = this.#disk;
    const logged = writes.map(({ key, value, isDamaged }): LoggedWrite => [key, value ?? null, isDamaged]);
    await this.#pass(disk.writeMs);
    if (disk.isFull) throw Object.assign(new Error('no space left on device'), { code: 'STORE_FULL' });
    disk.append({ writes: logged });
    await this.#pass(disk.syncMs);
    if (disk.failsNext) {
      disk.failsNext = false;
      throw Object.assign(new Error('input/output error'), { code: 'EIO' });
    }
    disk.sync();
  }

  /** What is synced, a moment later. */
  async read(keys: readonly number[]): Promise<readonly StoredEntry[]> {
    const disk = this.#disk;
    await this.#pass(disk.writeMs);
    return keys.map((key) => {
      const value = disk.durable.get(key);
      return value === undefined ? { key, value: NO_BYTES, damage: 'it is not there' } : { key, value };
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(ms, resolve));
  }
}
