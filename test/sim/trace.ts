// What happened in a world, in lines that can be read; and a number that is the same when the same happened again.

import { decodeMessage, KIND_NAMES, type WireRecord } from '@majordomo/protocol';

const BYTES_MAX = 64 * 1024 * 1024;
/** Lines kept when nobody asked for the whole trace: what led to a failure. */
const LAST_LINES = 40;

export class Trace {
  #hash = 0x811c9dc5;
  readonly #lines: string[] = [];
  readonly #isWhole: boolean;

  constructor(
    isWhole: boolean,
    readonly now: () => number,
  ) {
    this.#isWhole = isWhole;
  }

  /** The same for the same run. */
  get hash(): number {
    return this.#hash >>> 0;
  }
  get lines(): readonly string[] {
    return this.#lines;
  }

  note(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    this.#write(text);
  }

  /** A message that is sent. It is taken apart only for those who want to read it. */
  message(from: string, to: string, frames: readonly Uint8Array[]): void {
    this.#mix(Math.round(this.now() * 64));
    for (const frame of frames) for (let i = 0; i < frame.length; i++) this.#mix(frame[i] as number);
    if (this.#isWhole) this.#write(`${from} -> ${to}: ${textOf(frames)}`);
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }

  #write(text: string): void {
    this.#lines.push(`${this.now().toFixed(1).padStart(9)} ${text}`);
    if (!this.#isWhole && this.#lines.length > 2 * LAST_LINES) this.#lines.splice(0, LAST_LINES);
  }
}

function textOf(frames: readonly Uint8Array[]): string {
  const decoded = decodeMessage(frames as Uint8Array[], BYTES_MAX);
  if (decoded.fault !== undefined) return `fault ${decoded.fault}`;
  return decoded.records.map(recordText).join(' | ');
}

const TELLING = [
  'ref',
  'name',
  'method',
  'request',
  'attempt',
  'ageMs',
  'timeLeftMs',
  'code',
  'ran',
  'count',
  'limit',
  'credit',
  'below',
  'ticket',
  'key',
  'orderingKey',
  'priority',
  'index',
  'received',
  'reason',
  'finished',
  'instance',
];

function recordText(record: WireRecord): string {
  const fields = record as unknown as Record<string, unknown>;
  const told = TELLING.filter((name) => fields[name] !== undefined && fields[name] !== '' && fields[name] !== 0);
  return [KIND_NAMES[record.kind] ?? '?', ...told.map((name) => `${name}=${String(fields[name])}`)].join(' ');
}
