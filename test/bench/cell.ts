// What is measured: one cell of the table, and what one run of it gave.

/** A system under test; each of its three parts is a process of its own. */
export type Part = 'broker' | 'worker' | 'client';

/** One kind of work. */
export interface Cell {
  readonly bodyBytes: number;
  /** Requests in flight at one client. */
  readonly inFlight: number;
  readonly clients: number;
  readonly workers: number;
}

/** What a part is told when it is started. */
export interface PartInit {
  readonly part: Part;
  readonly system: string;
  readonly cell: Cell;
  /** Where the broker listens; the broker itself is told '' and says it. */
  readonly endpoint: string;
  /** Measured time, and the time before it that does not count, in ms. */
  readonly measureMs: number;
  readonly warmUpMs: number;
}

/** What a client saw in the measured time. Latencies in µs. */
export interface Seen {
  readonly answered: number;
  readonly failed: number;
  readonly elapsedMs: number;
  readonly p50: number;
  readonly p99: number;
}

/** What a process took, over its whole life: CPU in ms (user and system), the largest memory in bytes. */
export interface Took {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** One run of one system in one cell. */
export interface Run {
  readonly perSecond: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly answered: number;
  readonly took: Readonly<Record<Part, Took>>;
}

/** A system: what each of its processes does. */
export interface System {
  readonly name: string;
  /** Serves until the process ends; resolves with the endpoint for the others when it listens. */
  broker(init: PartInit): Promise<string>;
  /** Resolves when it is ready to serve. */
  worker(init: PartInit): Promise<void>;
  /** Resolves with a way to ask once; `done` is called when the answer is there, with whether it was right. */
  client(init: PartInit): Promise<(body: Uint8Array, done: (isRight: boolean) => void) => void>;
}
