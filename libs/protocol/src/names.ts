// What a service, a method and their address may be called.

import { WIRE_LIMITS } from './limits.js';

/** Service names beginning with this are the broker's own. */
export const RESERVED_PREFIX = 'majordomo';

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

/** As a service name, but without dots: the last dot of an address divides service from method. */
export function isMethodName(name: string): boolean {
  return name.length <= WIRE_LIMITS.nameBytesMax && METHOD.test(name);
}

/** @returns the parts of `service.method`, divided at the last dot; undefined when it is not an address. */
export function parseAddress(address: string): Address | undefined {
  const dot = address.lastIndexOf('.');
  if (dot <= 0) return undefined;
  const service = address.slice(0, dot);
  const method = address.slice(dot + 1);
  return isServiceName(service) && isMethodName(method) ? { service, method } : undefined;
}

/** The text of a request id: the asking instance in hexadecimal, a dash, and the number that it gave the request. */
export function requestIdText(instance: number, ref: number): string {
  return `${instance.toString(16).padStart(14, '0')}-${ref}`;
}
