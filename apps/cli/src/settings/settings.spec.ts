// Where a setting comes from, and what is said about settings that are wrong.

import type { OptionTable } from '@majordomo/protocol';
import { readEnvironment } from './environment.js';
import { resolveSettings, unknownNames, type Sources } from './settings.js';

interface Settings {
  readonly bind: readonly string[];
  readonly queueLengthMax: number;
  readonly heartbeatMs: number;
  readonly queueBytesMax: number;
  readonly eager: boolean;
}

const TABLE: OptionTable<Settings> = {
  bind: { type: 'texts', fallback: ['tcp://127.0.0.1:5555'], help: '' },
  queueLengthMax: { type: 'count', fallback: 10, help: '', min: 1, max: 1_000 },
  heartbeatMs: { type: 'milliseconds', fallback: 1_000, help: '', min: 50, max: 60_000 },
  queueBytesMax: { type: 'bytes', fallback: 1_024, help: '' },
  eager: { type: 'flag', fallback: false, help: '' },
};
const KNOWN = Object.keys(TABLE);

const file = (values: Record<string, unknown>): Sources['file'] => ({ path: 'm.yaml', values });

function sources(given: Partial<Sources>): Sources {
  return { flags: {}, variables: {}, file: undefined, ...given };
}

test('a flag is stronger than the environment, that than the file, and that than the default', () => {
  const all = {
    flags: { queueLengthMax: '1' },
    variables: { MAJORDOMO_QUEUE_LENGTH_MAX: '2', MAJORDOMO_HEARTBEAT_MS: '2s' },
    file: file({ queueLengthMax: 3, heartbeatMs: '3s', queueBytesMax: '3kB' }),
  };
  const { settings, problems } = resolveSettings(TABLE, all);
  expect(problems).toEqual([]);
  expect(settings).toEqual({
    bind: { value: ['tcp://127.0.0.1:5555'], from: 'default', where: 'default' },
    queueLengthMax: { value: 1, from: 'flag', where: '--queue-length-max' },
    heartbeatMs: { value: 2_000, from: 'environment', where: 'MAJORDOMO_HEARTBEAT_MS' },
    queueBytesMax: { value: 3_000, from: 'file', where: 'm.yaml' },
    eager: { value: false, from: 'default', where: 'default' },
  });
});

test('a list is given by repeating a flag, with commas, or as a list in the file', () => {
  const bindOf = (given: Partial<Sources>): unknown => resolveSettings(TABLE, sources(given)).values.bind;
  expect(bindOf({ flags: { bind: ['tcp://a:1', 'tcp://b:2, tcp://c:3'] } })).toEqual([
    'tcp://a:1',
    'tcp://b:2',
    'tcp://c:3',
  ]);
  expect(bindOf({ variables: { MAJORDOMO_BIND: 'tcp://a:1,tcp://b:2' } })).toEqual(['tcp://a:1', 'tcp://b:2']);
  expect(bindOf({ file: file({ bind: ['tcp://a:1', 'tcp://b:2'] }) })).toEqual(['tcp://a:1', 'tcp://b:2']);
});

test('true and false have their words', () => {
  const read = (eager: string): unknown => resolveSettings(TABLE, sources({ flags: { eager } })).values.eager;
  expect(['true', 'yes', 'off', 'FALSE'].map(read)).toEqual([true, true, false, false]);
});

test('all problems are told together, each with the place where it was said', () => {
  const { problems } = resolveSettings(TABLE, {
    flags: { queueLengthMax: '0' },
    variables: { MAJORDOMO_HEARTBEAT_MS: 'soon' },
    file: file({ queueBytesMax: '5 bytes', eager: null }),
  });
  expect(problems).toEqual([
    '--queue-length-max 0: must be a whole number from 1 to 1000, not 0',
    'MAJORDOMO_HEARTBEAT_MS=soon: must be a duration like 250ms, 5s, 2m or 1h (a plain number is milliseconds)',
    'm.yaml: queueBytesMax: 5 bytes: must be a size like 10kB, 64MiB or 1GiB (a plain number is bytes)',
    'm.yaml: eager: null: must be true or false',
  ]);
});

