// Latencies in an HDR histogram: three significant digits from a microsecond to as long as it takes, in bounded memory.
//
// H1. Kept in microseconds, told in milliseconds.

import { Int32Histogram } from 'hdr-histogram-js';

const MICROSECONDS = 1_000;
const DIGITS = 3;
/** What the histogram holds before it has to grow, in microseconds: a minute. */
const FIRST_RANGE = 60_000_000;
/** Points of the distribution for each halving of the distance to 100 %, as HdrHistogram has it by default. */
const TICKS_PER_HALF = 5;

/** In ms. */
export interface LatencySummary {
  readonly min: number;
  readonly mean: number;
  readonly stdDeviation: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly p99_99: number;
  readonly max: number;
}

/** So many calls took so long or less. `percentile` is 0 to 100. */
export interface DistributionPoint {
  readonly percentile: number;
  readonly latencyMs: number;
  readonly count: number;
}

/** Calls that took so long or less, and longer than the band before. */
export interface Band {
  readonly upToMs: number;
  readonly count: number;
}

/** Where bands may end, within a power of ten; the first that gives few enough of them is taken, else the last. */
const STEPS: readonly (readonly number[])[] = [
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  [1, 1.5, 2, 3, 5, 7],
  [1, 2, 5],
  [1],
];
/** As many as are seen at a glance. */
const BANDS_MAX = 12;

export class Latencies {
  readonly #histogram = new Int32Histogram(1, FIRST_RANGE, DIGITS);

  constructor() {
    this.#histogram.autoResize = true;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** @param latencyMs 0 or more; less than a microsecond counts as one. */
  record(latencyMs: number): void {
    this.#histogram.recordValue(Math.max(1, Math.round(latencyMs * MICROSECONDS)));
  }

  /** @returns undefined when nothing was recorded. */
  summary(): LatencySummary | undefined {
    const histogram = this.#histogram;
    if (histogram.totalCount === 0) return undefined;
    const at = (percentile: number): number => this.#told(histogram.getValueAtPercentile(percentile));
    return {
      min: milliseconds(histogram.minNonZeroValue),
      mean: milliseconds(histogram.mean),
      stdDeviation: milliseconds(histogram.stdDeviation),
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p99_9: at(99.9),
      p99_99: at(99.99),
      max: milliseconds(histogram.maxValue),
    };
  }

  /** From the shortest to the longest, denser and denser towards the longest. */
  distribution(): DistributionPoint[] {
    const points: DistributionPoint[] = [];
    const iterator = this.#histogram.percentileIterator;
    iterator.reset(TICKS_PER_HALF);
    while (iterator.hasNext()) {
      const { percentileLevelIteratedTo, valueIteratedTo, totalCountToThisValue: count } = iterator.next();
      points.push({ percentile: percentileLevelIteratedTo, latencyMs: this.#told(valueIteratedTo), count });
    }
    return points;
  }

  /** Bands from the shortest to the longest, a dozen at most; those between others may be empty. */
  bands(): Band[] {
    let bands: Band[] = [];
    for (const steps of STEPS) {
      bands = this.#bandsBy(steps);
      if (bands.length <= BANDS_MAX) break;
    }
    return bands;
  }

  /** The distribution as all ports of HdrHistogram print it, in ms: its plotter reads it. */
  distributionText(): string {
    return this.#histogram.outputPercentileDistribution(TICKS_PER_HALF, MICROSECONDS);
  }

  /** A value stands for all that are like it in three digits, the largest of them; but none was larger than the maximum. */
  #told(value: number): number {
    return milliseconds(Math.min(value, this.#histogram.maxValue));
  }

  #bandsBy(steps: readonly number[]): Band[] {
    const bands: { upToMs: number; count: number }[] = [];
    const iterator = this.#histogram.recordedValuesIterator;
    iterator.reset();
    let ends: Iterator<number> | undefined;
    while (iterator.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = iterator.next();
      // The smallest of those that are alike in three digits: 10 ms are not above 10 ms.
      const value = this.#histogram.lowestEquivalentValue(valueIteratedTo);
      ends ??= bandEnds(steps, value);
      while (value > (bands.at(-1)?.upToMs ?? 0) * MICROSECONDS) {
        bands.push({ upToMs: Number(ends.next().value) / MICROSECONDS, count: 0 });
      }
      const band = bands.at(-1);
      if (band !== undefined) band.count += countAtValueIteratedTo;
    }
    return bands;
  }
}

/** The ends of bands, from the first that is not below this value on, without end. */
function* bandEnds(steps: readonly number[], value: number): Generator<number, never> {
  for (let power = 10 ** Math.floor(Math.log10(value)); ; power *= 10) {
    for (const step of steps) if (step * power >= value) yield step * power;
  }
}

function milliseconds(microseconds: number): number {
  return Math.round(microseconds) / MICROSECONDS;
}
