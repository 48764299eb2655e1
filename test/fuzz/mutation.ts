// Ways to spoil a message: what bad memory, bad code and bad will do to it.

import type { Dice } from './dice.js';

/** Where the records of a batch begin, as far as their lengths lead. */
function recordStarts(batch: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 2; at + 6 <= batch.length; at += 4 + batch.readUInt32BE(at)) starts.push(at);
  return starts;
}

type Mutation = (frames: Buffer[], dice: Dice, other: readonly Buffer[]) => Buffer[];

const first = (frames: readonly Buffer[]): Buffer => Buffer.from(frames[0] ?? []);
const withFirst = (frames: readonly Buffer[], batch: Buffer): Buffer[] => [batch, ...frames.slice(1)];

const FORGED = [0, 1, 2, 3, 6, 7, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/** A few bits are turned, anywhere. */
function flipBits(frames: Buffer[], dice: Dice): Buffer[] {
  const spoiled = frames.map((frame) => Buffer.from(frame));
  for (let i = 1 + dice.below(4); i > 0; i--) {
    const frame = dice.of(spoiled);
    const at = dice.below(frame?.length ?? 0);
    if (frame !== undefined && frame.length > 0) frame[at] = (frame[at] as number) ^ (1 << dice.below(8));
  }
  return spoiled;
}

function truncate(frames: Buffer[], dice: Dice): Buffer[] {
  const batch = first(frames);
  return withFirst(frames, batch.subarray(0, dice.below(batch.length)));
}

function extend(frames: Buffer[], dice: Dice): Buffer[] {
  return withFirst(frames, Buffer.concat([first(frames), dice.bytes(1 + dice.below(20))]));
}

/** The length of one record says something else. */
function forgeLength(frames: Buffer[], dice: Dice): Buffer[] {
  const batch = first(frames);
  const starts = recordStarts(batch);
  if (starts.length === 0) return truncate(frames, dice);
  const at = dice.of(starts);
  const honest = batch.readUInt32BE(at);
  batch.writeUInt32BE(dice.oneIn(2) ? dice.of(FORGED) : (honest + dice.below(9) - 4) >>> 0, at);
  return withFirst(frames, batch);
}

/** Kind or flags of one record say something else: its fields are read as those of another kind. */
function forgeKind(frames: Buffer[], dice: Dice): Buffer[] {
  const batch = first(frames);
  const starts = recordStarts(batch);
  if (starts.length === 0) return flipBits(frames, dice);
  batch[dice.of(starts) + 4 + dice.below(2)] = dice.oneIn(2) ? dice.below(48) : dice.below(256);
  return withFirst(frames, batch);
}

/** Any 4 bytes become a number that somebody might multiply, add to or allocate by. */
function forgeNumber(frames: Buffer[], dice: Dice): Buffer[] {
  const batch = first(frames);
  if (batch.length >= 6) batch.writeUInt32BE(dice.of(FORGED), 2 + dice.below(batch.length - 5));
  return withFirst(frames, batch);
}

/** The beginning of one batch and the end of another, cut at records or anywhere. */
function splice(frames: Buffer[], dice: Dice, other: readonly Buffer[]): Buffer[] {
  const [one, two] = [first(frames), first(other)];
  const cut = (batch: Buffer): number =>
    dice.oneIn(2) ? dice.below(batch.length + 1) : (dice.of(recordStarts(batch)) ?? batch.length);
  const batch = Buffer.concat([one.subarray(0, cut(one)), two.subarray(cut(two))]);
  return [batch, ...frames.slice(1), ...other.slice(1)];
}

/** Records twice, left out, in another order. */
function shuffle(frames: Buffer[], dice: Dice): Buffer[] {
  const batch = first(frames);
  const starts = recordStarts(batch);
  const records = starts.map((start, i) => batch.subarray(start, starts[i + 1] ?? batch.length));
  const chosen = Array.from({ length: dice.below(records.length + 3) }, () => dice.of(records) ?? Buffer.alloc(0));
  return withFirst(frames, Buffer.concat([batch.subarray(0, 2), ...chosen]));
}

/** A body frame too many, too few, or the frames in another order. */
function miscount(frames: Buffer[], dice: Dice): Buffer[] {
  switch (dice.below(4)) {
    case 0:
      return [...frames, dice.bytes(dice.below(10))];
    case 1:
      return frames.slice(0, -1);
    case 2:
      return [...frames].reverse();
    default:
      return [first(frames), ...Array.from({ length: dice.below(300) }, () => Buffer.alloc(0))];
  }
}

function randomBytes(_frames: Buffer[], dice: Dice): Buffer[] {
  const frames = Array.from({ length: 1 + dice.below(3) }, () => dice.bytes(dice.below(80)));
  // Half of them get far enough to be looked at.
  if (dice.oneIn(2)) frames[0] = Buffer.concat([Buffer.from([0x9d, 0x01]), frames[0] as Buffer]);
  return frames;
}

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBits,
  truncate,
  extend,
  forgeLength,
  forgeKind,
  forgeNumber,
  splice,
  shuffle,
  miscount,
  randomBytes,
};
const ALL = Object.values(MUTATIONS);

/** A message spoiled in one way or two. `other` is one that it may be mixed with. */
export function mutated(frames: Buffer[], other: readonly Buffer[], dice: Dice): Buffer[] {
  const once = dice.of(ALL)(frames, dice, other);
  return dice.oneIn(4) && once.length > 0 ? dice.of(ALL)(once, dice, other) : once;
}
