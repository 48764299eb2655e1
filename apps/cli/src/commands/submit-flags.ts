// What a request that is handed over may be told by flags: its keys, its priority, when it may begin and until when it must be done.

import type { SubmitOptions } from '@majordomo/client';
import { WIRE_LIMITS, textUpTo, type OptionTable } from '@majordomo/protocol';
import { readDuration } from '../settings/quantities.js';
import { resolveSettings } from '../settings/settings.js';

/** As given: what was not is undefined. Times in ms. */
interface Given {
  readonly idempotencyKey: string | undefined;
  readonly orderingKey: string | undefined;
  readonly priority: number | undefined;
  readonly expires: number | undefined;
  readonly runAt: string | undefined;
}

const key = (bytesMax: number, help: string) => ({
  type: 'other' as const,
  fallback: undefined,
  help,
  check: (value: string | undefined) => textUpTo(bytesMax)(value),
});

/** By flag only: each holds for one request. */
const TABLE: OptionTable<Given> = {
  idempotencyKey: key(WIRE_LIMITS.keyBytesMax, 'idempotency key'),
  orderingKey: key(WIRE_LIMITS.orderingKeyBytesMax, 'ordering key'),
  priority: { type: 'count', fallback: undefined, help: 'priority', min: 0, max: WIRE_LIMITS.priorityMax },
  expires: { type: 'milliseconds', fallback: undefined, help: 'expiry', min: 1, max: WIRE_LIMITS.storedTimeMaxMs },
  runAt: { type: 'text', fallback: undefined, help: 'earliest start' },
};

/** A day and perhaps a time of it; without a zone it is that of this machine. */
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}|$)/;

/**
 * Reads the flags of submit.
 *
 * @param date now, in ms since 1970.
 * @returns what they say, and what is wrong with them; then it is not to be used.
 */
export function readSubmitFlags(
  flags: Readonly<Record<string, unknown>>,
  date: number,
): { readonly options: SubmitOptions; readonly problems: readonly string[] } {
  const { values, problems } = resolveSettings(TABLE, { flags, variables: {}, file: undefined });
  const { idempotencyKey, orderingKey, priority, expires: expiresMs, runAt } = values;
  const runAtMs = runAt === undefined ? undefined : dateOf(runAt, date);
  const options = { idempotencyKey, orderingKey, priority, expiresMs, runAtMs };
  const dated = runAt === undefined ? [] : dateProblems(runAt, { date, runAtMs, expiresMs });
  return { options, problems: [...problems, ...dated] };
}

/** @returns ms since 1970, undefined when the text is neither a date nor a time from now. */
function dateOf(text: string, date: number): number | undefined {
  const fromNow = /[a-z]\s*$/i.test(text) ? readDuration(text) : undefined;
  if (fromNow !== undefined) return date + fromNow;
  const found = ISO.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(found) ? undefined : found;
}

interface Dates {
  readonly date: number;
  readonly runAtMs: number | undefined;
  readonly expiresMs: number | undefined;
}

function dateProblems(text: string, { date, runAtMs, expiresMs = Infinity }: Dates): string[] {
  const said = `--run-at ${text}:`;
  if (runAtMs === undefined)
    return [`${said} must be a date like 2030-01-31T08:00Z, or a time from now like 90s or 2h`];
  const delayMs = runAtMs - date;
  if (delayMs > WIRE_LIMITS.storedTimeMaxMs) return [`${said} must be at most 10 years ahead`];
  return delayMs >= expiresMs ? [`${said} is not before --expires is over`] : [];
}
