// The environment, as far as the SDKs read it: one variable, in one place.

import { DEFAULT_BROKER } from '@majordomo/protocol';

/**
 * The brokers that SDKs use when they are told none: `MAJORDOMO_BROKER`, a list with commas, else tcp://127.0.0.1:5555.
 */
export function defaultBrokers(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = (environment['MAJORDOMO_BROKER'] ?? '').split(',').map((each) => each.trim());
  const brokers = named.filter((each) => each !== '');
  return brokers.length > 0 ? brokers : [DEFAULT_BROKER];
}
