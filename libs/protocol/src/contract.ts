// What a service offers, written once and shared: callers and handlers are typed from it, and bad input is told before a handler runs.
//
// A contract is data without behaviour of its own. It needs nothing of this house at either end, so it can live in a package
// that client and worker both import.
//
// C1. The caller sends what the input schema takes; the handler is given what the schema makes of it.
// C2. The handler returns what the output schema takes; the caller gets what the schema makes of it, and nothing else.

import { MajordomoError } from './errors.js';
import { isMethodName, isServiceName, METHOD_NAME_RULE, SERVICE_NAME_RULE } from './names.js';
import { shown } from './shown.js';
import type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './standard-schema.js';
import { boundedText } from './thrown.js';

/**
 * One method: `Sent` by the caller, `Taken` by the handler after validation, `Returned` by the handler, `Given` to the caller after
 * validation. For a stream `Returned` and `Given` are one value of it.
 */
export interface MethodContract<
  Kind extends 'method' | 'stream' = 'method' | 'stream',
  Sent = unknown,
  Taken = unknown,
  Given = unknown,
  Returned = Given,
> {
  readonly kind: Kind;
  readonly input: StandardSchema | undefined;
  readonly output: StandardSchema | undefined;
  /** For the compiler only; there is nothing at run time. */
  readonly '~types'?:
    { readonly sent: Sent; readonly taken: Taken; readonly given: Given; readonly returned: Returned } | undefined;
}

/** Methods by name. */
export type MethodContracts = Readonly<Record<string, MethodContract>>;

/** A service and its methods. */
export interface Contract<Service extends string = string, Methods extends MethodContracts = MethodContracts> {
  readonly service: Service;
  readonly methods: Methods;
}

/** Schemas of any library that keeps Standard Schema (zod, valibot, arktype, …). Without input the method takes none. */
export interface MethodSchemas {
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
}

type SentBy<Schemas> = Schemas extends { readonly input: infer Input extends StandardSchema }
  ? SchemaInput<Input>
  : void;
type TakenBy<Schemas> = Schemas extends { readonly input: infer Input extends StandardSchema }
  ? SchemaOutput<Input>
  : void;
type GivenBy<Schemas> = Schemas extends { readonly output: infer Output extends StandardSchema }
  ? SchemaOutput<Output>
  : unknown;

type ReturnedBy<Schemas> = Schemas extends { readonly output: infer Output extends StandardSchema }
  ? SchemaInput<Output>
  : unknown;

/** What a caller hands in. */
export type SentTo<Method extends MethodContract> = NonNullable<Method['~types']>['sent'];
/** What a handler is given; undefined for a method without input. */
export type TakenFrom<Method extends MethodContract> = [NonNullable<Method['~types']>['taken']] extends [void]
  ? undefined
  : NonNullable<Method['~types']>['taken'];
/** What a caller gets; for a stream, one value of it. */
export type GivenFrom<Method extends MethodContract> = NonNullable<Method['~types']>['given'];
/** What a handler returns, before the output schema; for a stream, one value of it. */
export type ReturnedFrom<Method extends MethodContract> = NonNullable<Method['~types']>['returned'];

/**
 * A method that answers with one value: `method({ input: z.object({ … }), output: Order })`, or by types alone,
 * `method<{ id: string }, Order>()`, in which case nothing is validated.
 */
export function method(): MethodContract<'method', void, void>;
export function method<Input, Output = unknown>(): MethodContract<'method', Input, Input, Output>;
export function method<const Schemas extends MethodSchemas>(
  schemas: Schemas,
): MethodContract<'method', SentBy<Schemas>, TakenBy<Schemas>, GivenBy<Schemas>, ReturnedBy<Schemas>>;
export function method(schemas: MethodSchemas = {}): MethodContract<'method'> {
  return Object.freeze({ kind: 'method', input: schemas.input, output: schemas.output });
}

/** A method that answers with many values, one after the other. Otherwise as `method`. */
export function stream(): MethodContract<'stream', void, void>;
export function stream<Input, Output = unknown>(): MethodContract<'stream', Input, Input, Output>;
export function stream<const Schemas extends MethodSchemas>(
  schemas: Schemas,
): MethodContract<'stream', SentBy<Schemas>, TakenBy<Schemas>, GivenBy<Schemas>, ReturnedBy<Schemas>>;
export function stream(schemas: MethodSchemas = {}): MethodContract<'stream'> {
  return Object.freeze({ kind: 'stream', input: schemas.input, output: schemas.output });
}

/** A type where a schema is wanted: `method({ input: NewOrder, output: typed<Order>() })`. It takes every value as it is. */
export function typed<T>(): StandardSchema<T> {
  return TAKES_EVERYTHING as StandardSchema<T>;
}
const TAKES_EVERYTHING: StandardSchema = Object.freeze({
  '~standard': Object.freeze({
    version: 1 as const,
    vendor: 'majordomo',
    validate: (value: unknown) => ({ value }),
  }),
});

