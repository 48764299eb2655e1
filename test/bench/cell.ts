// What is measured: one cell of the table, what a system does in it, and what one run of it gave.

/** A system under test; each of its parts is a process of its own. */
export type Part = 'broker' | 'worker' | 'client';

/** A part, or one more client whose load is beside the one that is measured. */
export type Role = Part | 'neighbour';

/**
 * The kinds of work; each system says in the catalogue which of them it does.
 *
 * `echo`: a worker answers with what it is asked with. `submit`: requests are handed over for good, and nobody takes them. `mixed`: echoes beside
 * a client that hands over as much, to the same worker. `paired`: echoes beside a client that calls as much, to compare `mixed` with.
 */
export const WORKS = ['echo', 'submit', 'mixed', 'paired'] as const;
export type Work = (typeof WORKS)[number];

/** One kind of work at one size and one load. */
export interface Cell {
  /** As it was written, `64x1000`; the name of the cell everywhere. */
  readonly name: string;
  readonly work: Work;
  readonly bodyBytes: number;
  /** Requests in flight at one client. */
  readonly inFlight: number;
  readonly clients: number;
  readonly workers: number;
  /** Clients beside them, with as much in flight, whose answers do not count. */
  readonly neighbours: number;
}

/** What a part is told when it is started. */
export interface PartInit {
  readonly part: Role;
  readonly system: string;
  readonly cell: Cell;
  /** Where to connect to, several with commas between; '' for a part that listens itself. */
  readonly endpoint: string;
  /** Names this run alone, so that it shares no queue or subject with another run on the same server. */
  readonly runId: string;
  /** Where a broker or a client of ours keeps what must survive: empty, on a disk, removed after the run. '' where nothing must. */
  readonly folder: string;
}

/** What a client saw in the measured time. */
export interface Seen {
  readonly answered: number;
  /** Answers that were errors, or of another length than what was asked. */
  readonly failed: number;
  readonly elapsedMs: number;
  /** The latencies in µs, as a compressed HDR histogram in base64. */
  readonly latencies: string;
}

/** What a process took in the measured time: CPU in ms (user and system), and the memory it holds or held at most, in bytes. */
export interface Took {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** One run of one system in one cell. Latencies in µs. */
export interface Run {
  readonly perSecond: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly answered: number;
  /** The processes of a part added up, the memory of the largest; undefined when there is no such process, or nobody can tell. */
  readonly took: Readonly<Record<Part, Took | undefined>>;
  /** What the neighbours did a second; undefined when there is none. */
  readonly beside: number | undefined;
}

/** Asks once; `done` is called when the answer is there, with whether it was right. For a submission the answer is that it is kept. */
export type Ask = (body: Uint8Array, done: (isRight: boolean) => void) => void;

/** A system: what each of its processes does. */
export interface System {
  readonly name: string;
  /** Serves until the process ends; resolves with the endpoint for the others when it listens. Not there when a server of its own is the broker, or nobody. */
  broker?(init: PartInit): Promise<string>;
  /** Resolves when it is ready to serve: with where it listens when there is no broker, otherwise ''. */
  worker?(init: PartInit): Promise<string>;
  /** Resolves when it can ask. */
  client?(init: PartInit): Promise<Ask>;
  /** Resolves when it can hand over. */
  submitter?(init: PartInit): Promise<Ask>;
  /** Removes what this process has left at a server that outlives the run. */
  tidy?(): Promise<unknown>;
}

/**
 * `64x1000` is 64 bytes and 1,000 in flight; `64x250x4` is four clients with 250 each and four workers; `submit:256x100` is of another work.
 * Undefined when it is no cell.
 */
export function parseCell(text: string): Cell | undefined {
  const match = /^(?:([a-z]+):)?([1-9]\d*)x([1-9]\d*)(?:x([1-9]\d*))?$/.exec(text);
  const work = WORKS.find((known) => known === (match?.[1] ?? 'echo'));
  if (match === null || work === undefined) return undefined;
  const peers = Number(match[4] ?? 1);
  return {
    name: text,
    work,
    bodyBytes: Number(match[2]),
    inFlight: Number(match[3]),
    clients: peers,
    workers: work === 'submit' ? 0 : peers,
    neighbours: work === 'mixed' || work === 'paired' ? peers : 0,
  };
}
