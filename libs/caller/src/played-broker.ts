// For specs: a broker on a real socket whose every word the test decides.

import {
  decodeMessage,
  encodeBody,
  encodeMessages,
  Kind,
  NO_BYTES,
  PROTOCOL_VERSION,
  type Hello,
  type LinkId,
  type Request,
  type WireRecord,
} from '@majordomo/protocol';
import { RouterPort, SystemClock } from '@majordomo/runtime';

/** What the broker says to a record: nothing, or these. */
export type Play = (record: WireRecord, broker: PlayedBroker) => readonly WireRecord[];

const NOBODY = 0;

export class PlayedBroker {
  readonly heard: WireRecord[] = [];
  readonly #port = new RouterPort({ clock: new SystemClock() });
  readonly #play: Play;
  readonly #journal: number;
  readonly #waiting: { readonly wanted: (record: WireRecord) => boolean; readonly resolve: () => void }[] = [];
  #link: LinkId = NOBODY;
  endpoint = '';

  private constructor(play: Play, journal: number) {
    this.#play = play;
    this.#journal = journal;
  }

  /** Listens, on a free port unless told where, and answers HELLO. `journal`: the number of its journal, 0 for none. */
  static async open(play: Play = () => [], endpoint = 'tcp://127.0.0.1:0', journal = 0): Promise<PlayedBroker> {
    const broker = new PlayedBroker(play, journal);
    broker.endpoint = await broker.#port.bind(endpoint);
    broker.#port.start({ message: (link, frames) => broker.#take(link, frames), lost: () => undefined });
    return broker;
  }

  /** Sends to the peer that spoke last. */
  say(...records: readonly WireRecord[]): void {
    for (const message of encodeMessages(records)) this.#port.send(this.#link, message);
  }

  /** Settles when a record of this kind has come, also if it came before. */
  async hears(kind: Kind): Promise<void> {
    const wanted = (record: WireRecord): boolean => record.kind === kind;
    if (this.heard.some(wanted)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  close(): Promise<void> {
    return this.#port.shutdown(0);
  }

  #take(link: LinkId, frames: Uint8Array[]): void {
    this.#link = link;
    const decoded = decodeMessage(frames);
    const records = decoded.fault === undefined ? decoded.records : [];
    this.heard.push(...records);
    this.say(
      ...records.flatMap((record) => (record.kind === Kind.hello ? this.#welcomeTo(record) : this.#play(record, this))),
    );
    for (const { wanted, resolve } of this.#waiting) if (records.some(wanted)) resolve();
  }

  #welcomeTo({ heartbeatMs, silenceMaxMs }: Hello): WireRecord {
    return {
      kind: Kind.welcome,
      version: PROTOCOL_VERSION,
      instance: 1,
      heartbeatMs,
      silenceMaxMs,
      messageBytesMax: 1_000_000,
      namesMax: 16,
      requestsMax: 10_000,
      journal: this.#journal,
      dedupeWindowMs: 600_000,
      software: 'played',
    };
  }
}

/** FINAL with a value. */
export function value(request: Request, of: unknown): WireRecord {
  return { kind: Kind.final, ref: request.ref, end: false, count: 0, headers: NO_BYTES, body: encodeBody(of) };
}

/** So many values of a stream from `index` on, counted by their index. */
export function values(request: { readonly ref: number }, index: number, count: number): WireRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: Kind.partial,
    ref: request.ref,
    index: index + i,
    isFrameList: false,
    body: encodeBody(index + i),
  }));
}

/** The end of a stream of so many values. */
export function endOf(request: { readonly ref: number }, count: number): WireRecord {
  return { kind: Kind.final, ref: request.ref, end: true, count, headers: NO_BYTES, body: NO_BYTES };
}
