// From decorated instances to what is offered and how it is called; everything that is wrong with them is found and told together.

import { codecRule, DEFAULT_CODEC, type Codec } from '@majordomo/caller';
import {
  isMethodName,
  isReservedName,
  isServiceName,
  MajordomoError,
  member,
  METHOD_NAME_RULE,
  nearestName,
  readThrown,
  SERVICE_NAME_RULE,
  shown,
  WIRE_LIMITS,
  type Contract,
  type MethodContract,
} from '@majordomo/protocol';
import { flag, optionProblems, plainRecord, wholeNumberFrom, type OptionRules } from '@majordomo/protocol';
import { WORKER_LIMITS } from './core/limits.js';
import type { ServiceOffer } from './core/state.js';
import type { MethodOptions, ServiceOptions } from './decorators.js';
import { methodRecordsOf, serviceRecordOf, type MethodRecord, type ServiceRecord } from './metadata.js';
import { retryPolicy, retryProblems, type RetryPolicy } from './retry-policy.js';

/** A handler as it is called: with the instance as `this`. */
export type Handler = (this: object, input: unknown, context: unknown) => unknown;

/** How one method is called. */
export interface MethodPlan {
  readonly service: string;
  readonly name: string;
  readonly streams: boolean;
  readonly instance: object;
  readonly handler: Handler;
  /** What the input and the result must satisfy; undefined when anything goes. */
  readonly validation: MethodContract | undefined;
  readonly retry: RetryPolicy;
  /** What the bytes of plain Majordomo clients say. */
  readonly codec: Codec;
}

/** What is offered of one service, and how each of its methods, by number, is called. */
export interface ServicePlan {
  readonly offer: ServiceOffer;
  readonly methods: readonly MethodPlan[];
}

const SERVICE_RULES: OptionRules<ServiceOptions> = {
  concurrency: wholeNumberFrom(1, WORKER_LIMITS.concurrencyMax),
  codec: codecRule,
};

const METHOD_RULES: OptionRules<MethodOptions> = {
  name: (value) => (typeof value === 'string' ? undefined : 'must be a text'),
  atMostOnce: flag,
  executionTimeoutMs: wholeNumberFrom(1, WIRE_LIMITS.timeMaxMs),
  maxAttempts: wholeNumberFrom(1, WIRE_LIMITS.attemptsMax),
  retry: plainRecord,
  streams: flag,
  input: schemaRule,
  output: schemaRule,
};

