// What the commands that ask a broker have in common: settings, a connection, and an end when the person has had enough.

import { connect, type Client, type ConnectOptions } from '@majordomo/client';
import { exitCodeOfSignal } from '../exit-codes.js';
import { gatherSettings } from '../settings/gather.js';
import { ASKING_TABLE, type AskingSettings } from '../settings/tables.js';
import type { CommandLine } from './command.js';

/** @throws UsageError with the problems of the command line, the given ones and those of the settings together. */
export async function askingSettings(line: CommandLine, problems: readonly string[] = []): Promise<AskingSettings> {
  const gathered = await gatherSettings(ASKING_TABLE, { ...line, problems: [...line.problems, ...problems] });
  return gathered.values;
}

/**
 * Connects, works, closes.
 *
 * @throws MajordomoError NO_BROKER when none of the brokers answers in time; whatever `work` throws.
 */
export async function withClient<T>(
  settings: Pick<AskingSettings, 'broker' | 'connectTimeout'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connectAs(settings);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/**
 * As `withClient`, with more than one: each has links of its own.
 *
 * @param options what is special about them.
 */
export async function withClients<T>(
  settings: Pick<AskingSettings, 'broker' | 'connectTimeout'> & { readonly count: number },
  options: ConnectOptions<readonly []>,
  work: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  const tries = await Promise.allSettled(Array.from({ length: settings.count }, () => connectAs(settings, options)));
  const clients = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    for (const each of tries) if (each.status === 'rejected') throw each.reason;
    return await work(clients);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

function connectAs(
  { broker, connectTimeout, timeout }: Pick<AskingSettings, 'broker' | 'connectTimeout'> & Partial<AskingSettings>,
  options: ConnectOptions<readonly []> = {},
): Promise<Client> {
  const brokers = [...new Set(broker)];
  return connect({ ...options, logger: false, brokers, connectTimeoutMs: connectTimeout, deadlineMs: timeout });
}

/** Ctrl-C: the first cancels what is under way, so that the handler can stop; the second ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  readonly #onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (this.#exitCode !== undefined) process.exit(exitCodeOfSignal(signal));
    this.#exitCode = exitCodeOfSignal(signal);
    this.#controller.abort();
  };

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  /** That of the signal that came; undefined when none did. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  listen(): void {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  unlisten(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}

/**
 * As `withClient`, until the person has had enough: Ctrl-C aborts the signal, and then what `work` throws is no failure.
 *
 * @returns the exit code.
 */
export async function askInterruptibly(
  settings: Pick<AskingSettings, 'broker' | 'connectTimeout'>,
  work: (client: Client, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const interrupt = new Interrupt();
  interrupt.listen();
  try {
    await withClient(settings, (client) => work(client, interrupt.signal));
  } catch (error) {
    if (interrupt.exitCode === undefined) throw error;
  } finally {
    interrupt.unlisten();
  }
  return interrupt.exitCode ?? 0;
}
