// What clients, workers and brokers log: to stderr as lines, or to the logger that the application gives.
//
// L1. Logging never fails and never waits: what a logger throws, and what stderr does not take, is dropped.
// L2. Texts of peers and of errors cannot move the cursor of a terminal.

import { writeSync } from 'node:fs';
import { callOut } from './call-out.js';
import { logLevel } from './environment.js';

/** Plain data for loggers that keep data; the message says everything by itself, except for a `stack`. */
export type LogFields = object;

/** Where log lines go. `console` is one, and so are winston and others whose methods take a message and an object. */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The `logger` option: a logger, or false for none. Default: lines on stderr, from the level in MAJORDOMO_LOG_LEVEL on. */
export type LoggerOption = Logger | false | undefined;

const STDERR = 2;
const LEVELS = ['info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** What is wrong with a `logger` option; undefined when nothing is. */
export function loggerProblem(value: unknown): string | undefined {
  if (value === false) return undefined;
  const isLogger =
    typeof value === 'object' &&
    value !== null &&
    LEVELS.every((level) => typeof (value as Partial<Record<Level, unknown>>)[level] === 'function');
  return isLogger ? undefined : 'must be an object with the methods info, warn and error, or false';
}

/**
 * The logger that an option asks for (L1).
 *
 * @param name who logs, at the front of its lines on stderr: `majordomo client c-1`.
 * @returns undefined for none.
 */
export function chooseLogger(given: LoggerOption, name: string): Logger | undefined {
  // What is no logger is refused with the other options.
  if (given === false || (given !== undefined && loggerProblem(given) !== undefined)) return undefined;
  if (given !== undefined) return shielded(given);
  const level = logLevel();
  return level === undefined ? undefined : stderrLogger(name, level);
}

function shielded(logger: Logger): Logger {
  const write =
    (level: Level) =>
    (message: string, fields?: LogFields): void =>
      callOut(
        () => logger[level](message, fields),
        () => undefined,
      );
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

function stderrLogger(name: string, least: Level): Logger {
  const from = LEVELS.indexOf(least);
  const write =
    (level: Level) =>
    (message: string, fields: LogFields = {}): void => {
      if (LEVELS.indexOf(level) < from) return;
      const { stack } = fields as { readonly stack?: unknown };
      const below = typeof stack === 'string' ? `\n${stack.replace(/^/gm, '    ')}` : '';
      writeLine(`${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${name}: ${message}${below}`);
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** At once: the last lines of a process that dies are not lost. */
function writeLine(line: string): void {
  try {
    writeSync(STDERR, `${line.replace(/[^\P{Cc}\n\t]/gu, '\uFFFD')}\n`);
  } catch {
    // L1: stderr is closed, or its reader does not keep up.
  }
}
