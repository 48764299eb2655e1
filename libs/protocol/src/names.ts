// What a service, a method and their address may be called.

import { WIRE_LIMITS } from './limits.js';
import { shown, SHOWN_LENGTH_MAX } from './shown.js';
import { boundedText } from './thrown.js';

/** Service names beginning with this are the broker's own. */
export const RESERVED_PREFIX = 'majordomo';

/** Those of the broker for plain Majordomo peers (docs/mdp.md). */
const RESERVED_NAMES = [RESERVED_PREFIX, 'mmi', 'titanic'];

/** What a name may be, in words, for errors. */
export const SERVICE_NAME_RULE =
  'a name has letters A to Z and a to z, digits and _ . : / -, begins with a letter, a digit or _, does not end with a dot, and has at most 255 bytes';
export const METHOD_NAME_RULE =
  'a name has letters A to Z and a to z, digits and _ $ : / -, begins with a letter, a digit, _ or $, and has at most 255 bytes';

const SERVICE = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$/;
const METHOD = /^[A-Za-z0-9_$][A-Za-z0-9_$:/-]*$/;

/** `orders.create` taken apart. */
export interface Address {
  readonly service: string;
  readonly method: string;
}

/** Letters, digits and `_ . : / -`, not beginning with a mark, at most 255 bytes. */
export function isServiceName(name: string): boolean {
  return name.length <= WIRE_LIMITS.nameBytesMax && SERVICE.test(name) && !name.endsWith('.');
}

/** Is this the name of a service of the broker itself, which no worker may offer? */
export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.some((reserved) => name === reserved || name.startsWith(`${reserved}.`));
}

/** As a service name, but without dots: the last dot of an address divides service from method. */
export function isMethodName(name: string): boolean {
  return name.length <= WIRE_LIMITS.nameBytesMax && METHOD.test(name);
}

/** Why this is no address, for errors. @param value anything that parseAddress does not take. */
export function addressProblem(value: unknown): string {
  const example = "write service.method, as in 'orders.create'";
  if (typeof value !== 'string') return `the address must be a string, not ${shown(value)}: ${example}`;
  const dot = value.lastIndexOf('.');
  const text = boundedText(value, SHOWN_LENGTH_MAX);
  const method = value.slice(dot + 1);
  if (dot <= 0 || method === '') return `"${text}" is not an address: ${example}`;
  if (!isServiceName(value.slice(0, dot)))
    return `"${text}" is not an address: "${boundedText(value.slice(0, dot), SHOWN_LENGTH_MAX)}" cannot be the name of a service: ${SERVICE_NAME_RULE}`;
  return `"${text}" is not an address: "${boundedText(method, SHOWN_LENGTH_MAX)}" cannot be the name of a method: ${METHOD_NAME_RULE}`;
}

/** @returns the parts of `service.method`, divided at the last dot; undefined when it is not an address. */
export function parseAddress(address: string): Address | undefined {
  const dot = address.lastIndexOf('.');
  if (dot <= 0) return undefined;
  const service = address.slice(0, dot);
  const method = address.slice(dot + 1);
  return isServiceName(service) && isMethodName(method) ? { service, method } : undefined;
}

/** The address as text: `service.method`. */
export function addressText({ service, method }: Address): string {
  return `${service}.${method}`;
}

/** The text of a request id: the asking instance in hexadecimal, a dash, and the number that it gave the request. */
export function requestIdText(instance: number, ref: number): string {
  return `${instance.toString(16).padStart(14, '0')}-${ref}`;
}
