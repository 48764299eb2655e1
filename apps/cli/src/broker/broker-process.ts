// A broker as a process: it listens until it is told to end, then drains and closes.
//
// B1. The first SIGTERM or SIGINT drains; the second ends the process at once.
// B2. A bug ends the process with a fatal line and exit code 70: whatever runs it starts it again, and clients ask again.
// B3. So does a journal that cannot be written, with 74: nothing more is acknowledged, and the next start begins with what is on disk.
// B4. A broker that is still starting some seconds after the first signal (its disk does not answer) ends without having started.

import { createBroker, type BrokerOptions, type RunningBroker } from '@majordomo/broker';
import { isMajordomoError } from '@majordomo/protocol';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { EXIT_CODES, exitCodeOfSignal } from '../exit-codes.js';
import { jsonLine } from '../output/plain-json.js';
import type { Screen } from '../output/screen.js';
import type { ProcessSettings } from '../settings/tables.js';
import { brokerLog, eventLog } from './broker-log.js';
import { isLoopback } from './exposure.js';
import { startedOrStopped, type Signal } from './started-or-stopped.js';

/**
 * Runs until a signal comes.
 *
 * @returns the exit code.
 * @throws MajordomoError INVALID_OPTION for an endpoint that cannot be bound.
 */
export async function runBroker(settings: ProcessSettings & BrokerOptions, screen: Screen): Promise<number> {
  const { logLevel, logFormat, ...options } = settings;
  const log = await brokerLog({ logLevel, logFormat }, screen.logTarget);
  process.on('uncaughtException', (error) => endByBug(log, error));
  // Listened for first: a signal that arrives while the broker starts is obeyed as soon as it runs.
  const stop = nextSignal();
  const broker = await startedOrStopped(startBroker(options, log), stop);
  if (typeof broker === 'string') {
    log.warn({ signal: broker }, 'the broker had not started yet when it was told to end');
    process.exit(exitCodeOfSignal(broker));
  }
  await tellReady(broker, log, screen);
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

async function startBroker(options: BrokerOptions, log: Logger): Promise<RunningBroker> {
  const { data } = options;
  try {
    return await createBroker({
      ...options,
      logger: false,
      onEvent: eventLog(log),
      onBug: (error) => endByBug(log, error),
      onStoreFailure: (error) => endByStore(log, data, error),
    });
  } catch (error) {
    // What a broker refuses is told as such; anything else that happens before it listens comes from the files of its journal.
    if (isMajordomoError(error) || data === '') throw error;
    return endByStore(log, data, error);
  }
}

async function tellReady(broker: RunningBroker, log: Logger, screen: Screen): Promise<void> {
  const { endpoint, endpoints, options } = broker;
  const data = options.data === '' ? null : resolve(options.data);
  const open = endpoints.filter((each) => !isLoopback(each));
  if (open.length > 0) {
    log.warn(
      { endpoints: open },
      'other machines can reach this broker, and links are not encrypted and not authenticated in this version: let only trusted networks in',
    );
  }
  if (data === null) log.info({ data }, 'nothing is kept on disk: nothing can be submitted');
  else log.info({ data }, 'what is submitted is kept on disk');
  log.info({ endpoints, pid: process.pid }, `listening on ${endpoints.join(', ')}`);
  if (!screen.json) return;
  const line = jsonLine({ event: 'ready', endpoint, endpoints, pid: process.pid, data });
  // Whether anybody has read it is nothing to a broker.
  await screen.result(line).catch(() => undefined);
}

/** B1. The first signal that comes. */
function nextSignal(): Promise<Signal> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: Signal): void => {
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

/** B3. */
function endByStore(log: Logger, data: string, error: unknown): never {
  log.fatal(
    { err: error, data: resolve(data) },
    'the journal cannot be read or written: nothing more is acknowledged, and the process ends; what was acknowledged is on disk',
  );
  process.exit(EXIT_CODES.storeFailed.code);
}
