// Strings as Unicode has them: only those can be written as UTF-8 and read again.

/** What ES2024 gives to strings; Node.js has it since version 20. */
interface WellFormed {
  isWellFormed(): boolean;
  toWellFormed(): string;
}

/** @returns false for a string with half of a surrogate pair: it has no UTF-8, and each encoder writes something else in its place. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}

/** For texts that are read by people: half of a surrogate pair becomes U+FFFD. */
export function wellFormed(text: string): string {
  return (text as unknown as WellFormed).toWellFormed();
}
