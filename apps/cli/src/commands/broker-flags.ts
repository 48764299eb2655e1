// The flags of majordomo broker, made from the tables of its options.

import { Option, type Command } from 'commander';
import { BROKER_OPTIONS, type BrokerOptions } from '@majordomo/broker';
import type { OptionSpec, OptionType } from '@majordomo/protocol';
import { durationText, sizeText } from '../settings/quantities.js';
import { collect } from '../command-line.js';
import { DEFAULT_FOLDER, dataFolder, dataProblem } from '../settings/data-folder.js';
import { flagOf } from '../settings/setting-names.js';
import { PROCESS_TABLE } from '../settings/tables.js';

const { bind, data: journal, ...others } = BROKER_OPTIONS;

/** A broker of its own keeps what it is handed unless it is told not to; one inside a program has to be given a folder. */
const data: OptionSpec<string> = {
  type: 'other',
  fallback: DEFAULT_FOLDER,
  help: `${journal.help}; off: nothing can be submitted`,
  check: dataProblem,
};

/** Everything that the broker as a process can be told, what is told most often first. */
export const BROKER_TABLE = { bind, data, ...PROCESS_TABLE, ...others };

/** Those of the settings that are the broker's own, as it takes them. */
export function brokerOptionsOf(settings: BrokerOptions): BrokerOptions {
  const own = Object.entries(settings).filter(([key]) => key in BROKER_OPTIONS);
  return { ...(Object.fromEntries(own) as unknown as BrokerOptions), data: dataFolder(settings.data) };
}

/** The flags that nearly everybody needs; the others are listed apart. */
const FIRST = ['bind', 'data', 'logLevel', 'logFormat', 'drainTimeoutMs'];

const PLACEHOLDERS: Readonly<Record<OptionType, string>> = {
  milliseconds: '<time>',
  bytes: '<size>',
  count: '<count>',
  text: '<text>',
  texts: '<list>',
  flag: '[true|false]',
  other: '<value>',
};
/** Where there is a better word than its type. */
const NAMED: Readonly<Record<string, string>> = {
  bind: '<endpoints>',
  data: '<folder>',
  logLevel: '<level>',
  logFormat: '<format>',
};

/** A value as it would be written. */
export function valueText(type: OptionType, value: unknown): string {
  if (type === 'milliseconds' && typeof value === 'number') return durationText(value);
  if (type === 'bytes' && typeof value === 'number') return sizeText(value);
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** Adds the flags of the tables to the command. */
export function addBrokerFlags(command: Command): void {
  for (const [key, spec] of Object.entries(BROKER_TABLE) as [string, OptionSpec<unknown>][]) {
    const fallback = valueText(spec.type, spec.fallback);
    const help = fallback === '' ? spec.help : `${spec.help} (default: ${fallback})`;
    const option = new Option(`${flagOf(key)} ${NAMED[key] ?? PLACEHOLDERS[spec.type]}`, help);
    option.helpGroup(FIRST.includes(key) ? 'Options:' : 'Limits and times:');
    if (spec.type === 'texts') option.argParser(collect);
    command.addOption(option);
  }
}
