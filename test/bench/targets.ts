// What Majordomo promised against the peers and the floor, and whether this run keeps it.

import { CATALOGUE, type Listing } from './catalogue.js';
import { measured, type MeasuredRow, type Row } from './rows.js';

/** One promise: a ratio and its bound. */
interface Promised {
  readonly cell: string;
  readonly figure: 'throughput' | 'p99' | 'median' | 'broker CPU';
  /** Whom it is compared with: a system by its name, the best of the peers at this figure, or itself where a client beside it calls instead of handing over. */
  readonly against: 'best peer' | 'floor' | 'nats' | 'paired';
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Target extends Promised {
  /** The name of the system it was compared with, undefined when none was measured. */
  readonly system: string | undefined;
  /** Majordomo's figure by the other's, undefined when one of them was not measured. */
  readonly ratio: number | undefined;
  readonly verdict: 'reached' | 'not reached' | 'not measured';
}

const promise = (
  figure: Promised['figure'],
  against: Promised['against'],
  bounds: Readonly<Record<string, Pick<Promised, 'atLeast' | 'atMost'>>>,
): Promised[] => Object.entries(bounds).map(([cell, bound]) => ({ cell, figure, against, ...bound }));

const PROMISES: readonly Promised[] = [
  ...promise('throughput', 'best peer', {
    '64x1000': { atLeast: 4 },
    '64x100': { atLeast: 2.5 },
    '64x1': { atLeast: 0.7 },
    '1024x1000': { atLeast: 2.5 },
    '1024x100': { atLeast: 2 },
    '1024x1': { atLeast: 0.7 },
  }),
  ...promise('p99', 'best peer', {
    '64x1000': { atMost: 0.4 },
    '64x100': { atMost: 0.6 },
    '64x1': { atMost: 1.5 },
    '1024x1000': { atMost: 0.4 },
    '1024x100': { atMost: 0.6 },
    '1024x1': { atMost: 1.5 },
  }),
  ...promise('throughput', 'floor', {
    '64x1000': { atLeast: 0.5 },
    '1024x1000': { atLeast: 0.5 },
    '65536x100': { atLeast: 0.7 },
  }),
  ...promise('median', 'floor', { '64x1': { atMost: 1.15 }, '1024x1': { atMost: 1.15 } }),
  ...promise('broker CPU', 'nats', { '64x1000': { atMost: 1 }, '1024x1000': { atMost: 1 } }),
  ...promise('throughput', 'best peer', { 'submit:256x1000': { atLeast: 3 } }),
  ...promise('throughput', 'floor', { 'submit:256x1000': { atLeast: 0.4 } }),
  // What the two clients do together costs the same cores: calls keep their speed when a neighbour's submissions take no more from them than its calls.
  ...promise('throughput', 'paired', { 'mixed:64x100': { atLeast: 0.9 } }),
];

const namesOf = (kind: Listing['kind']): string[] =>
  CATALOGUE.filter((each) => each.kind === kind).map((each) => each.name);
const PEERS = namesOf('peer');
const FLOORS = namesOf('floor');

function figureOf(row: MeasuredRow, figure: Promised['figure']): number | undefined {
  switch (figure) {
    case 'throughput':
      return row.perSecond;
    case 'median':
      return row.p50;
    case 'p99':
      return row.p99;
    case 'broker CPU':
      return row.cpuSeconds.broker;
    default:
      return figure satisfies never;
  }
}

/** The peer that is best at throughput, or at another figure, in this cell; undefined when none was measured. */
export function bestPeer(
  rows: readonly Row[],
  cell: string,
  figure: Promised['figure'] = 'throughput',
): MeasuredRow | undefined {
  const sign = figure === 'throughput' ? -1 : 1;
  const order = (row: MeasuredRow): number => sign * (figureOf(row, figure) ?? Number.POSITIVE_INFINITY);
  return PEERS.flatMap((name) => measured(rows, cell, name) ?? []).sort((a, b) => order(a) - order(b))[0];
}

/** What Majordomo is built on in this cell: sockets, or the store. */
export function floorOf(rows: readonly Row[], cell: string): MeasuredRow | undefined {
  return FLOORS.flatMap((name) => measured(rows, cell, name) ?? [])[0];
}

/** The promises in those cells in which Majordomo was asked for, with what came out. */
export function targetsOf(rows: readonly Row[]): Target[] {
  const isAsked = (cell: string): boolean => rows.some((row) => row.cell === cell && row.system === 'majordomo');
  return PROMISES.filter(({ cell }) => isAsked(cell)).map((promised) => {
    const { cell, figure } = promised;
    const own = measured(rows, cell, 'majordomo');
    const other = comparedWith(rows, promised);
    const [mine, theirs] = [own && figureOf(own, figure), other && figureOf(other, figure)];
    const ratio = mine === undefined || theirs === undefined ? undefined : mine / theirs;
    return { ...promised, system: other?.system, ratio, verdict: verdictOf(promised, ratio) };
  });
}

function comparedWith(rows: readonly Row[], { cell, figure, against }: Promised): MeasuredRow | undefined {
  switch (against) {
    case 'best peer':
      return bestPeer(rows, cell, figure);
    case 'floor':
      return floorOf(rows, cell);
    case 'nats':
      return measured(rows, cell, against);
    case 'paired':
      return measured(rows, cell.replace(/^mixed:/, 'paired:'), 'majordomo');
    default:
      return against satisfies never;
  }
}

function verdictOf(
  { atLeast = 0, atMost = Number.POSITIVE_INFINITY }: Promised,
  ratio: number | undefined,
): Target['verdict'] {
  if (ratio === undefined || Number.isNaN(ratio)) return 'not measured';
  return ratio >= atLeast && ratio <= atMost ? 'reached' : 'not reached';
}

/** One line for each target. */
export function targetLines(targets: readonly Target[]): string[] {
  return targets.map(({ cell, figure, against, system, ratio, verdict, atLeast, atMost }) => {
    const bound = atLeast === undefined ? `at most ${String(atMost)}` : `at least ${atLeast}`;
    const other = against === 'best peer' ? `best peer${system === undefined ? '' : ` (${system})`}` : against;
    const value = ratio === undefined ? '' : `: ${ratio.toFixed(2)}`;
    return `${verdict.padEnd(12)}  ${cell.padEnd(15)}  ${figure} / ${other} ${bound}${value}`;
  });
}
