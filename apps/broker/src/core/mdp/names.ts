// Which of our addresses the name of an MDP service means.
//
// N1. The whole name first: a service of that name with the method `call`. Else it is `service.method`, divided at the last dot.
// N2. What an MDP worker serves gets the same address: a name with a dot is `service.method`, one without is `service.call`.
// N3. Names of the broker's own are not to be served: `mmi.`, `titanic.`, `majordomo`.
// N4. A printable name that no native name or address can be, such as one with a space, is written natively as `mdp:` and its bytes: letters,
//     digits, `_`, `/` and `-` as they are, every other byte as `:` and two hexadecimal digits. So is a name that begins with `mdp:` itself.
//     No two plain names have one native address. Its method is `call`.

import {
  isReservedName,
  isServiceName,
  parseAddress,
  WIRE_LIMITS,
  type Address,
  type Bytes,
} from '@majordomo/protocol';
import { isKnown } from '../away.js';
import type { Memory } from '../memory.js';

/** The method of a service that has no other. */
export const METHOD = 'call';

/** For errors and the log. */
export const NAME_RULE = `a service name is printable ASCII or UTF-8, natively at most ${WIRE_LIMITS.nameBytesMax} characters`;

const ESCAPED_PREFIX = 'mdp:';
/** No control or format characters, no line breaks, nothing that Unicode does not know. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+$/u;

export function textOf(frame: Bytes): string {
  return Buffer.from(frame).toString('latin1');
}

/** @returns the name as natives write it; undefined when nothing can be called so. */
export function nameOf(frame: Bytes): string | undefined {
  // Longer ones are not looked at: whatever they are, what they would be natively is longer still.
  if (frame.length > WIRE_LIMITS.nameBytesMax) return undefined;
  const text = textOf(frame);
  const isNative = isServiceName(text) || parseAddress(text) !== undefined;
  if (isNative && !text.startsWith(ESCAPED_PREFIX)) return text;
  if (isOwn(text) || !isPrintable(frame)) return undefined;
  const name = escaped(text);
  return isServiceName(name) ? name : undefined;
}

/** In UTF-8, of which ASCII is a part. */
function isPrintable(frame: Bytes): boolean {
  const bytes = Buffer.from(frame);
  const text = bytes.toString('utf8');
  return PRINTABLE.test(text) && Buffer.from(text, 'utf8').equals(bytes);
}

/** N4. @param text a character for each byte. */
function escaped(text: string): string {
  const rest = text.replace(/[^A-Za-z0-9_/-]/g, (char) => `:${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return ESCAPED_PREFIX + rest;
}

/** N3, of a name as the peer wrote it. */
export const isOwn = isReservedName;

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
