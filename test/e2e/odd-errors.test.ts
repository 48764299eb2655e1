// Whatever a handler throws, returns or yields, its caller gets an answer and its worker goes on.

import type { Client } from '@majordomo/client';
import { isMajordomoError, type MajordomoError } from '@majordomo/protocol';
import { ODD_RESULTS, ODD_VALUES } from './fixtures/odd-values.js';
import { built, Program } from './processes.js';
import { clearStage, LIMIT_MS, startClient } from './stage.js';

let worker: Program;
let client: Client;

beforeAll(async () => {
  worker = new Program(built('test/dist/e2e/fixtures/odd-worker.js'));
  const { endpoint } = await worker.hear('ready');
  client = await startClient(String(endpoint));
}, LIMIT_MS);
afterAll(clearStage);

async function failureOf(ask: Promise<unknown>): Promise<MajordomoError> {
  try {
    await ask;
  } catch (error) {
    if (isMajordomoError(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const codeOf = (error: unknown): string => (isMajordomoError(error) ? error.code : 'not of the catalogue');

/** Is it still the same worker that answers? */
async function expectAlive(): Promise<void> {
  expect(await client.call('odd.echo', 'here')).toBe('here');
  // Its log is on stderr too.
  expect(worker.errors).not.toMatch(/uncaught|unhandled/i);
}

async function drained(method: string, odd: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of client.stream(`odd.${method}`, { odd })) values.push(value);
  return values;
}

describe.each(Object.keys(ODD_VALUES))('%s', (odd) => {
  test('that a handler throws is HANDLER_FAILED with what can be read, sooner or later, streamed or not', async () => {
    for (const method of ['throws', 'rejects', 'policed']) {
      const { code, ran, details, message } = await failureOf(client.call(`odd.${method}`, { odd }));
      expect({ method, code, ran }).toEqual({ method, code: 'HANDLER_FAILED', ran: 'yes' });
      expect(details).toMatchObject({ name: expect.any(String), message });
    }
    for (const method of ['generates', 'generatesLater', 'nextThrows']) {
      const { code } = await failureOf(drained(method, odd));
      expect({ method, code }).toEqual({ method, code: 'HANDLER_FAILED' });
    }
    await expectAlive();
  });

  test('that a schema throws or is rejected with is HANDLER_FAILED, and the handler did not run', async () => {
    for (const method of ['schemaThrows', 'schemaRejects']) {
      const { code, ran } = await failureOf(client.call(`odd.${method}`, { odd }));
      expect({ method, code, ran }).toEqual({ method, code: 'HANDLER_FAILED', ran: 'no' });
    }
    await expectAlive();
  });

  test('that a generator throws when it is stopped ends nothing else', async () => {
    for await (const value of client.stream('odd.throwsAtTheEnd', { odd })) {
      expect(value).toBe(0);
      break;
    }
    await worker.hear('stopping', (line) => line['odd'] === odd);
    await expectAlive();
  });
});

test.each([...Object.keys(ODD_VALUES), ...Object.keys(ODD_RESULTS)])(
  '%s in place of a value is an answer or an error',
  async (odd) => {
    const ends: unknown[] = [];
    for (const method of ['returns', 'resolves', 'reports', 'schemaGives', 'schemaIssues'])
      ends.push(await client.call(`odd.${method}`, { odd }).catch(codeOf));
    for (const method of ['nextIs', 'yields']) {
      const values = client.stream(`odd.${method}`, { odd });
      ends.push(await values.next().catch(codeOf));
      await values.return();
    }
    expect(ends).not.toContain('not of the catalogue');
    await expectAlive();
  },
);

test('an iterator that gives nothing is the failure of its handler', async () => {
  expect(await failureOf(drained('nextIs', 'undefined'))).toMatchObject({ code: 'HANDLER_FAILED', ran: 'yes' });
  await expectAlive();
});
