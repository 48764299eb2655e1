// What every command is given and gives back.

import type { Screen } from '../output/screen.js';

/** A command line taken apart, not yet judged. */
export interface CommandLine {
  /** `majordomo call` */
  readonly command: string;
  readonly args: readonly string[];
  /** By key: a text, a list of texts, or true. Only what was given. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Our variables of the environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** What is wrong with it so far: unknown flags, too many arguments. The command tells them together with what it finds itself. */
  readonly problems: readonly string[];
  readonly screen: Screen;
}

/** Runs to its end. @returns the exit code; what it throws is told by `tellFailure`. */
export type Command = (line: CommandLine) => Promise<number>;
