// @Service and @Method: how a class says what it serves. They record (metadata.ts); everything is checked when the service is served.

import type { Codec } from '@majordomo/caller';
import { MajordomoError, type Contract, type HandlersOf, type StandardSchema } from '@majordomo/protocol';
import type { RequestContext } from './context.js';
import { recordMethod, recordService } from './metadata.js';
import type { RetryOptions } from './retry-policy.js';

/** What holds for all methods of a service. */
export interface ServiceOptions {
  /** Requests worked on at once, 1 to 65,535; others wait at the broker. Default: that of `serve()`, 100. */
  readonly concurrency?: number;
  /**
   * How the bytes of plain Majordomo clients are read, and those of their replies written: `msgpack`, `json`, or `raw`, which is a Buffer, or
   * a list of them for several frames. Native clients are not concerned. Default: `msgpack`.
   */
  readonly codec?: Codec;
}

/** What holds for one method. */
export interface MethodOptions {
  /** What callers call it. Default: the name of the member. */
  readonly name?: string;
  /** Never handed out twice: when its worker is lost, the caller gets WORKER_LOST with `ran: "unknown"`. Default: false. */
  readonly atMostOnce?: boolean;
  /** Longest that one execution may take, 1 ms to 24 days; then `ctx.signal` is aborted and the caller gets EXECUTION_TIMEOUT. Default: the deadline alone. */
  readonly executionTimeoutMs?: number;
  /** How often a request is handed out before it is a dead letter, 1 to 65,535. Default: that of the broker, 5. */
  readonly maxAttempts?: number;
  /** Errors of the handler are tried again, with growing pauses. Default: only a RetryableError is. Not for methods that run at most once. */
  readonly retry?: RetryOptions;
  /** The method gives many values. Known by itself for generators and for streams of a contract; say it for methods that return an AsyncIterable. */
  readonly streams?: boolean;
  /** Checked before the handler is called: what does not satisfy it is answered INVALID_ARGUMENT. Any Standard Schema; not beside a contract that has one. */
  readonly input?: StandardSchema;
  /**
   * The caller gets what this schema makes of the result, of each value of a stream too. A result that does not satisfy it is REPLY_UNSENDABLE
   * with the paths in `details.issues`, and is not sent. Any Standard Schema; not beside a contract that has one.
   */
  readonly output?: StandardSchema;
}

/** A class of any kind. */
type ClassOf<Instance> = abstract new (...args: never[]) => Instance;

/**
 * The class serves this name, or this contract.
 *
 * With a contract a class whose handlers do not fit is a compile error here, and a member that is missing an error at the start.
 *
 * @example `@Service('orders', { concurrency: 16 }) class Orders { … }`
 */
export function Service<C extends Contract>(
  contract: C,
  options?: ServiceOptions,
): <T extends ClassOf<HandlersOf<C, RequestContext>>>(target: T) => void;
export function Service(name: string, options?: ServiceOptions): <T extends ClassOf<object>>(target: T) => void;
export function Service(of: string | Contract, options?: ServiceOptions): (target: object) => void {
  return (target: object, context?: unknown): void => {
    refuseStandardDecorators(context, '@Service');
    const contract = typeof of === 'object' && of !== null ? of : undefined;
    recordService(target, { name: contract === undefined ? of : contract.service, contract, options });
  };
}

type AnyMethod = (...args: never[]) => unknown;
/** What decorates a method. */
export type MethodDecorator = <T extends AnyMethod>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

/**
 * The method answers requests: its first parameter is the input, its second the RequestContext. It returns a value or a promise of
 * one; a generator is streamed.
 *
 * @example `@Method({ atMostOnce: true }) async charge(order: Order, ctx: RequestContext) { … }`
 */
export function Method(options?: MethodOptions): MethodDecorator;
export function Method(name: string, options?: Omit<MethodOptions, 'name'>): MethodDecorator;
export function Method(of?: string | MethodOptions, options?: MethodOptions): MethodDecorator {
  const name = typeof of === 'string' ? of : undefined;
  return (target: object, key: unknown): void => {
    refuseStandardDecorators(key, '@Method');
    const isStatic = typeof target === 'function';
    const owner = isStatic ? target : target.constructor;
    recordMethod(owner, { key: key as string | symbol, isStatic, name, options: name === undefined ? of : options });
  };
}

/** The other kind of decorator gets a context object; it has no place to record anything before there is an instance. */
function refuseStandardDecorators(context: unknown, decorator: string): void {
  if (typeof context !== 'object' || context === null || !('kind' in context)) return;
  const help = 'compile with "experimentalDecorators": true (TypeScript) or legacy decorators (SWC, Babel)';
  throw new MajordomoError('INVALID_SERVICE', `${decorator} is a legacy decorator: ${help}`);
}
