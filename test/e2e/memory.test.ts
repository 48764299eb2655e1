// A broker with a small heap refuses what it cannot carry, lives, and after kill -9 reads back all that it acknowledged.
//
// MEMORY_HEAP_MB says how large the heap is: 64 by default, 256 in the nightly run (npm run test:nightly).

import { isMajordomoError, type Client } from '@majordomo/client';
import { built, freeEndpoint, Program, until } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startClient, startWorker } from './stage.js';

const HEAP_MB = Number(process.env['MEMORY_HEAP_MB'] ?? 64);
/** The nightly run has four times as much to do. */
const TEST_MS = LIMIT_MS * Math.max(1, HEAP_MB / 64);
/** More than any heap of this test can carry. */
const ENDLESS = 5_000_000;

afterEach(clearStage);

interface Info {
  readonly memory: { readonly bytes: number; readonly bytesMax: number; readonly entriesMax: number };
  readonly journal: { readonly requests: number; readonly state: string } | null;
  readonly counters: { readonly refused: number };
}

async function startSmall(init: Record<string, unknown>): Promise<Program> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
  const broker = new Program(built('test/dist/e2e/fixtures/broker.js'), { args: [JSON.stringify(init)], env });
  await broker.hear('ready');
  return broker;
}

const infoOf = (client: Client): Promise<Info> => client.call<Info>('majordomo.info');

/** Hands over until the broker has no room. @returns the tickets, in the order of their answers. */
async function fill(
  client: Client,
  body: (number: number) => unknown,
  { most = ENDLESS, inFlight = 1_000 } = {},
): Promise<string[]> {
  const tickets: string[] = [];
  let begun = 0;
  let isFull = false;
  const loop = async (): Promise<void> => {
    while (!isFull && begun < most) {
      begun += 1;
      try {
        tickets.push((await client.submit('lab.work', body(begun))).id);
      } catch (error) {
        if (!isMajordomoError(error, 'STORE_FULL')) throw error;
        isFull = true;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return tickets;
}

test(
  'small submissions are refused as STORE_FULL before the heap is full, and a restart with the same heap serves all of them',
  async () => {
    const place = { bind: await freeEndpoint(), data: dataFolder() };
    const first = await startSmall(place);
    const client = await startClient(place.bind);
    const tickets = await fill(client, (id) => ({ id: String(id) }));
    const { memory, journal } = await infoOf(client);
    expect(tickets.length).toBeGreaterThan(500 * HEAP_MB);
    expect(memory.bytes).toBeLessThanOrEqual(memory.bytesMax);
    expect(journal?.requests).toBe(tickets.length);
    first.kill();
    await first.ended;

    const second = await startSmall(place);
    await second.hear('journal.read', (line) => line['requests'] === tickets.length);
    const worker = await startWorker({ brokers: [place.bind], concurrency: 1_000 });
    const again = await startClient(place.bind);
    for (const id of [tickets[0], tickets[tickets.length >> 1], tickets.at(-1)]) {
      await expect(again.ticket(id as string).result({ timeoutMs: TEST_MS })).resolves.toBeDefined();
    }
    await until('all have run', () => worker.all('run').length >= tickets.length, TEST_MS);
    expect(new Set(worker.all('run').map((line) => line['id'])).size).toBe(tickets.length);
  },
  TEST_MS,
);

test(
  'large submissions wait on disk: several times the heap of them is accepted, and handed out with their bodies',
  async () => {
    const place = { bind: await freeEndpoint(), data: dataFolder() };
    await startSmall(place);
    const client = await startClient(place.bind);
    const padding = 'x'.repeat(100_000);
    const count = HEAP_MB * 30;
    const tickets = await fill(client, (id) => ({ id: String(id), padding }), { most: count, inFlight: 50 });
    expect(tickets).toHaveLength(count);
    const { memory } = await infoOf(client);
    expect(memory.bytes).toBeLessThan(memory.bytesMax / 2);
    await startWorker({ brokers: [place.bind], concurrency: 50 });
    const last = await client.ticket(tickets.at(-1) as string).result({ timeoutMs: TEST_MS });
    expect(last).toMatchObject({ attempt: 1 });
  },
  TEST_MS,
);

test(
  'calls to many services are told BUSY before the heap is full; what was asked before is answered',
  async () => {
    const bind = await freeEndpoint();
    await startSmall({ bind });
    const clients = await Promise.all(Array.from({ length: 8 }, () => startClient(bind)));
    const [observer] = clients as [Client];
    const early = observer.call('lab.echo', { id: 'early' }, { waitForService: true, deadlineMs: TEST_MS });
    const options = { waitForService: true, deadlineMs: TEST_MS };
    const abort = new AbortController();
    for (let isFull = false, number = 0; !isFull && number < ENDLESS;) {
      for (let i = 0; i < 4_000; i++, number++) {
        const client = clients[number % clients.length] as Client;
        client.call(`s${number % 16}.m`, number, { ...options, signal: abort.signal }).catch(() => undefined);
      }
      const { counters, memory } = await infoOf(observer);
      expect(memory.bytes).toBeLessThanOrEqual(memory.bytesMax);
      isFull = counters.refused > 0;
    }
    abort.abort();
    await startWorker({ brokers: [bind] });
    await expect(early).resolves.toMatchObject({ id: 'early' });
  },
  TEST_MS,
);

test(
  'a journal that holds more than memory can carry is read as far as it can be, and the rest as requests end',
  async () => {
    const place = {
      bind: await freeEndpoint(),
      data: dataFolder(),
      // Outcomes go soon, so that their places are free.
      dedupeWindowMs: 1_000,
      resendHoldMs: 500,
      resultKeepMs: 1_000,
      collectedKeepMs: 1_000,
      collectedKeepMinMs: 1_000,
    };
    const first = await startSmall(place);
    const client = await startClient(place.bind);
    const tickets = await fill(client, (id) => ({ id: String(id) }), { most: 20_000 });
    first.kill();
    await first.ended;
    const second = await startSmall({ ...place, memoryBytesMax: 4 * 1024 * 1024 });
    await second.hear('journal.paused');
    const worker = await startWorker({ brokers: [place.bind], concurrency: 100 });
    await second.hear('journal.read');
    await until('all have run', () => worker.all('run').length >= tickets.length, TEST_MS);
    expect(new Set(worker.all('run').map((line) => line['id'])).size).toBe(tickets.length);
  },
  TEST_MS,
);
