// Contracts at run time: what schemas of three libraries, and none, make of a value. That contracts type calls is in contract-types.ts.
import { contract, method, validateInput, type Contract, type MethodContract } from '@majordomo/protocol';
import { byTypes, withArktype, withValibot, withZod } from './orders-contract.js';

const withSchemas: readonly (readonly [string, MethodContract])[] = [
  ['zod', withZod.methods.create],
  ['valibot', withValibot.methods.create],
  ['arktype', withArktype.methods.create],
];

test.each(withSchemas)(
  '%s: a right input is what the schema makes of it, defaults filled in',
  async (_vendor, create) => {
    expect(await validateInput(create, { sku: 'a' })).toEqual({ value: { sku: 'a', quantity: 1 } });
  },
);

test.each(withSchemas)('%s: a wrong input has its issues with their paths', async (_vendor, create) => {
  const { issues = [], ...rest } = await validateInput(create, { sku: 5, quantity: 'many' });
  expect(rest).toEqual({});
  expect(issues.map(({ path }) => path)).toEqual(expect.arrayContaining([['sku'], ['quantity']]));
  for (const { message } of issues) expect(message).not.toBe('');
});

test.each(withSchemas)('%s: no input at all is wrong where one is wanted', async (_vendor, create) => {
  expect((await validateInput(create, undefined)).issues).not.toEqual([]);
});

test('types alone take every value as it is', () => {
  expect(validateInput(byTypes.methods.create, { sku: 1 })).toEqual({ value: { sku: 1 } });
});

test('a schema that is asynchronous gives a promise', async () => {
  const later = method({
    input: { '~standard': { version: 1, vendor: 'test', validate: (value) => Promise.resolve({ value }) } },
  });
  const validated = validateInput(later, 1);
  expect(validated).toBeInstanceOf(Promise);
  expect(await validated).toEqual({ value: 1 });
});

test('a contract knows its service, its methods, and which of them are streams', () => {
  const { service, methods }: Contract = byTypes;
  expect(service).toBe('orders');
  expect(Object.entries(methods).map(([name, { kind }]) => `${name} ${kind}`)).toEqual([
    'create method',
    'cancel method',
    'count method',
    'ping method',
    'watch stream',
  ]);
});

test('names that cannot be addressed are refused', () => {
  expect(() => contract('no spaces', {})).toThrow(expect.objectContaining({ code: 'INVALID_SERVICE' }));
  expect(() => contract('orders', { 'a.b': method() })).toThrow(/"a\.b".*"orders"/);
});
