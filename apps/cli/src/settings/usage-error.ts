// What the person at the keyboard has to correct: every problem at once, exit code 2.

export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** @param problems one sentence each, naming the flag, variable or file key. */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('; '));
  }
}
