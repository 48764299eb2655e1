// Runs one machine: takes all input that is ready, performs what the machine wants done, sleeps (a turn).
//
// V1. Any number of inputs, one end of turn: everything for one link leaves as one batch, a lone record too, without waiting for company.
// V2. The order at the end of a turn: links are opened, records sent, links closed, and only then is anybody told anything.
// V3. There is one timer; it is armed for `machine.wakeAt()`.
// V4. A machine that throws has a bug of ours: the driver stops for good and says so. Peers' faults are input like any other.
// V5. No record waits for a later turn; when a turn grows past `TURN_RECORDS_MAX` it ends early.
// V6. Machines are told whole milliseconds: fractions are worth nothing to them, and the engine keeps each fraction in an object of its own.
// V7. What waits for the disk leaves when its writes are there (commits.ts); nothing else waits for it.
// V8. A message of another protocol ends the turn at once: its answers are messages of their own, so waiting for more gains nothing.
// V9. Timers are judged after input: before the machine is woken, the port delivers what has arrived (port.ts O7). A process that was
//     stopped or computed for long thus reads answers before it judges deadlines, and signs of life before it judges silences.
// V10. Events are delivered in the asynchronous context in which the driver was made (call-out.ts O2), not in that of whatever input began the turn.

import {
  decodeMessage,
  encodeMessages,
  FOREIGN,
  isNative,
  type LinkId,
  type LinkInput,
  type Machine,
  type WireRecord,
} from '@majordomo/protocol';
import { AsyncScope } from './call-out.js';
import type { Cancel, Clock } from './clock.js';
import { Commits, type CommitStore, type ReadEntry } from './commits.js';
import { Counters } from './counters.js';
import { bytesOf } from './lane.js';
import { TURN_RECORDS_MAX } from './limits.js';
import type { Port } from './port.js';
import { Sorting, type Group } from './sorting.js';

const NEXT = { new: ['running', 'stopped'], running: ['stopped', 'failed'], stopped: [], failed: [] } as const;
/** `failed`: the machine threw (V4). */
export type DriverState = keyof typeof NEXT;

export interface DriverOptions<Input, Event> {
  readonly machine: Machine<Input, Event>;
  readonly port: Port;
  readonly clock: Clock;
  /** The most that all frames of one message may hold; a longer message is a fault of its sender. */
  readonly bytesMax: number;
  /** Told what the machine tells, in its order, after everything has been sent. May give the driver input. */
  readonly onEvent: (event: Event) => void;
  /** The machine or an observer threw: the driver has stopped, its links are being closed. Called once at most. */
  readonly onBug: (error: unknown) => void;
  /** For a machine that takes messages of other protocols too: the input that such a message is. Without it they are faults of their senders. */
  readonly foreignInput?: ((link: LinkId, frames: readonly Uint8Array[]) => Input) | undefined;
  /** Where writes go; a machine that writes must have one. */
  readonly journal?: JournalOptions | undefined;
}

export interface JournalOptions {
  readonly store: CommitStore;
  /** What the machine asked to be read; it is the caller's to give it to the machine. */
  readonly onRead: (entries: readonly ReadEntry[]) => void;
  /** The store has no room, or has room again. */
  readonly onRoom: (hasRoom: boolean) => void;
  /** The store failed: the driver has stopped, nothing has left that is not on disk. Called once at most. */
  readonly onFailure: (error: unknown) => void;
}

/** A stopping driver gives the disk this long, in ms; what is not there by then is as after a crash. */
const STOP_COMMIT_MS = 10_000;

const WAKE: LinkInput = Object.freeze({ kind: 'wake' });

