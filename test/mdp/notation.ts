// Messages of plain Majordomo peers as lines that can be read and written: `'' | MDPW01 | 02 | #1 | '' | latte`.
//
// Y1. Frames are divided by ` | `. `''` is an empty one, two digits such as `03` are one byte, `#7` is the client frame of lease 7, `{mark}`
//     begins an error, and anything else is text as it is. What the client frame of a lease is, the scene knows.
// Y2. The JSON of an error is shown as what may be decided by: `ran no, queued`.

import {
  decodeBody,
  decodeErrorBody,
  FOREIGN,
  Kind,
  KIND_NAMES,
  type Bytes,
  type WireRecord,
} from '@majordomo/protocol';

const MARK = 'MAJORDOMO-ERROR';
/** Whose lease it is, in hexadecimal, and its number. */
const LEASE = /^[0-9a-f]{14}-(\d{1,16})$/;

/** The client frame of a lease. */
export type LeaseFrame = (lease: number) => Buffer;

/** Y1. */
export function framesOf(line: string, leaseFrame: LeaseFrame): Buffer[] {
  return line.split(' | ').map((token) => {
    if (token === "''") return Buffer.alloc(0);
    if (token === '{mark}') return Buffer.from(MARK);
    if (/^0\d$/.test(token)) return Buffer.from([Number(token)]);
    const lease = /^#(\d+)$/.exec(token);
    return lease === null ? Buffer.from(token, 'latin1') : leaseFrame(Number(lease[1]));
  });
}

/** Y1 */
export function lineOf(frames: readonly Bytes[]): string {
  const tokens = tokensOf(frames);
  if (isError(frames)) tokens[frames.length - 1] = shownError(frames.at(-1) as Bytes);
  return tokens.join(' | ');
}

/** Frame by frame, whatever they mean together. */
export function tokensOf(frames: readonly Bytes[]): string[] {
  return frames.map(token);
}

/** A last word to a client whose last three frames begin with the mark. */
function isError(frames: readonly Bytes[]): boolean {
  const [header, verb] = frames[0]?.length === 0 ? frames.slice(1) : frames;
  const says = Buffer.from(header ?? []).toString('latin1');
  return (says === 'MDPC01' || (says === 'MDPC02' && verb?.[0] === 3)) && isMark(frames.at(-3));
}

function isMark(frame: Bytes | undefined): boolean {
  return frame !== undefined && Buffer.from(frame).toString('latin1') === MARK;
}

function token(frame: Bytes): string {
  const bytes = Buffer.from(frame);
  if (bytes.length === 0) return "''";
  if (isMark(frame)) return '{mark}';
  if (bytes.length === 1 && (bytes[0] as number) < 10) return `0${bytes[0]}`;
  const lease = leaseOf(bytes);
  return lease === undefined ? bytes.toString('latin1') : `#${lease}`;
}

/** The number of a lease, when this is its client frame. */
export function leaseOf(frame: Bytes): number | undefined {
  const number = LEASE.exec(Buffer.from(frame).toString('latin1'))?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Y2. */
function shownError(frame: Bytes): string {
  const { ran, stage, message } = JSON.parse(Buffer.from(frame).toString()) as Record<string, unknown>;
  if (typeof message !== 'string' || message === '') throw new Error('an error without a message');
  return `ran ${String(ran)}, ${String(stage)}`;
}

const text = (bytes: Bytes): string => JSON.stringify(Buffer.from(bytes).toString('latin1'));
const headers = (bytes: Bytes): string => (bytes.length === 0 ? '' : ` ${JSON.stringify(decodeBody(bytes))}`);

/** A record as a native peer is told it. */
export function recordLine(record: WireRecord): string {
  switch (record.kind) {
    case FOREIGN:
      return lineOf(record.frames);
    case Kind.dispatch:
      return `DISPATCH ${record.ref}${record.window > 0 ? ` window=${record.window}` : ''}${headers(record.headers)} ${text(record.body)}`;
    case Kind.partial:
      return `PARTIAL ${record.ref} [${record.index}]${record.isFrameList ? ' list' : ''} ${text(record.body)}`;
    case Kind.final:
      return record.end
        ? `FINAL ${record.ref} end ${record.count}`
        : `FINAL ${record.ref}${headers(record.headers)} ${text(record.body)}`;
    case Kind.error:
      return `ERROR ${record.ref} ${record.code} ${record.ran} ${decodeErrorBody(record.body).message}`;
    case Kind.cancel:
      return `CANCEL ${record.ref} ${record.reason}`;
    case Kind.window:
      return `WINDOW ${record.ref} ${record.received} ${record.allowed}`;
    case Kind.goodbye:
      return `GOODBYE ${record.code ?? ''}`.trim();
    default:
      return KIND_NAMES[record.kind] ?? String(record.kind);
  }
}