/**
 * A service by name with its methods by name.
 *
 * @throws MajordomoError INVALID_SERVICE naming what cannot be a service or method name.
 */
export function contract<const Service extends string, const Methods extends MethodContracts>(
  service: Service,
  methods: Methods,
): Contract<Service, Methods> {
  if (typeof service !== 'string' || !isServiceName(service)) {
    const text = `${shown(service)} cannot be the name of a service: ${SERVICE_NAME_RULE}`;
    throw new MajordomoError('INVALID_SERVICE', text);
  }
  if (typeof methods !== 'object' || methods === null) {
    const text = `the methods of "${service}" must be an object, as in contract('orders', { create: method() }), not ${shown(methods)}`;
    throw new MajordomoError('INVALID_SERVICE', text);
  }
  for (const name of Object.keys(methods)) {
    if (isMethodName(name)) continue;
    const text = `"${name}" cannot be the name of a method (service "${service}"): ${METHOD_NAME_RULE}`;
    throw new MajordomoError('INVALID_SERVICE', text);
  }
  return Object.freeze({ service, methods: Object.freeze({ ...methods }) });
}

/** How a handler of this method looks. A property type and no method type: only then does the compiler refuse a wrong parameter. */
export type HandlerOf<Method extends MethodContract, Context = unknown> = Method['kind'] extends 'stream'
  ? (input: TakenFrom<Method>, context: Context) => AsyncIterable<ReturnedFrom<Method>>
  : (input: TakenFrom<Method>, context: Context) => ReturnedFrom<Method> | Promise<ReturnedFrom<Method>>;

/** What a class must implement to serve a contract: `class Orders implements HandlersOf<typeof orders, RequestContext>`. */
export type HandlersOf<C extends Contract, Context = unknown> = {
  readonly [Name in keyof C['methods']]: HandlerOf<C['methods'][Name], Context>;
};

/** One thing that is wrong with a value, as it travels in `details.issues` of INVALID_ARGUMENT. */
export interface InputIssue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** Exactly one of the two. */
export type Validated<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly InputIssue[]; readonly value?: undefined };

/**
 * Does this value satisfy the input schema of the method?
 *
 * @returns what the schema makes of the value, or what is wrong with it; a promise only where the schema is asynchronous.
 *   A method without schema takes every value as it is.
 * @throws whatever the schema throws: that is a bug in the schema, not in the value.
 */
export function validateInput<Method extends MethodContract>(
  of: Method,
  value: unknown,
): Validated<TakenFrom<Method>> | Promise<Validated<TakenFrom<Method>>> {
  return validated(of.input, value) as Validated<TakenFrom<Method>> | Promise<Validated<TakenFrom<Method>>>;
}

/** As `validateInput`, of what the handler returned, or of one value of its stream. */
export function validateOutput(of: MethodContract, value: unknown): Validated<unknown> | Promise<Validated<unknown>> {
  return validated(of.output, value);
}

function validated(
  schema: StandardSchema | undefined,
  value: unknown,
): Validated<unknown> | Promise<Validated<unknown>> {
  if (schema === undefined) return { value };
  const result = resultOf(schema['~standard'].validate(value));
  return isPromise(result) ? result.then((settled) => validatedBy(resultOf(settled))) : validatedBy(result);
}

/** @throws TypeError that does not show what the schema returned: it may be the value. */
function resultOf<T>(returned: T): T {
  if (typeof returned === 'object' && returned !== null) return returned;
  throw new TypeError(`the schema returned ${shownKind(returned)}, not a result with value or issues`);
}

function shownKind(returned: unknown): string {
  return returned === undefined || returned === null ? String(returned) : `a ${typeof returned}`;
}

/** By shape: a promise of another realm is no instance of ours, and its value is still to come. */
function isPromise<T extends object>(result: T | Promise<T>): result is Promise<T> {
  return 'then' in result && typeof result.then === 'function';
}

function validatedBy<T>(result: SchemaResult<T>): Validated<T> {
  // Array.from and not map: arktype's lists are no plain arrays, and what map gives would not be one either.
  return result.issues === undefined ? { value: result.value } : { issues: Array.from(result.issues, plainIssue) };
}

/** What can be sent, whatever the schema has put there. */
function plainIssue({ message, path }: SchemaIssue): InputIssue {
  return {
    message: typeof message === 'string' ? boundedText(message) : 'no reason given',
    path: Array.from(path ?? [], (step) => plainKey(typeof step === 'object' && step !== null ? step.key : step)),
  };
}

function plainKey(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : boundedText(String(key));
}
