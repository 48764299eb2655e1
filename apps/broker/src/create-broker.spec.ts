// What createBroker is given that makes no sense, and observers that throw.

import { isMajordomoError } from '@majordomo/protocol';
import { createBroker } from './create-broker.js';

test.each<[unknown, RegExp]>([
  [null, /^createBroker: the options must be an object, as in createBroker\(.*\), not null/],
  ['tcp://127.0.0.1:5555', /must be an object, .* not "tcp:/],
  [[], /not an array/],
  [{ onEvent: 5, logger: 'yes' }, /onEvent must be a function; logger must be an object with the methods/],
  [{ port: 5 }, /port is not an option; did you mean bind/],
])('%p is INVALID_OPTION', async (given, message) => {
  const error: unknown = await createBroker(given as object).catch((thrown: unknown) => thrown);
  expect(isMajordomoError(error, 'INVALID_OPTION')).toBe(true);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
});

test('a broker logs where it listens, and what its observer throws, and goes on', async () => {
  const lines: string[] = [];
  const write = (message: string): void => void lines.push(message);
  const broker = await createBroker({
    bind: 'tcp://127.0.0.1:0',
    logger: { info: write, warn: write, error: write },
    onEvent: () => {
      // oxlint-disable-next-line typescript/only-throw-error -- this is what is tried
      throw Object.create(null);
    },
  });
  expect(await broker.drain(0)).toBe(0);
  expect(broker.describe('info')).toBeDefined();
  await broker.close();
  expect(lines).toEqual([
    `listening on ${broker.endpoint}`,
    'drain.begun unsettled=0',
    'onEvent threw: an object without a readable message was thrown',
    'drain.ended unsettled=0',
    'onEvent threw: an object without a readable message was thrown',
  ]);
});
