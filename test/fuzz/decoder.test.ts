// Whatever frames come: the decoder gives records or a named fault, and the broker machine takes either without throwing.
//
// FUZZ_SEED=n runs other messages; a failure says which seed, which world and which message.

import { BROKER_DEFAULTS, Broker } from '@majordomo/broker';
import { decodeMessage, encodeMessages, type Decoded } from '@majordomo/protocol';
import { checkInvariants } from '../spec/invariants.js';
import { anyRecord, goodHello } from './corpus.js';
import { Dice, FUZZ_SEED } from './dice.js';
import { mutated } from './mutation.js';

const MESSAGES = 150_000;
/** Messages to one broker before the next one begins afresh. */
const WORLD_MESSAGES = 300;

const FAULTS = new Set([
  'NOT_NATIVE',
  'WRONG_VERSION',
  'EMPTY_BATCH',
  'TRUNCATED_RECORD',
  'BAD_LENGTH',
  'UNKNOWN_KIND',
  'UNKNOWN_FLAG',
  'NUMBER_OUT_OF_RANGE',
  'BAD_TEXT',
  'TOO_LARGE',
  'TOO_MANY_RECORDS',
  'TOO_MANY_FRAMES',
  'BODY_FRAME_MISSING',
  'BODY_FRAME_SPARE',
]);

const hexOf = (frames: readonly Uint8Array[]): string =>
  JSON.stringify(frames.map((frame) => Buffer.from(frame).toString('hex').slice(0, 400)));

/** A message as a peer would write it. */
function message(dice: Dice): Buffer[] {
  const records = Array.from({ length: 1 + dice.below(6) }, () => anyRecord(dice));
  return (encodeMessages(records)[0] ?? []) as Buffer[];
}

/** What is wrong with an answer of the decoder, if anything is. */
function wrong(decoded: Decoded, frames: readonly Uint8Array[]): string | undefined {
  if (decoded.fault !== undefined) {
    if (!FAULTS.has(decoded.fault)) return `no fault is called ${decoded.fault}`;
    return Number.isInteger(decoded.at) && decoded.at >= 0 ? undefined : `it was seen at ${decoded.at}`;
  }
  if (decoded.records.length === 0) return 'no records and no fault';
  const total = frames.reduce((sum, frame) => sum + frame.length, 0);
  let bodies = 0;
  for (const record of decoded.records) {
    for (const value of Object.values(record)) {
      if (value === undefined && record.kind !== 6) return `${JSON.stringify(record)} has a hole`;
      if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 0)) return `the number ${value}`;
      if (value instanceof Uint8Array) bodies += value.length;
    }
  }
  return bodies <= total ? undefined : `${bodies} bytes of bodies in ${total} bytes of frames`;
}

/** One broker, and a few links on which anything may come. */
class World {
  readonly #broker = new Broker({ ...BROKER_DEFAULTS, instance: 1, requestsPerSessionMax: 50, queueLengthMax: 40 }, 0);
  readonly #dice: Dice;
  #now = 0;
  #lastLink = 6;
  readonly links = [1, 2, 3, 4, 5, 6];

  constructor(dice: Dice) {
    this.#dice = dice;
    for (const link of this.links) this.#greet(link);
  }

  #greet(link: number): void {
    const { records } = decodeMessage(encodeMessages([goodHello(link, 1 + (link % 3))])[0] ?? []) as { records: [] };
    this.#broker.handle({ kind: 'records', link, records }, this.#now);
  }

  take(decoded: Decoded): void {
    const dice = this.#dice;
    const at = dice.below(this.links.length);
    const link = this.links[at] as number;
    this.#now += dice.oneIn(4) ? dice.below(700) : 0;
    if (decoded.fault === undefined)
      this.#broker.handle({ kind: 'records', link, records: decoded.records }, this.#now);
    else this.#broker.handle({ kind: 'fault', link, fault: decoded.fault }, this.#now);
    if (dice.oneIn(30)) this.#broker.handle({ kind: 'link-lost', link, reason: 'disconnected' }, this.#now);
    if (this.#broker.wakeAt() <= this.#now) this.#broker.handle({ kind: 'wake' }, this.#now);
    // A link that was ended is a new connection when it comes back.
    if (this.#broker.memory.links.get(link) === undefined) {
      this.links[at] = ++this.#lastLink;
      if (!dice.oneIn(4)) this.#greet(this.#lastLink);
    }
    // What the broker wants to send can be written, and read again.
    for (const sent of encodeMessages(this.#broker.output.records)) {
      const back = decodeMessage(sent);
      if (back.fault !== undefined) throw new Error(`the broker sends a message with the fault ${back.fault}`);
    }
    this.#broker.output.clear();
  }

  check(): void {
    checkInvariants(this.#broker);
  }
}

test(`${MESSAGES} spoiled messages give records or a named fault, and no broker throws (seed ${FUZZ_SEED}; W9)`, () => {
  const seen: Record<string, number> = { records: 0 };
  const dice = new Dice(FUZZ_SEED);
  let world = new World(dice);
  for (let i = 0; i < MESSAGES; i++) {
    if (i % WORLD_MESSAGES === 0) world = new World(dice);
    // Some are left whole: only they bring a broker into states worth spoiling.
    const whole = message(dice);
    const frames = dice.oneIn(5) ? whole : mutated(whole, message(dice), dice);
    let decoded: Decoded;
    try {
      decoded = decodeMessage(frames);
      world.take(decoded);
      if (i % 50 === 0) world.check();
    } catch (cause) {
      throw new Error(`FUZZ_SEED=${FUZZ_SEED}, message ${i}: ${String(cause)}\n${hexOf(frames)}`, { cause });
    }
    const problem = wrong(decoded, frames);
    if (problem !== undefined) throw new Error(`FUZZ_SEED=${FUZZ_SEED}, message ${i}: ${problem}\n${hexOf(frames)}`);
    const word = decoded.fault ?? 'records';
    seen[word] = (seen[word] ?? 0) + 1;
  }
  // The mutations reach every fault that small messages can have.
  expect(Object.keys(seen)).toEqual(
    expect.arrayContaining([...FAULTS].filter((fault) => fault !== 'TOO_MANY_RECORDS').concat('records')),
  );
  expect(seen['records']).toBeGreaterThan(MESSAGES / 10);
}, 60_000);
