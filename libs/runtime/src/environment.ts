// The environment, as far as the SDKs read it, in one place.

import { DEFAULT_BROKER } from '@majordomo/protocol';

/**
 * The brokers that SDKs use when they are told none: `MAJORDOMO_BROKER`, a list with commas, else tcp://127.0.0.1:5555.
 */
export function defaultBrokers(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = (environment['MAJORDOMO_BROKER'] ?? '').split(',').map((each) => each.trim());
  const brokers = named.filter((each) => each !== '');
  return brokers.length > 0 ? brokers : [DEFAULT_BROKER];
}

/**
 * What is logged when nobody says otherwise: `MAJORDOMO_LOG_LEVEL`, a word of `majordomo broker --log-level`. Undefined for nothing.
 */
export function logLevel(environment: NodeJS.ProcessEnv = process.env): 'info' | 'warn' | 'error' | undefined {
  switch (environment['MAJORDOMO_LOG_LEVEL']) {
    case 'silent':
      return undefined;
    case 'fatal':
    case 'error':
      return 'error';
    case 'warn':
      return 'warn';
    default:
      return 'info';
  }
}
