// Connects to brokers, so that services can be asked.

import { openCaller, type AskerOf, type CallerSession, type CallerStatus, type SubmitterOf } from '@majordomo/caller';
import type { Contract } from '@majordomo/protocol';
import { randomInstance } from '@majordomo/runtime';
import { resolveConnectOptions, type ConnectOptions } from './options.js';

/** Name and version as brokers show them to operators. */
const SOFTWARE = '@majordomo/client 0.1.0';

/** What a client has beside its calls. */
interface Presence {
  /** Requests in flight, late words, and how it stands with each broker; plain data of this moment. */
  status(): CallerStatus;
  /** Settles every call as CLOSED and leaves. It may be called twice; it never rejects. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A connected client. With contracts its addresses, inputs and outputs are typed. */
export type Client<Contracts extends readonly Contract[] = readonly []> = AskerOf<Contracts> &
  SubmitterOf<Contracts> &
  Presence;

/**
 * Connects. The client stays connected by itself from then on: what is asked while a broker is away is asked again, elsewhere or when it is back.
 *
 * @returns a client as soon as the first broker has answered.
 * @throws MajordomoError INVALID_OPTION naming every problem, NO_BROKER naming the brokers tried when none answers in `connectTimeoutMs`.
 */
export async function connect<const Contracts extends readonly Contract[] = readonly []>(
  options: ConnectOptions<Contracts> = {},
): Promise<Client<Contracts>> {
  const { name, connectTimeoutMs, ...rest } = resolveConnectOptions(options, `client-${randomInstance().toString(36)}`);
  const session = openCaller({ ...rest, identity: name, software: SOFTWARE });
  try {
    await session.open(connectTimeoutMs);
  } catch (error) {
    await session.close();
    throw error;
  }
  return clientOf(session) as Client<Contracts>;
}

/** The session without what only a worker needs. */
function clientOf(session: CallerSession): Client {
  return {
    call: (address, input, options) => session.call(address, input, options),
    stream: (address, input, options) => session.stream(address, input, options),
    submit: (address, input, options) => session.submit(address, input, options),
    ticket: (id) => session.ticket(id),
    status: () => session.status(),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
