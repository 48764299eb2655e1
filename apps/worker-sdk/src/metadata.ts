// What the decorators wrote on a class, and how it is found again: data under text keys, nothing else.
//
// Y1. Decorators record and do nothing: no instance is made, nothing is wrapped, so a class can be given to a container that makes it later.
// Y2. Keys are texts and records plain data: two copies of this package (ESM and CommonJS) read each other's.
// Y3. Nothing recorded is believed: describe.ts checks it all when the service is served.

import 'reflect-metadata';
import type { Contract } from '@majordomo/protocol';

const SERVICE_KEY = 'majordomo:service';
const METHODS_KEY = 'majordomo:methods';

/** What @Service was told. */
export interface ServiceRecord {
  readonly name: unknown;
  readonly contract: Contract | undefined;
  readonly options: unknown;
}

/** What @Method was told, and on which member. */
export interface MethodRecord {
  readonly key: string | symbol;
  readonly isStatic: boolean;
  readonly name: unknown;
  readonly options: unknown;
}

export function recordService(target: object, record: ServiceRecord): void {
  Reflect.defineMetadata(SERVICE_KEY, record, target);
}

export function recordMethod(target: object, record: MethodRecord): void {
  const own = (Reflect.getOwnMetadata(METHODS_KEY, target) as MethodRecord[] | undefined) ?? [];
  Reflect.defineMetadata(METHODS_KEY, [...own, record], target);
}

/** What @Service said about this class or the nearest of its bases; undefined when nothing did. */
export function serviceRecordOf(target: object): ServiceRecord | undefined {
  return Reflect.getMetadata(SERVICE_KEY, target) as ServiceRecord | undefined;
}

/** What @Method said about the members of this class and its bases; a class has the last word on a member of a base. */
export function methodRecordsOf(target: object): MethodRecord[] {
  const found: MethodRecord[] = [];
  const decided = new Set<string | symbol>();
  for (
    let at: object | null = target;
    at !== null && at !== Function.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const own = (Reflect.getOwnMetadata(METHODS_KEY, at) as MethodRecord[] | undefined) ?? [];
    found.unshift(...own.filter((record) => !decided.has(record.key)));
    for (const record of own) decided.add(record.key);
  }
  return found;
}
