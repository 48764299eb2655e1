// What is wrong with a command line before any command looks at it.

import type { Command, CommanderError } from 'commander';
import { nearestName } from '@majordomo/protocol';
import { EXIT_CODES } from './exit-codes.js';

/** A flag, not a negative number. */
const FLAG = /^--?[A-Za-z]/;

/** Gathers a flag that may be given more than once. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A problem when brokers to ask are named for a command that asks none. */
export function misplacedBroker(flags: Readonly<Record<string, unknown>>, instead: string): string[] {
  return flags['broker'] === undefined ? [] : [`--broker is for the commands that ask a broker; ${instead}`];
}

/**
 * The arguments of a command that lets everything pass.
 *
 * @param takes how many arguments it may have.
 * @returns the arguments before the first unknown flag, and a problem for each flag that is unknown and argument that is too many.
 */
export function unknownFlags(
  command: Command,
  takes: number,
): { readonly args: string[]; readonly problems: string[] } {
  const first = command.args.findIndex((arg) => FLAG.test(arg));
  const args = first < 0 ? command.args : command.args.slice(0, first);
  const known = [command, command.parent].flatMap(
    (each) => each?.options.map(({ long }) => long?.slice(2) ?? '') ?? [],
  );
  const unknown = command.args.slice(args.length).filter((arg) => FLAG.test(arg));
  const problems = unknown.map((arg) => {
    const flag = arg.replace(/=.*$/s, '');
    const nearest = nearestName(flag.replace(/^-+/, ''), known);
    return `${flag}: unknown flag${nearest === undefined ? '' : ` (did you mean --${nearest}?)`}`;
  });
  // Beyond the first unknown flag an argument may be the value that was meant for it.
  problems.push(...args.slice(takes).map((arg) => `${arg}: one argument too many`));
  return { args, problems };
}

/** What commander itself refused, or has printed because it was asked to. @returns the exit code. */
export function tellParsing(error: CommanderError, argv: readonly string[]): number {
  if (error.exitCode === 0) return EXIT_CODES.ok.code;
  const exitCode = EXIT_CODES.usage.code;
  // Help that nobody asked for, because no command was named, is on stderr already.
  if (error.code === 'commander.help') return exitCode;
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const text = argv.includes('--json')
    ? JSON.stringify({ error: { code: 'USAGE', message, problems: [message] }, exitCode })
    : `majordomo: ${message}\nSee majordomo --help.`;
  process.stderr.write(`${text}\n`);
  return exitCode;
}
