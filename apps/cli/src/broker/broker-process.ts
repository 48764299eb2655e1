// A broker as a process: it listens until it is told to end, then drains and closes.
//
// B1. The first SIGTERM or SIGINT drains; the second ends the process at once.
// B2. A bug ends the process with a fatal line and exit code 70: whatever runs it starts it again, and clients ask again.

import { createBroker, type BrokerOptions, type RunningBroker } from '@majordomo/broker';
import type { Logger } from 'pino';
import { EXIT_CODES, exitCodeOfSignal } from '../exit-codes.js';
import { jsonLine } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import type { ProcessSettings } from '../settings/tables.js';
import { brokerLog, logEvent } from './broker-log.js';
import { isLoopback } from './exposure.js';

/**
 * Runs until a signal comes.
 *
 * @returns the exit code.
 * @throws MajordomoError INVALID_OPTION for an endpoint that cannot be bound.
 */
export async function runBroker(settings: ProcessSettings & BrokerOptions, screen: Screen): Promise<number> {
  const { data, logLevel, ...options } = settings;
  const log = brokerLog(logLevel);
  process.on('uncaughtException', (error) => endByBug(log, error));
  // Listened for first: a signal that comes while the broker starts is obeyed as soon as it runs.
  const stop = nextSignal();
  const broker = await createBroker({
    ...options,
    onEvent: (event) => logEvent(log, event),
    onBug: (error) => endByBug(log, error),
  });
  await tellReady(broker, { log, screen, data });
  log.info(
    { signal: await stop, drainTimeoutMs: options.drainTimeoutMs },
    'draining; a second signal ends the process at once',
  );
  const unsettled = await broker.drain();
  if (unsettled > 0)
    log.warn(
      { unsettled },
      'closing with unsettled requests; their clients ask another broker, or this one when it is back',
    );
  await broker.close();
  log.info({ counters: broker.counters }, 'closed');
  return EXIT_CODES.ok.code;
}

interface Told {
  readonly log: Logger;
  readonly screen: Screen;
  readonly data: string;
}

async function tellReady(broker: RunningBroker, { log, screen, data }: Told): Promise<void> {
  const { endpoint, endpoints } = broker;
  const open = endpoints.filter((each) => !isLoopback(each));
  if (open.length > 0) {
    log.warn(
      { endpoints: open },
      'other machines can reach this broker, and links are not encrypted and not authenticated in this version: let only trusted networks in',
    );
  }
  if (data !== '')
    log.info({ data }, 'nothing is stored in the data folder yet: durable requests come in a later version');
  log.info({ endpoints, pid: process.pid }, `listening on ${endpoints.join(', ')}`);
  if (!screen.json) return;
  const line = jsonLine({ event: 'ready', endpoint, endpoints, pid: process.pid });
  // Whether anybody has read it is nothing to a broker.
  await screen.result(line).catch(() => undefined);
}

/** B1. The first signal that comes. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
      if (told) process.exit(exitCodeOfSignal(signal));
      told = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** B2. */
function endByBug(log: Logger, error: unknown): never {
  log.fatal({ err: error }, 'a bug in majordomo: the process ends');
  process.exit(EXIT_CODES.internal.code);
}
