// Which of our addresses the name of an MDP service means.
//
// N1. The whole name first: a service of that name with the method `call`. Else it is `service.method`, divided at the last dot.
// N2. What an MDP worker serves gets the same address: a name with a dot is `service.method`, one without is `service.call`.
// N3. Names of the broker's own are not to be served: `mmi.`, `titanic.`, `majordomo`.

import { isServiceName, parseAddress, type Address, type Bytes } from '@majordomo/protocol';
import { isKnown } from '../away.js';
import type { Memory } from '../memory.js';

/** The method of a service that has no other. */
export const METHOD = 'call';

export function textOf(frame: Bytes): string {
  return Buffer.from(frame).toString('latin1');
}

/** @returns the name as text; undefined when no service can be called so. */
export function nameOf(frame: Bytes): string | undefined {
  const name = textOf(frame);
  return isServiceName(name) ? name : undefined;
}

/** N3. */
export { isReservedName as isOwn } from '@majordomo/protocol';

/** N2. */
export function addressOf(name: string): Address {
  return parseAddress(name) ?? { service: name, method: METHOD };
}

/** N1. @param divided `addressOf(name)`, for who has it already. */
export function resolve(memory: Memory, name: string, divided: Address = addressOf(name)): Address {
  const whole = memory.services.get(name)?.methods.get(METHOD);
  if (whole === undefined || !isKnown(whole)) return divided;
  // A service that is away keeps its name, unless a worker offers the other meaning of it now.
  return whole.offers > 0 || !isOffered(memory, divided) ? { service: name, method: METHOD } : divided;
}

/** The name in a request, read once: a client asks for the same one again and again. */
export class AskedName {
  /** A copy: the frame of a request would keep alive the message that it came in. */
  readonly frame: Buffer;
  /** Whatever it is, for RFC 8. */
  readonly text: string;
  /** Undefined when no service can be called so. */
  readonly name: string | undefined;
  readonly #divided: Address;

  constructor(frame: Bytes) {
    this.frame = Buffer.from(frame);
    this.text = textOf(frame);
    this.name = nameOf(frame);
    this.#divided = addressOf(this.name ?? '');
  }

  is(frame: Bytes): boolean {
    return this.frame.equals(frame);
  }

  /** N1, at this moment. */
  address(memory: Memory): Address {
    return resolve(memory, this.name ?? '', this.#divided);
  }
}

/** Does anybody serve it now? */
export function isServed(memory: Memory, name: string): boolean {
  return isOffered(memory, resolve(memory, name));
}

function isOffered(memory: Memory, { service, method }: Address): boolean {
  return (memory.services.get(service)?.methods.get(method)?.offers ?? 0) > 0;
}