function schemaRule(value: unknown): string | undefined {
  const isSchema = (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;
  return isSchema ? undefined : 'must be a Standard Schema (zod, valibot, arktype, …)';
}

/** One thing that is wrong, as it stands in `details.problems`. */
export interface ServiceProblem {
  /** The name of the class. */
  readonly service: string;
  /** The member; undefined when the class as a whole is meant. */
  readonly method: string | undefined;
  readonly problem: string;
}

type Report = (problem: string, method?: string) => void;

/**
 * What these instances offer.
 *
 * @param services instances of decorated classes.
 * @param concurrency for services that do not say.
 * @throws MajordomoError INVALID_SERVICE that names class and method of every problem; they are in `details.problems` too.
 */
export function describeServices(services: readonly unknown[], concurrency: number): ServicePlan[] {
  const problems: ServiceProblem[] = [];
  const owners = new Map<string, string>();
  const plans: ServicePlan[] = [];
  for (const service of services) {
    const className = classNameOf(service);
    const report: Report = (problem, method) => problems.push({ service: className, method, problem });
    const plan = describeAny(service, concurrency, report);
    if (plan === undefined) continue;
    const owner = owners.get(plan.offer.name);
    if (owner !== undefined) report(`${owner} serves "${plan.offer.name}" already`);
    owners.set(plan.offer.name, className);
    plans.push(plan);
  }
  if (problems.length > 0) throw refusal(problems);
  return plans;
}

function refusal(problems: readonly ServiceProblem[]): MajordomoError {
  const told = problems.map(
    ({ service, method, problem }) => `${service}${method === undefined ? '' : `.${method}`}: ${problem}`,
  );
  return new MajordomoError('INVALID_SERVICE', told.join('; '), { details: { problems } });
}

function classNameOf(service: unknown): string {
  if (typeof service === 'function') return nameOf(service);
  if (typeof service !== 'object' || service === null) return String(service);
  return nameOf(constructorOf(service));
}

function nameOf(constructor: object): string {
  const name = member(constructor, 'name');
  return typeof name === 'string' && name !== '' ? name : '(anonymous class)';
}

function constructorOf(instance: object): object {
  const found = member(instance, 'constructor');
  return typeof found === 'function' ? found : Object;
}

/** Members of an instance may be getters that throw, and the instance a proxy: that is a problem like any other. */
function describeAny(service: unknown, concurrency: number, report: Report): ServicePlan | undefined {
  try {
    return describeService(service, concurrency, report);
  } catch (error) {
    report(`it cannot be looked at: ${readThrown(error).message}`);
    return undefined;
  }
}

function describeService(service: unknown, concurrency: number, report: Report): ServicePlan | undefined {
  if (typeof service === 'function') {
    report(`this is a class; give an instance of it: new ${classNameOf(service)}()`);
    return undefined;
  }
  if (typeof service !== 'object' || service === null) {
    report('this is not an instance of a decorated class');
    return undefined;
  }
  const record = serviceRecordOf(constructorOf(service));
  if (record === undefined) {
    report('the class has no @Service decorator');
    return undefined;
  }
  const options = checkedOptions<ServiceOptions>(record.options, SERVICE_RULES, report);
  const name = serviceName(record, report);
  const { codec = DEFAULT_CODEC } = options;
  const methods = describeMethods(service, record, report);
  const offered = methods.map(({ plan, options: { atMostOnce, executionTimeoutMs, maxAttempts, retry } }) => ({
    name: plan.name,
    streams: plan.streams,
    atMostOnce: atMostOnce ?? false,
    executionTimeoutMs: executionTimeoutMs ?? 0,
    maxAttempts: maxAttempts ?? retry?.maxAttempts ?? 0,
  }));
  const offer = { name, methods: offered, concurrency: options.concurrency ?? concurrency };
  return { offer, methods: methods.map(({ plan }) => ({ ...plan, codec })) };
}

/** Options that break a rule are reported and taken as not given. */
function checkedOptions<Options extends object>(
  given: unknown,
  rules: OptionRules<Options>,
  report: Report,
  method?: string,
): Options {
  if (given === undefined) return {} as Options;
  if (typeof given !== 'object' || given === null) {
    report('the options must be a plain object', method);
    return {} as Options;
  }
  const problems = optionProblems(given, rules);
  for (const problem of problems) report(problem, method);
  return problems.length === 0 ? (given as Options) : ({} as Options);
}

function serviceName({ name, contract }: ServiceRecord, report: Report): string {
  const text = typeof name === 'string' ? name : shown(name);
  if (typeof name !== 'string' || !isServiceName(name))
    report(`"${text}" cannot be the name of a service: ${SERVICE_NAME_RULE}`);
  else if (isReservedName(name)) report(`the name "${text}" is the broker's own`);
  if (contract !== undefined && typeof contract.methods !== 'object')
    report('the contract has no methods; make it with contract()');
  return text;
}

interface Described {
  /** The codec is the class's to say. */
  readonly plan: Omit<MethodPlan, 'codec'>;
  readonly options: MethodOptions;
}

function describeMethods(instance: object, service: ServiceRecord, report: Report): Described[] {
  const described: Described[] = [];
  const owners = new Map<string, string>();
  for (const record of methodRecordsOf(constructorOf(instance))) {
    const found = describeMethod(instance, service, record, report);
    if (found === undefined) continue;
    const member = String(record.key);
    const owner = owners.get(found.plan.name);
    if (owner !== undefined) report(`${owner} is called "${found.plan.name}" already`, member);
    owners.set(found.plan.name, member);
    described.push(found);
  }
  if (described.length === 0 && owners.size === 0) report('the service has no methods; mark them with @Method()');
  if (described.length > WIRE_LIMITS.methodsPerServiceMax)
    report(`more than ${WIRE_LIMITS.methodsPerServiceMax} methods`);
  reportMissing(service.contract, owners, report);
  return described;
}

function reportMissing(contract: Contract | undefined, owners: ReadonlyMap<string, string>, report: Report): void {
  if (contract === undefined) return;
  for (const name of Object.keys(contract.methods)) {
    if (!owners.has(name))
      report(`the contract "${contract.service}" has this method, the class has no @Method() for it`, name);
  }
}

function describeMethod(
  instance: object,
  service: ServiceRecord,
  record: MethodRecord,
  report: Report,
): Described | undefined {
  const member = String(record.key);
  const options = checkedOptions<MethodOptions>(record.options, METHOD_RULES, report, member);
  const retry = retryOf(options, member, report);
  const name = methodName(record, options);
  const handler: unknown = Reflect.get(instance, record.key);
  if (record.isStatic) report('a static member cannot be a method of a service', member);
  else if (typeof handler !== 'function') report('it is not a function', member);
  else if (name === undefined) report('a member that is a symbol needs a name: @Method("…")', member);
  else if (!isMethodName(name)) report(`"${name}" cannot be the name of a method: ${METHOD_NAME_RULE}`, member);
  else {
    const contract = methodContract(service.contract, name, member, report);
    const streams = isStreamed(handler as Handler, options, contract, member, report);
    for (const side of ['input', 'output'] as const) {
      if (contract?.[side] !== undefined && options[side] !== undefined)
        report(`the contract has an ${side} schema already`, member);
    }
    const validation = validationOf(contract, options, streams);
    const plan = {
      service: String(service.name),
      name,
      streams,
      instance,
      handler: handler as Handler,
      validation,
      retry,
    };
    return { plan, options };
  }
  return undefined;
}

/** Options that are wrong are taken as not given. */
function retryOf({ retry, atMostOnce, maxAttempts }: MethodOptions, member: string, report: Report): RetryPolicy {
  if (retry === undefined) return retryPolicy(undefined);
  const problems = retryProblems(retry);
  if (atMostOnce === true) problems.push('retry: it runs at most once, and cannot be tried again');
  if (maxAttempts !== undefined && retry.maxAttempts !== undefined) problems.push('maxAttempts is said twice');
  for (const problem of problems) report(problem, member);
  return retryPolicy(problems.length === 0 ? retry : undefined);
}

function methodName(record: MethodRecord, options: MethodOptions): string | undefined {
  if (typeof record.name === 'string') return record.name;
  if (options.name !== undefined) return options.name;
  return typeof record.key === 'string' ? record.key : undefined;
}

function methodContract(
  contract: Contract | undefined,
  name: string,
  member: string,
  report: Report,
): MethodContract | undefined {
  if (contract === undefined) return undefined;
  const found = Object.hasOwn(contract.methods, name) ? contract.methods[name] : undefined;
  if (found !== undefined) return found;
  const nearest = nearestName(name, Object.keys(contract.methods));
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  report(`the contract "${contract.service}" has no method "${name}"${hint}`, member);
  return undefined;
}

/** Generators are streams, and what the contract or the author says. */
function isStreamed(
  handler: Handler,
  options: MethodOptions,
  contract: MethodContract | undefined,
  member: string,
  report: Report,
): boolean {
  const isGenerator = /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(handler));
  if (isGenerator && options.streams === false) report('it is a generator, and streams: false', member);
  if (contract !== undefined) {
    const isStream = contract.kind === 'stream';
    if (isGenerator && !isStream) report('it is a generator; in the contract it gives one value', member);
    if (options.streams !== undefined && options.streams !== isStream)
      report('the contract says otherwise about streams', member);
    return isStream;
  }
  return isGenerator || options.streams === true;
}

function validationOf(
  contract: MethodContract | undefined,
  options: MethodOptions,
  streams: boolean,
): MethodContract | undefined {
  const input = contract?.input ?? options.input;
  const output = contract?.output ?? options.output;
  if (input === undefined && output === undefined) return undefined;
  return { kind: streams ? 'stream' : 'method', input, output };
}
