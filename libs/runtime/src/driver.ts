// Runs one machine: takes all input that is ready, performs what the machine wants done, sleeps (DESIGN.md section 3, the turn).
//
// V1. Any number of inputs, one end of turn: everything for one link leaves as one batch, a lone record too, without waiting for company.
// V2. The order at the end of a turn: links are opened, records sent, links closed, and only then is anybody told anything.
// V3. There is one timer; it is armed for `machine.wakeAt()`.
// V4. A machine that throws has a bug of ours: the driver stops for good and says so. Peers' faults are input like any other.
// V5. No record waits for a later turn; when a turn grows past `TURN_RECORDS_MAX` it ends early.
// V6. Machines are told whole milliseconds: fractions are worth nothing to them, and V8 keeps each fraction in an object of its own.

import { decodeMessage, encodeMessages, type LinkId, type LinkInput, type Machine } from '@majordomo/protocol';
import type { Cancel, Clock } from './clock.js';
import { Counters } from './counters.js';
import { bytesOf } from './lane.js';
import { TURN_RECORDS_MAX } from './limits.js';
import type { LossReason, Port } from './port.js';
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
}

const WAKE: LinkInput = Object.freeze({ kind: 'wake' });

export class Driver<Input, Event> {
  readonly counters = new Counters();
  readonly #options: DriverOptions<Input, Event>;
  readonly #machine: Machine<Input, Event>;
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #sorting = new Sorting();
  #state: DriverState = 'new';
  /** An end of turn is on its way. */
  #isScheduled = false;
  /** Observers are being told; what they put in belongs to the next turn. */
  #isTelling = false;
  #armedFor = Infinity;
  #cancelTimer: Cancel | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: DriverOptions<Input, Event>) {
    this.#options = options;
    this.#machine = options.machine;
    this.#port = options.port;
    this.#clock = options.clock;
  }

  get state(): DriverState {
    return this.#state;
  }

  /** Starts the port and takes a first turn. Once. */
  start(): void {
    this.#become('running');
    this.#port.start({
      message: (link, frames) => this.#take(link, frames),
      lost: (link, reason) => this.#lost(link, reason),
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
    this.#stopped ??= this.#port.shutdown(lingerMs);
    return this.#stopped;
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
    const decoded = decodeMessage(frames, this.#options.bytesMax);
    if (decoded.fault === undefined) {
      counters.recordsIn += decoded.records.length;
      this.#handle({ kind: 'records', link, records: decoded.records });
    } else {
      counters.faultsIn += 1;
      this.#handle({ kind: 'fault', link, fault: decoded.fault });
    }
  }

  #lost(link: LinkId, reason: LossReason): void {
    this.#handle({ kind: 'link-lost', link, reason });
  }

  #handle(input: Input | LinkInput): boolean {
    if (this.#state !== 'running') return false;
    try {
      this.#machine.handle(input, this.#now());
    } catch (error) {
      this.#fail(error);
      return false;
    }
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

  /** V2. Writes that must be on disk first will be committed here, before anything is sent. */
  #endTurn(): void {
    const { output } = this.#machine;
    this.counters.turns += 1;
    try {
      for (const { link, endpoint } of output.connects) this.#port.connect(link, endpoint);
      if (output.records.length > 0) this.#sendAll();
      for (const link of output.closes) this.#port.close(link);
      output.connects.length = 0;
      output.closes.length = 0;
      if (!this.#isTelling) this.#tell(output.events);
      this.#arm();
    } catch (error) {
      this.#fail(error);
    }
  }

  #sendAll(): void {
    const { links, records } = this.#machine.output;
    const sorting = this.#sorting;
    sorting.sort(links, records);
    this.counters.recordsOut += records.length;
    links.length = 0;
    records.length = 0;
    for (let i = 0; i < sorting.count; i++) this.#sendGroup(sorting.groups[i] as Group);
    sorting.clear();
  }

  #sendGroup(group: Group): void {
    const messages = encodeMessages(group.records);
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
  #tell(events: Event[]): void {
    const count = events.length;
    if (count === 0) return;
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
  }

  /** V3. A timer that is due earlier than it need be stays: it looks again when it fires, which is cheaper than setting it anew each turn. */
  #arm(): void {
    if (this.#state !== 'running') return;
    const wakeAt = this.#machine.wakeAt();
    if (wakeAt >= this.#armedFor) return;
    this.#cancelTimer?.();
    this.#armedFor = wakeAt;
    this.#cancelTimer = this.#clock.setTimer(Math.ceil(wakeAt) - this.#clock.now(), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#armedFor = Infinity;
    this.#cancelTimer = undefined;
    if (this.#state !== 'running') return;
    if (this.#machine.wakeAt() <= this.#now()) this.#handle(WAKE);
    else this.#arm();
  };

  /** V4. */
  #fail(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#become('failed');
    this.#cancelTimer?.();
    this.#stopped = this.#port.shutdown(0);
    this.#options.onBug(error);
  }
}
