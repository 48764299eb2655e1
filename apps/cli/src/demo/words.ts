// What the processes of the demo tell each other.

/** From a child, once: it works. The broker says where it listens. */
export interface ReadyWord {
  readonly kind: 'ready';
  readonly endpoint?: string;
}

/** From the broker, as it happens. `atMs` is by `monotonicMs`. */
export interface HappenedWord {
  readonly kind: 'worker-lost' | 'redelivered';
  readonly atMs: number;
  /** How many requests the lost worker held; 1 for a redelivery. */
  readonly count: number;
}

/** From the broker, when it is asked for with `report`: after it, everything that happened before has been told. */
export interface ReportWord {
  readonly kind: 'report';
  /** Requests whose one outcome the broker has told to the client. */
  readonly settled: number;
  readonly requests: number;
}

export type ChildWord = ReadyWord | HappenedWord | ReportWord;

/** Milliseconds by the clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A child lives as long as the process that started it, however that ends; Ctrl-C in the terminal is for that process to act on. */
export function liveWithParent(): void {
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined);
}

/** Tells the parent. */
export function tellParent(word: ChildWord): void {
  process.send?.(word);
}
