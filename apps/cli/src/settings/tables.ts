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

/** `auto`: text on a terminal, JSON elsewhere. */
export const LOG_FORMATS = ['auto', 'text', 'json'] as const;

/** Of the broker as a process. */
export interface ProcessSettings {
  readonly logLevel: string;
  readonly logFormat: string;
}

function oneOf(words: readonly string[]): (value: string) => string | undefined {
  return (value) => (words.includes(value) ? undefined : `must be one of ${words.join(', ')}`);
}

export const PROCESS_TABLE: OptionTable<ProcessSettings> = {
  logLevel: {
    type: 'text',
    fallback: 'info',
    help: `how much is logged: ${LOG_LEVELS.join(', ')}`,
    check: oneOf(LOG_LEVELS),
  },
  logFormat: {
    type: 'text',
    fallback: 'auto',
    help: 'how the log is written: text, json, or auto, which is text on a terminal and JSON elsewhere',
    check: oneOf(LOG_FORMATS),
  },
};
