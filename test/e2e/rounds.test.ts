// Brokers, workers and clients that come and go in one process, round after round: nothing hangs, whatever the order of their ends.
// `ROUNDS` says how many; the nightly set runs a few thousand.

import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, serve, Service } from '@majordomo/worker';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whatHangs } from './what-hangs.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 30);
/** A round takes under 50 ms; one that takes longer than this, in ms, hangs. */
const HANGS_AFTER_MS = 60_000;
const CONNECT_MS = 30_000;

@Service('round')
class Round {
  @Method() echo(input: number): number {
    return input;
  }
}

/** Settles as `work` does, or rejects with what every thread and socket is doing. */
async function watched<T>(name: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} hangs\n${whatHangs()}`)), HANGS_AFTER_MS);
  });
  try {
    return await Promise.race([work, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

/** Everything that can end before something else, in turn. @returns the answer to the number. */
async function round(number: number, bind: string): Promise<number> {
  const name = (step: string): string => `round ${number}: ${step}`;
  const broker = await watched(name('the broker'), createBroker({ bind, logger: false }));
  const brokers = [broker.endpoint];
  const options = { brokers, connectTimeoutMs: CONNECT_MS, logger: false } as const;
  const worker = await watched(name('serve'), serve({ ...options, services: [new Round()] }));
  const client = await watched(name('connect'), connect(options));
  const answer = await watched(name('the call'), client.call<number>('round.echo', number));
  const pending = client.call('round.echo', number, { deadlineMs: CONNECT_MS }).catch(() => undefined);
  const ends: (() => Promise<unknown>)[] = [() => client.close(), () => worker.close(), () => broker.close()];
  const first = number % ends.length;
  const order = [...ends.slice(first), ...ends.slice(0, first)];
  if (number % 2 === 0) await watched(name('closing all at once'), Promise.all(order.map((end) => end())));
  else for (const end of order) await watched(name('closing one after the other'), end());
  await watched(name('what was asked last'), pending);
  return answer;
}

test.each(['tcp', 'ipc'])(
  'over %s, what is started in a process ends, and the next one starts at the same place',
  async (transport) => {
    const folder = mkdtempSync(join(tmpdir(), 'mj-'));
    let bind = transport === 'ipc' ? `ipc://${join(folder, 'broker.sock')}` : 'tcp://127.0.0.1:0';
    const first = await createBroker({ bind, logger: false });
    bind = first.endpoint;
    await first.close();
    for (let number = 0; number < ROUNDS; number++) expect(await round(number, bind)).toBe(number);
    rmSync(folder, { recursive: true });
  },
  ROUNDS * 2_000 + HANGS_AFTER_MS * 2,
);

test('what hangs is told with every thread and socket', async () => {
  const broker = await createBroker({ bind: 'tcp://127.0.0.1:0', logger: false });
  const client = await connect({ brokers: [broker.endpoint], logger: false });
  const text = whatHangs();
  const port = broker.endpoint.split(':').pop() as string;
  expect(text).toContain(`port ${port} to 0 LISTEN`);
  expect(text).toMatch(new RegExp(`to ${port} ESTABLISHED, \\d+ to send, \\d+ to read`));
  expect(text).toMatch(/thread \d+ ZMQbg\/IO\/0: \w, waits in/);
  await client.close();
  await broker.close();
});
