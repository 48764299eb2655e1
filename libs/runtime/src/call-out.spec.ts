// Functions of the application: in their own context, and never trusted.

import { AsyncLocalStorage } from 'node:async_hooks';
import { AsyncScope, boundHere, callOut } from './call-out.js';

const failures: unknown[] = [];
const failed = (error: unknown): void => void failures.push(error);
afterEach(() => void failures.splice(0));

test('what a callback throws goes to one place', () => {
  callOut(() => {
    throw new Error('thrown');
  }, failed);
  callOut(() => 'fine', failed);
  expect(failures).toEqual([new Error('thrown')]);
});

test('so does what a promise of it is rejected with, and a then that cannot be read', async () => {
  callOut(async () => Promise.reject(new Error('rejected')), failed);
  callOut(
    () => new Proxy({}, { has: () => { throw new Error('trap'); } }), // prettier-ignore
    failed,
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toEqual([new Error('trap'), new Error('rejected')]);
});

test('a bound function is called in the context in which it was bound, a scope in that in which it was made', () => {
  const storage = new AsyncLocalStorage<string>();
  const bound = storage.run('mine', () => boundHere((more: string) => `${storage.getStore()} ${more}`));
  const scope = storage.run('made', () => new AsyncScope());
  storage.run('another', () => {
    expect(bound('x')).toBe('mine x');
    expect(scope.run((more: string) => `${storage.getStore()} ${more}`, 'y')).toBe('made y');
  });
});
