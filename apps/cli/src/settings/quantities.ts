// Durations and sizes as people write them, and back: 250ms, 5s, 2m, 1h; 10kB, 64MiB.
//
// Q1. A plain number is milliseconds or bytes: what `createBroker()` takes can be pasted here (settings.ts S4 says where that is allowed).
// Q2. Case does not count, and a fraction is allowed where a unit follows: 1.5s.

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000 ** 2,
  gb: 1_000 ** 3,
  kib: 1_024,
  mib: 1_024 ** 2,
  gib: 1_024 ** 3,
};

const QUANTITY = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;

function readQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit = ''] = QUANTITY.exec(text.trim()) ?? [];
  if (digits === undefined) return undefined;
  const factor = unit === '' ? 1 : Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  // Rounded: 0.3s is 299.99… in floating point.
  return factor === undefined ? undefined : Math.round(Number(digits) * factor * 1_000) / 1_000;
}

/** @returns milliseconds, undefined when the text is not a duration. */
export function readDuration(text: string): number | undefined {
  return readQuantity(text, MILLISECONDS);
}

/** @returns bytes, undefined when the text is not a size. Whether they are whole is for the option to say. */
export function readSize(text: string): number | undefined {
  return readQuantity(text, BYTES);
}

/** Milliseconds in the largest unit that says them exactly: 90000 is `90s`, 120000 `2m`. `readDuration` reads it back. */
export function durationText(ms: number): string {
  const [unit, factor] = (['h', 'm', 's'] as const)
    .map((name) => [name, MILLISECONDS[name] as number] as const)
    .find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / factor}${unit}`;
}

/** Bytes in the largest binary unit that says them exactly: `64MiB`. `readSize` reads it back. */
export function sizeText(bytes: number): string {
  const [unit, factor] = (['GiB', 'MiB', 'KiB'] as const)
    .map((name) => [name, BYTES[name.toLowerCase()] as number] as const)
    .find(([, size]) => bytes >= size && bytes % size === 0) ?? ['B', 1];
  return `${bytes / factor}${unit}`;
}

/** How long ago or for how long, for people: two units at most, nothing exact. `850ms`, `12s`, `3m 4s`, `2h 5m`, `6d 1h`. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h ${Math.floor((seconds % 3_600) / 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3_600)}h`;
}