export class Driver<Input, Event> {
  readonly counters = new Counters();
  readonly #options: DriverOptions<Input, Event>;
  readonly #machine: Machine<Input, Event>;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #sorting = new Sorting();
  readonly #scope = new AsyncScope();
  readonly #commits: Commits | undefined;
  #state: DriverState = 'new';
  /** An end of turn is on its way. */
  #isScheduled = false;
  /** Observers are being told; what they put in belongs to the next turn. */
  #isTelling = false;
  #armedFor = Infinity;
  /** The machine is woken when the port has delivered what has arrived (V9). */
  #isDraining = false;
  #cancelTimer: Cancel | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: DriverOptions<Input, Event>) {
    this.#options = options;
    this.#machine = options.machine;
    this.#port = options.port;
    this.#clock = options.clock;
    const { journal, clock } = options;
    if (journal === undefined) return;
    const { store, onRoom, onRead } = journal;
    const release = (links: readonly LinkId[], records: readonly WireRecord[]): void => this.#release(links, records);
    this.#commits = new Commits({
      store,
      clock,
      release,
      onWaiting: (bytes) => {
        this.#machine.output.waitingBytes = bytes;
      },
      onRead,
      onRoom,
      onFailure: (error) => this.#storeFailed(error),
    });
  }

  get state(): DriverState {
    return this.#state;
  }

  /** Starts the port and takes a first turn. Once. */
  start(): void {
    this.#become('running');
    this.#port.start({
      message: (link, frames) => this.#take(link, frames),
      lost: (link, reason, problem) => this.#handle({ kind: 'link-lost', link, reason, problem }),
    });
    this.#schedule();
  }

  /**
   * Gives the machine an input of the application.
   *
   * @returns false when the driver is not running and nothing will come of it.
   */
  input(input: Input): boolean {
    return this.#handle(input);
  }

  /**
   * Sends what the machine has ready, tells the last events and closes the port; no machine is called after that.
   *
   * @param lingerMs how long to go on trying to get rid of what was sent.
   * @returns settles when the port is shut down, never rejects. A second call gets the same promise.
   */
  stop(lingerMs: number): Promise<void> {
    if (this.#state === 'running') this.#endTurn();
    // The last turn may have found a bug, and then it has stopped already.
    if (this.#state === 'running' || this.#state === 'new') this.#become('stopped');
    this.#cancelTimer?.();
    this.#stopped ??= this.#shutDown(lingerMs);
    return this.#stopped;
  }

  /** Commits that were made; 0 without a journal. */
  get commits(): number {
    return this.#commits?.made ?? 0;
  }

  /** What waits for the disk is given its time before the port goes (V7). */
  async #shutDown(lingerMs: number): Promise<void> {
    const commits = this.#commits;
    if (commits !== undefined && !commits.isIdle) await commits.settle(STOP_COMMIT_MS);
    commits?.stop();
    await this.#port.shutdown(lingerMs);
  }

  /** V6. */
  #now(): number {
    return Math.floor(this.#clock.now());
  }

  #become(state: DriverState): void {
    if (!(NEXT[this.#state] as readonly DriverState[]).includes(state)) {
      throw new Error(`a driver does not go from ${this.#state} to ${state}`);
    }
    this.#state = state;
  }

  #take(link: LinkId, frames: Uint8Array[]): void {
    const { counters } = this;
    counters.messagesIn += 1;
    counters.bytesIn += bytesOf(frames);
    const { foreignInput } = this.#options;
    if (foreignInput !== undefined && !isNative(frames[0])) {
      if (this.#give(foreignInput(link, frames))) this.#endTurn(); // V8
      return;
    }
    const decoded = decodeMessage(frames, this.#options.bytesMax);
    if (decoded.fault === undefined) {
      counters.recordsIn += decoded.records.length;
      this.#handle({ kind: 'records', link, records: decoded.records });
    } else {
      counters.faultsIn += 1;
      this.#handle({ kind: 'fault', link, fault: decoded.fault });
    }
  }

  /** @returns whether the machine has taken it. */
  #give(input: Input | LinkInput): boolean {
    if (this.#state !== 'running') return false;
    try {
      this.#machine.handle(input, this.#now());
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #handle(input: Input | LinkInput): boolean {
    if (!this.#give(input)) return false;
    if (this.#machine.output.records.length >= TURN_RECORDS_MAX && !this.#isTelling) this.#endTurn();
    else this.#schedule();
    return true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.endOfTurn(this.#onEndOfTurn);
  }

  readonly #onEndOfTurn = (): void => {
    this.#isScheduled = false;
    if (this.#state === 'running') this.#endTurn();
  };

  /** V2, V7. */
  #endTurn(): void {
    const { output } = this.#machine;
    this.counters.turns += 1;
    try {
      for (const { link, endpoint } of output.connects) this.#port.connect(link, endpoint);
      if (output.writes.length > 0 || output.storedRecords.length > 0 || output.reads.length > 0) this.#store();
      if (output.records.length > 0) this.#sendAll(output.links, output.records);
      for (const link of output.closes) this.#port.close(link);
      output.connects.length = 0;
      output.closes.length = 0;
      if (!this.#isTelling && output.events.length > 0) this.#scope.run(this.#tell, output.events); // V10
      this.#arm();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** V7: words that wait for nothing leave with the others. */
  #store(): void {
    const { output } = this.#machine;
    const { writes, reads, storedLinks: links, storedRecords: records, storedBytes: bytes } = output;
    const commits = this.#commits;
    if (writes.length === 0 && reads.length === 0 && commits?.isIdle !== false) {
      for (let i = 0; i < records.length; i++) output.send(links[i] as LinkId, records[i] as WireRecord);
    } else if (commits === undefined) throw new Error('a machine that writes needs a journal');
    else {
      const turn = { writes: writes.slice(), links: links.slice(), records: records.slice(), reads: reads.slice() };
      commits.add({ ...turn, bytes });
    }
    output.storedBytes = 0;
    writes.length = 0;
    reads.length = 0;
    links.length = 0;
    records.length = 0;
  }

  /** What waited for the disk leaves. */
  #release(links: readonly LinkId[], records: readonly WireRecord[]): void {
    if (this.#state === 'failed') return;
    try {
      this.#sendAll([...links], [...records]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #storeFailed(error: unknown): void {
    if (this.#state === 'running') {
      this.#become('failed');
      this.#cancelTimer?.();
      this.#stopped = this.#port.shutdown(0);
    }
    this.#options.journal?.onFailure(error);
  }

  #sendAll(links: LinkId[], records: WireRecord[]): void {
    const sorting = this.#sorting;
    sorting.sort(links, records);
    this.counters.recordsOut += records.length;
    links.length = 0;
    records.length = 0;
    for (let i = 0; i < sorting.count; i++) this.#sendGroup(sorting.groups[i] as Group);
    sorting.clear();
  }

  #sendGroup(group: Group): void {
    // A link speaks one protocol or another, never both.
    const messages =
      group.records[0]?.kind === FOREIGN ? foreignMessages(group.records) : encodeMessages(group.records);
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i] as Uint8Array[];
      this.counters.messagesOut += 1;
      this.counters.bytesOut += bytesOf(message);
      this.#port.send(group.link, message);
    }
  }

  /**
   * What an observer puts in while it is told may add events behind these: they are told next turn, after their records (V2),
   * or at once when the observer has stopped the driver, which has sent them.
   */
  readonly #tell = (events: Event[]): void => {
    const count = events.length;
    let told = 0;
    this.#isTelling = true;
    try {
      while (told < count || (told < events.length && this.#state === 'stopped')) {
        this.#options.onEvent(events[told++] as Event);
      }
    } finally {
      this.#isTelling = false;
    }
    if (events.length === told) events.length = 0;
    else events.splice(0, told);
  };

  /** V3. A timer that is due earlier than it need be stays: it looks again when it fires, which is cheaper than setting it anew each turn. */
  #arm(): void {
    if (this.#state !== 'running' || this.#isDraining) return;
    const wakeAt = this.#machine.wakeAt();
    if (wakeAt >= this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = wakeAt;
    this.#cancelTimer = this.#clock.setTimer(Math.ceil(wakeAt) - this.#clock.now(), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    const lateMs = Math.max(0, this.#clock.now() - this.#armedFor);
    this.#armedFor = Infinity;
    this.#cancelTimer = undefined;
    if (this.#state !== 'running') return;
    if (this.#machine.wakeAt() > this.#now()) return this.#arm();
    this.#isDraining = true;
    this.#port.afterInput(lateMs, this.#onDrained);
  };

  /** V9. What came meanwhile may have made the wake superfluous. */
  readonly #onDrained = (): void => {
    this.#isDraining = false;
    if (this.#state !== 'running') return;
    if (this.#machine.wakeAt() <= this.#now()) this.#handle(WAKE);
    else this.#arm();
  };

  /** V4. */
  #fail(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#become('failed');
    this.#cancelTimer?.();
    this.#commits?.stop();
    this.#stopped = this.#port.shutdown(0);
    this.#options.onBug(error);
  }
}

function foreignMessages(records: readonly WireRecord[]): Uint8Array[][] {
  const messages: Uint8Array[][] = [];
  for (const record of records) if (record.kind === FOREIGN) messages.push([...record.frames]);
  return messages;
}
