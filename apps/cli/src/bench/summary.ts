// The report for people: what was done, what became of it, how long it took.

import { ERRORS } from '@majordomo/protocol';
import type { Paint } from '../output/screen.js';
import { textTable } from '../output/text-table.js';
import { durationText } from '../settings/quantities.js';
import type { Band, LatencySummary } from './latencies.js';
import type { Report } from './report.js';

const BAR_LENGTH = 40;
/** Of a message of an error: the rest of a line. */
const MESSAGE_LENGTH = 80;

/** @param bands of the answered calls. @returns lines, without a line break after the last. */
export function summaryText(report: Report, bands: readonly Band[], paint: Paint): string {
  const { latencyMs } = report;
  const parts = [paint.bold(headline(report)), countsText(report, paint)];
  if (latencyMs !== null) parts.push(latencyText(latencyMs, paint), bandsText(bands, report.answered));
  const notes = notesOn(report);
  if (notes.length > 0) parts.push(notes.join('\n'));
  return parts.join('\n\n');
}

/** 49812 is 49,812; 4981.23 is 4,981.2. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function headline({ address, rate, inFlight, connections, measuredMs, warmUpMs, interrupted }: Report): string {
  const kind =
    rate === null
      ? `closed loop, ${grouped(inFlight)} in flight`
      : `open loop, ${grouped(rate)} due in a second, at most ${grouped(inFlight)} in flight`;
  const links = connections === 1 ? '1 connection' : `${grouped(connections)} connections`;
  const time = `${secondsText(measuredMs)} after ${durationText(warmUpMs)} of warm-up`;
  return `${address}: ${kind} on ${links}, ${time}${interrupted ? ', interrupted' : ''}`;
}

function secondsText(ms: number): string {
  return `${grouped(ms / 1_000)}s`;
}

function countsText(report: Report, { dim }: Paint): string {
  const { requests, answered, failed, requestsPerSecond, answeredPerSecond } = report;
  const rows: [string, number, string][] = [
    ['requests', requests, `${grouped(requestsPerSecond)} a second`],
    ['answered', answered, `${grouped(answeredPerSecond)} a second`],
    ['failed', failed, failed === 0 ? '' : `${((failed / requests) * 100).toPrecision(2)} %`],
  ];
  for (const { code, count, message } of report.errors) rows.push([`  ${code}`, count, oneLine(message)]);
  const { unfinished, delayed, neverBegun, rate } = report;
  if (unfinished > 0) rows.push(['unfinished', unfinished, 'under way when it was interrupted']);
  if (rate !== null) rows.push(['delayed', delayed, 'begun late, because all places were taken when they were due']);
  if (neverBegun > 0) rows.push(['never begun', neverBegun, 'due, and without a place until the end']);
  const width = Math.max(...rows.map(([title]) => title.length));
  const lines = rows.map(
    ([title, count, note]) =>
      `  ${title.padEnd(width)}  ${grouped(count).padStart(11)}${note === '' ? '' : dim(`  ${note}`)}`,
  );
  return lines.join('\n');
}

/** A message may be a peer's: it must not move the cursor. */
function oneLine(message: string): string {
  const text = message.replace(/\p{Cc}+/gu, ' ');
  return text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH - 1)}…` : text;
}

function latencyText(latency: LatencySummary, paint: Paint): string {
  const { min, mean, p50, p90, p99, p99_9, p99_99, max } = latency;
  const cells = { min, mean, p50, p90, p99, 'p99.9': p99_9, 'p99.99': p99_99, max };
  const columns = Object.keys(cells).map((title) => ({ title: title.padStart(8), align: 'right' as const }));
  const table = textTable(columns, [Object.values(cells).map(millisecondsText)], paint);
  return `latency of the answered calls, in ms\n${table}`;
}

/** Three digits, and none below a microsecond. */
function millisecondsText(ms: number): string {
  const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return ms.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function bandsText(bands: readonly Band[], answered: number): string {
  const longest = Math.max(...bands.map(({ count }) => count));
  const ends = bands.map(({ upToMs }) => `≤ ${upToMs.toLocaleString('en-US', { maximumFractionDigits: 3 })} ms`);
  const width = Math.max(...ends.map((end) => end.length));
  const lines = bands.map(({ count }, at) => {
    const share = `${((count / answered) * 100).toFixed(1)} %`.padStart(8);
    const bar = '█'.repeat(Math.ceil((count / longest) * BAR_LENGTH));
    return `  ${(ends[at] ?? '').padStart(width)}  ${grouped(count).padStart(11)} ${share}  ${bar}`.trimEnd();
  });
  return lines.join('\n');
}

/** What the figures do not say by themselves. */
function notesOn({ requests, errors, neverBegun, rate, inFlight, interrupted }: Report): string[] {
  const notes: string[] = [];
  if (requests === 0 && interrupted) notes.push('Nothing was measured: no call that counts had ended.');
  for (const { code } of errors.slice(0, 1)) notes.push(`${code}: ${ERRORS[code].help}`);
  if (errors.some(({ code }) => code === 'BUSY')) {
    const pause =
      rate === null
        ? 'who is told it keeps its place as long as the broker says, then makes its next call'
        : 'arrivals go on';
    notes.push(`BUSY is counted and not asked again: ${pause}.`);
  }
  if (neverBegun > 0 && rate !== null) {
    notes.push(
      `The rate was not held: ${grouped(inFlight)} places were too few for ${grouped(rate)} calls a second. ` +
        'Those that were never begun are in no percentile. Lower --rate, or raise --in-flight.',
    );
  }
  return notes;
}
