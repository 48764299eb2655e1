// Streams between processes: they stop when nobody reads, wait for slow readers, and survive a broker but not their worker.

import { freeEndpoint, until } from './processes.js';
import { allRunsOf, clearStage, holderOf, LIMIT_MS, startBroker, startClient, startWorker } from './stage.js';

afterEach(clearStage);

async function threeProcesses() {
  const bind = await freeEndpoint();
  const [broker, worker] = await Promise.all([startBroker({ bind }), startWorker({ brokers: [bind] })]);
  return { bind, broker, worker, client: await startClient(bind) };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test(
  'leaving the loop stops the generator at the worker: its finally runs',
  async () => {
    const { worker, client } = await threeProcesses();
    const taken: number[] = [];
    for await (const value of client.stream<number>('lab.values', { id: 'left', count: 1_000_000 })) {
      taken.push(value);
      if (value === 9) break;
    }
    expect(taken).toEqual(upTo(10));
    const { pulled } = await worker.hear('finally', ({ id }) => id === 'left');
    expect(pulled).toBeLessThan(1_000);
  },
  LIMIT_MS,
);

test(
  'a client that ends stops its generators',
  async () => {
    const { worker, client } = await threeProcesses();
    const values = client.stream<number>('lab.values', { id: 'ended', count: 1_000_000 });
    expect(await values.next()).toEqual({ done: false, value: 0 });
    await client.close();
    await worker.hear('finally', ({ id }) => id === 'ended');
    // What had come can still be taken.
    const rest = async (): Promise<void> => {
      for await (const value of values) expect(value).toBeGreaterThan(0);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'CLOSED' });
  },
  LIMIT_MS,
);

test(
  'a generator is not asked for more than the window beyond what its reader has taken',
  async () => {
    const window = 8;
    const count = 100;
    const { client } = await threeProcesses();
    const values = client.stream<number>('lab.values', { id: 'slow', count }, { window });
    const pulled = (): Promise<number> => client.call<number>('lab.pulled', { id: 'slow' });
    const taken: number[] = [];
    for (let read = 0; read < count; read++) {
      const { value, done } = await values.next();
      if (done === true) break;
      taken.push(value);
      if (read % 10 !== 0) continue;
      // The generator has come to the end of what it may; round trips on the same way show that it stays there.
      await until('the window is used', async () => (await pulled()) >= Math.min(count, read + 1 + window / 2));
      for (let trip = 0; trip < 20; trip++) expect(await pulled()).toBeLessThanOrEqual(read + 1 + window);
    }
    expect(taken).toEqual(upTo(count));
    expect(await values.next()).toEqual({ done: true, value: undefined });
  },
  LIMIT_MS,
);

test(
  'streams survive the death of their broker: no value is lost, doubled or out of order, and no generator runs twice',
  async () => {
    const kills = 3;
    const count = 1_000;
    const { bind, worker, client, ...first } = await threeProcesses();
    let broker = first.broker;
    const ids = ['a', 'b', 'c', 'd'];
    const taken = new Map<string, number[]>(ids.map((id) => [id, []]));
    const read = async (id: string): Promise<void> => {
      const values = client.stream<number>('lab.values', { id, count, ms: 1 }, { deadlineMs: LIMIT_MS });
      for await (const value of values) taken.get(id)?.push(value);
    };
    const reading = Promise.all(ids.map(read));
    const least = (): number => Math.min(...[...taken.values()].map((values) => values.length));
    for (let kill = 1; kill <= kills; kill++) {
      await until('values have come', () => least() >= (count / (kills + 1)) * kill);
      broker.kill();
      await broker.ended;
      broker = await startBroker({ bind });
    }
    await reading;
    for (const id of ids) expect(taken.get(id)).toEqual(upTo(count));
    expect(await allRunsOf(worker)).toEqual(new Map(ids.map((id) => [id, 1])));
  },
  LIMIT_MS,
);

test(
  'a stream whose worker dies after its first value ends as WORKER_LOST, after the values that had come',
  async () => {
    const { bind, worker, client } = await threeProcesses();
    const other = await startWorker({ brokers: [bind] });
    const taken: number[] = [];
    const read = async (): Promise<void> => {
      for await (const value of client.stream<number>('lab.values', { id: 'cut', count: 1_000_000, ms: 1 })) {
        taken.push(value);
        if (value === 20) (await holderOf('cut', [worker, other])).kill();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'WORKER_LOST', ran: 'unknown' });
    expect(taken.length).toBeGreaterThan(20);
    expect(taken).toEqual(upTo(taken.length));
    expect((await allRunsOf(worker, other)).get('cut')).toBe(1);
  },
  LIMIT_MS,
);

test(
  'a stream whose worker dies before its first value runs elsewhere',
  async () => {
    const { bind, worker, client } = await threeProcesses();
    const values = client.stream<number>('lab.values', { id: 'early', count: 3 }, { window: 1, waitForService: true });
    worker.signal('SIGSTOP');
    const first = values.next();
    const unsettled = async () => (await client.call<{ unsettled: number }>('majordomo.info')).unsettled;
    await until('the stopped worker has it', async () => (await unsettled()) === 1);
    const other = await startWorker({ brokers: [bind] });
    worker.kill();
    expect([await first, await values.next(), await values.next()].map(({ value }) => value as number)).toEqual(
      upTo(3),
    );
    expect((await allRunsOf(other)).get('early')).toBe(1);
  },
  LIMIT_MS,
);
