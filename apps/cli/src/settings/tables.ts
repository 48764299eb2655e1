// What the commands can be told beyond their arguments. The broker's own options are the table of @majordomo/broker; these stand beside it.

import { CALL_DEFAULTS, DEFAULT_BROKER, WIRE_LIMITS, type OptionTable } from '@majordomo/protocol';
import { checkEndpoint } from '@majordomo/runtime';

/** Of the commands that ask a broker. Times in ms. */
export interface AskingSettings {
  readonly broker: readonly string[];
  readonly timeout: number;
  readonly connectTimeout: number;
}

export const ASKING_TABLE: OptionTable<AskingSettings> = {
  broker: {
    type: 'texts',
    fallback: [DEFAULT_BROKER],
    help: 'endpoints of brokers',
    check: (endpoints) => {
      if (endpoints.length === 0) return 'must name at least one endpoint';
      const problems = endpoints.flatMap((endpoint) => checkEndpoint(endpoint) ?? []);
      return problems.length === 0 ? undefined : problems.join('; ');
    },
  },
  timeout: {
    type: 'milliseconds',
    fallback: CALL_DEFAULTS.deadlineMs,
    help: 'how long the answer is worth having',
    min: 1,
    max: WIRE_LIMITS.timeMaxMs,
  },
  connectTimeout: {
    type: 'milliseconds',
    // A broker that restarts is back within a second; who asks by hand does not want to wait for more.
    fallback: 2_000,
    help: 'how long a broker may take to answer at all',
    min: 1,
    max: WIRE_LIMITS.timeMaxMs,
  },
};

/** Words of pino, the most talkative last; `silent` says nothing. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** Of the broker as a process. */
export interface ProcessSettings {
  readonly logLevel: string;
}

export const PROCESS_TABLE: OptionTable<ProcessSettings> = {
  logLevel: {
    type: 'text',
    fallback: 'info',
    help: `how much is logged: ${LOG_LEVELS.join(', ')}`,
    check: (level) =>
      (LOG_LEVELS as readonly string[]).includes(level) ? undefined : `must be one of ${LOG_LEVELS.join(', ')}`,
  },
};
