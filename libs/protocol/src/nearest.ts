// Which known name did they mean? For errors about names that nobody knows.

/** Longer names are told apart without help: the table below stays small. */
const NAME_LENGTH_MAX = 64;

/**
 * The known name that is fewest slips away: a letter too many, too few, another, or two changed places.
 *
 * @returns undefined when nothing is near: more than a third of the letters, or more than three, would have to change. Case does not count.
 */
export function nearestName(word: string, known: Iterable<string>): string | undefined {
  if (word.length > NAME_LENGTH_MAX) return undefined;
  let nearest: string | undefined;
  let fewest = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const name of known) {
    if (name.length > NAME_LENGTH_MAX) continue;
    const slips = slipsBetween(word.toLowerCase(), name.toLowerCase());
    if (slips < fewest) {
      fewest = slips;
      nearest = name;
    }
  }
  return nearest;
}

/** The optimal string alignment distance (Damerau-Levenshtein without editing a pair twice). */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 1] ? 0 : 1;
      let slips = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + swap);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        slips = Math.min(slips, (before[j - 2] ?? 0) + 1);
      row.push(slips);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