test('a plain number is milliseconds only where the name says so', () => {
  interface Times {
    readonly timeout: number;
    readonly timeoutMs: number;
  }
  const time = { type: 'milliseconds', fallback: 1, help: '', min: 0, max: 60_000 } as const;
  const table: OptionTable<Times> = { timeout: time, timeoutMs: time };
  const problemsOf = (given: Partial<Sources>) => resolveSettings(table, sources(given)).problems;
  expect(problemsOf({ flags: { timeout: '5', timeoutMs: '5' } })).toEqual([
    '--timeout 5: needs a unit: write 5s, or 5ms',
  ]);
  expect(problemsOf({ variables: { MAJORDOMO_TIMEOUT: '5' } })).toEqual([
    'MAJORDOMO_TIMEOUT=5: needs a unit: write 5s, or 5ms',
  ]);
  expect(problemsOf({ file: file({ timeout: 5, timeoutMs: 5 }) })).toEqual([
    'm.yaml: timeout: 5: needs a unit: write 5s, or 5ms',
  ]);
  expect(problemsOf({ flags: { timeout: '0' } })).toEqual([]);
  expect(problemsOf({ flags: { timeout: 'soon' } })).toEqual([
    '--timeout soon: must be a duration like 250ms, 5s, 2m or 1h',
  ]);
});

test('a flag can stand in for a variable that is wrong', () => {
  const given = sources({ flags: { heartbeatMs: '1s' }, variables: { MAJORDOMO_HEARTBEAT_MS: 'soon' } });
  expect(resolveSettings(TABLE, given).problems).toEqual([]);
});

test('a value of the wrong kind in the file is a problem', () => {
  const { problems } = resolveSettings(TABLE, sources({ file: file({ bind: 5, heartbeatMs: true }) }));
  expect(problems).toEqual([
    'm.yaml: bind: 5: must be a list of texts',
    'm.yaml: heartbeatMs: true: must be a number of milliseconds from 50 to 60000, not true',
  ]);
});

test('an unknown variable or key is a problem with the nearest known name', () => {
  const given = { variables: { MAJORDOMO_QUEUE_LENGHT_MAX: '5' }, file: file({ 'queue-bytes-max': 1, colour: 'red' }) };
  expect(unknownNames(given, KNOWN)).toEqual([
    'MAJORDOMO_QUEUE_LENGHT_MAX: unknown variable (did you mean MAJORDOMO_QUEUE_LENGTH_MAX?)',
    'm.yaml: queue-bytes-max: unknown key (did you mean queueBytesMax?)',
    'm.yaml: colour: unknown key',
  ]);
});

test('of the environment only our variables are taken, and an empty one is not set', () => {
  const environment = readEnvironment({ MAJORDOMO_BIND: 'tcp://a:1', MAJORDOMO_DATA: '', PATH: '/bin', NO_COLOR: '1' });
  expect(environment).toEqual({ variables: { MAJORDOMO_BIND: 'tcp://a:1' }, noColor: true });
});

test('what Kubernetes says about a service called majordomo is not taken for settings', () => {
  const kubernetes = {
    MAJORDOMO_SERVICE_HOST: '10.0.0.1',
    MAJORDOMO_SERVICE_PORT: '5555',
    MAJORDOMO_SERVICE_PORT_ZMQ: '5555',
    MAJORDOMO_PORT: 'tcp://10.0.0.1:5555',
    MAJORDOMO_PORT_5555_TCP: 'tcp://10.0.0.1:5555',
    MAJORDOMO_PORT_5555_TCP_ADDR: '10.0.0.1',
    MAJORDOMO_BROKER_SERVICE_HOST: '10.0.0.1',
    MAJORDOMO_BROKER_PORT_5555_TCP_PROTO: 'tcp',
  };
  expect(readEnvironment(kubernetes).variables).toEqual({});
});
