// majordomo broker: runs a broker as this process, or shows how it would be set up.

import { resolveBrokerOptions, type BrokerOptions } from '@majordomo/broker';
import { isMajordomoError, type OptionSpec } from '@majordomo/protocol';
import { runBroker } from '../broker/broker-process.js';
import { misplacedBroker } from '../command-line.js';
import { jsonLine } from '../output/plain-json.js';
import { textTable } from '../output/text-table.js';
import { gatherSettings } from '../settings/gather.js';
import type { Resolved } from '../settings/settings.js';
import type { ProcessSettings } from '../settings/tables.js';
import { BROKER_TABLE, brokerOptionsOf, valueText } from './broker-flags.js';
import type { CommandLine } from './command.js';

type BrokerSettings = ProcessSettings & BrokerOptions;

export async function broker(line: CommandLine): Promise<number> {
  const problems = [...line.problems, ...misplacedBroker(line.flags, 'a broker is told where to listen with --bind')];
  const resolved = await gatherSettings<BrokerSettings>(BROKER_TABLE, { ...line, problems }, contradictions);
  if (line.flags['printConfig'] === true) {
    await printConfig(resolved, line);
    return 0;
  }
  const { logLevel, logFormat } = resolved.values;
  return runBroker({ ...brokerOptionsOf(resolved.values), logLevel, logFormat }, line.screen);
}

function contradictions(settings: BrokerSettings): readonly string[] {
  try {
    resolveBrokerOptions(brokerOptionsOf(settings));
  } catch (error) {
    if (!isMajordomoError(error, 'INVALID_OPTION')) throw error;
    return error.details['problems'] as string[];
  }
  return [];
}

/** Each value and where it came from, the ones that somebody chose first. */
async function printConfig({ settings }: Resolved<BrokerSettings>, { screen }: CommandLine): Promise<void> {
  if (screen.json) return screen.result(jsonLine(settings));
  const columns = [{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }];
  const rows = Object.entries(settings).map(([key, { value, where }]) => {
    const { type } = (BROKER_TABLE as Record<string, OptionSpec<unknown>>)[key] as OptionSpec<unknown>;
    return [key, valueText(type, value) || '-', where];
  });
  const chosen = rows.filter(([, , where]) => where !== 'default');
  const rest = rows.filter(([, , where]) => where === 'default');
  return screen.result(textTable(columns, [...chosen, ...rest], screen.paint));
}
