// The broker's own services as plain clients use them: MMI (RFC 8) and Titanic (RFC 9), the latter over disks, kills and restarts.

import { freeEndpoint, until } from '../e2e/processes.js';
import { dataFolder, LIMIT_MS, startBroker, startClient } from '../e2e/stage.js';
import { plainClient, plainWorker, withPython, type PlainClient } from './plain-peers.js';
import { clear, served, stage, VERSIONS } from './stage.js';

afterEach(clear);

/** RFC 9: three digits, perhaps with a space and a text behind them. */
const statusOf = ([frame]: readonly string[]): number => {
  if (!/^\d{3}(?: .*)?$/.test(frame ?? '')) throw new Error(`no status: ${frame}`);
  return Number((frame as string).slice(0, 3));
};

async function submit(client: PlainClient, ...request: readonly string[]): Promise<string> {
  const [status, uuid, ...more] = await client.call('titanic.request', ...request);
  expect([status, more]).toEqual(['200', []]);
  expect(uuid).toMatch(/^[0-9A-Za-z]{32}$/);
  return uuid as string;
}

/** Asks again and again while the answer is 300. */
async function result(client: PlainClient, uuid: string): Promise<string[]> {
  let reply: string[] = [];
  await until(`${uuid} is done`, async () => {
    reply = await client.call('titanic.reply', uuid);
    return statusOf(reply) !== 300;
  });
  return reply;
}

withPython('MMI, RFC 8', () => {
  for (const version of VERSIONS) {
    test(
      `RFC 8: mmi.service MUST answer 200 where a worker is registered and 404 where none is, over 0.${version} (M14)`,
      async () => {
        const { endpoint } = await stage();
        const client = await plainClient(endpoint, { version });
        expect(await client.call('mmi.service', 'coffee')).toEqual(['404']);
        const worker = await plainWorker(endpoint, 'coffee', { version });
        await served(client, 'coffee');
        await worker.say('disconnect');
        await served(client, 'coffee', '404');
        for (const unreal of ['', '\x00\xff', 'x'.repeat(10_000)])
          expect(await client.call('mmi.service', unreal)).toEqual(['404']);
      },
      LIMIT_MS,
    );

    test(
      `RFC 8: an unimplemented name in "mmi." MUST result in 501, over 0.${version} (M14)`,
      async () => {
        const { endpoint } = await stage();
        const client = await plainClient(endpoint, { version });
        for (const name of ['mmi.nonsense', 'mmi.', 'mmi.service.more', 'mmi.constructor', 'mmi.__proto__'])
          expect(await client.call(name, 'coffee')).toEqual(['501']);
      },
      LIMIT_MS,
    );

    test(
      `RFC 8: a 0.${version} worker that would register in "mmi." MUST be disconnected, and "mmi." is handled here (M7)`,
      async () => {
        const { endpoint } = await stage();
        const client = await plainClient(endpoint, { version });
        for (const name of ['mmi.service', 'mmi.mine', 'mmi.']) {
          const worker = await plainWorker(endpoint, name, { version });
          await worker.hears('disconnect');
          expect(await client.call('mmi.mine', 'x')).toEqual(['501']);
          expect(worker.unheard).toBe(0);
        }
      },
      LIMIT_MS,
    );
  }

  test(
    'mmi.services and mmi.workers list what is there, native and plain (M14)',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      await plainWorker(endpoint, 'coffee', { version: 2 });
      await plainWorker(endpoint, 'tea.make');
      await served(client, 'coffee');
      await served(client, 'tea.make');
      const ask = async (name: string): Promise<unknown> => JSON.parse((await client.call(name, ''))[0] as string);
      // Two connections: whoever was first is first.
      expect(await ask('mmi.services')).toHaveLength(2);
      expect(await ask('mmi.services')).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ service: 'coffee', methods: ['call'], workers: 1 }),
          expect.objectContaining({ service: 'tea', methods: ['make'], workers: 1 }),
        ]),
      );
      expect(await ask('mmi.workers')).toHaveLength(2);
      expect(await ask('mmi.services')).toEqual(await (await startClient(endpoint)).call('majordomo.services'));
    },
    LIMIT_MS,
  );
});

withPython('Titanic, RFC 9', () => {
  for (const version of VERSIONS) {
    test(
      `RFC 9: a request is stored, pending, done, and closed, over 0.${version} (M15)`,
      async () => {
        const { endpoint } = await stage({ data: dataFolder() });
        const client = await plainClient(endpoint, { version });
        const uuid = await submit(client, 'coffee', 'latte', '', '\x00\xff');
        expect(await client.call('titanic.reply', uuid)).toEqual(['300']);
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const held = await worker.request();
        expect(held.body).toEqual(['latte', '', '\x00\xff']);
        expect(await client.call('titanic.reply', uuid)).toEqual(['300']);
        await worker.reply(held, 'done', '', '\x01\xfe');
        // titanic.reply MUST NOT delete: it says the same as often as it is asked.
        for (let time = 0; time < 3; time++)
          expect(await result(client, uuid)).toEqual(['200', 'done', '', '\x01\xfe']);
        // titanic.close is idempotent and MUST answer 200 for what is not known.
        for (let time = 0; time < 2; time++)
          expect((await client.call('titanic.close', uuid)).map(Number)).toEqual([200]);
        expect(await client.call('titanic.reply', uuid)).toEqual(['400']);
      },
      LIMIT_MS,
    );
  }

  test(
    'RFC 9: what is not known is 400 to titanic.reply and 200 to titanic.close, whatever it looks like',
    async () => {
      const { endpoint } = await stage({ data: dataFolder() });
      const client = await plainClient(endpoint);
      for (const uuid of ['', 'x', '0'.repeat(32), 'z'.repeat(32), '\x00\xff', 'F'.repeat(32), 'x'.repeat(10_000)]) {
        expect(await client.call('titanic.reply', uuid)).toEqual(['400']);
        expect(await client.call('titanic.close', uuid)).toEqual(['200']);
      }
    },
    LIMIT_MS,
  );

  test(
    'a malformed titanic.request, or one for a service of the broker itself, is answered with 400 and nothing else (M17)',
    async () => {
      const { endpoint } = await stage({ data: dataFolder() });
      const client = await plainClient(endpoint);
      for (const body of [
        ['coffee'],
        ['', 'latte'],
        ['\x00', 'latte'],
        ['x'.repeat(10_000), 'latte'],
        ['mmi.service', 'coffee'],
        ['titanic.request', 'coffee', 'latte'],
        ['titanic.close', '0'.repeat(32)],
        ['majordomo.info', 'x'],
      ]) {
        expect(await client.call('titanic.request', ...body)).toEqual(['400']);
      }
    },
    LIMIT_MS,
  );

  test(
    'a client that counts from its own uuid cannot close or read the request of another, also after a restart (M18)',
    async () => {
      const bind = await freeEndpoint();
      const data = dataFolder();
      let broker = await startBroker({ bind, data });
      const [mine, theirs] = [await plainClient(bind), await plainClient(bind)];
      const uuid = await submit(mine, 'coffee', 'mine');
      const strange = await submit(theirs, 'coffee', 'theirs');
      // The number of the request is no secret; the digest behind it is another one for each.
      for (const guess of [strange.slice(0, 14) + uuid.slice(14), strange.slice(0, 30) + uuid.slice(30)]) {
        expect(await mine.call('titanic.close', guess)).toEqual(['200']);
        expect(await mine.call('titanic.reply', guess)).toEqual(['400']);
      }
      expect(await theirs.call('titanic.reply', strange)).toEqual(['300']);
      broker.kill();
      await broker.ended;

      broker = await startBroker({ bind, data });
      const again = await plainClient(bind);
      await until('the journal is read', async () => statusOf(await again.call('titanic.reply', strange)) === 300);
      expect(await again.call('titanic.reply', strange.slice(0, 14) + uuid.slice(14))).toEqual(['400']);
      expect(await again.call('titanic.reply', uuid)).toEqual(['300']);
    },
    LIMIT_MS,
  );

  test(
    'RFC 9: only the status codes of the specification are used, also where nothing is stored',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      for (const [name, ...body] of [
        ['titanic.request', 'coffee', 'latte'],
        ['titanic.reply', '0'.repeat(32)],
        ['titanic.close', '0'.repeat(32)],
      ]) {
        expect(statusOf(await client.call(name as string, ...body))).toBe(500);
      }
    },
    LIMIT_MS,
  );

  test(
    'what titanic.close takes away before it was done is not done (M15)',
    async () => {
      const { endpoint } = await stage({ data: dataFolder() });
      const client = await plainClient(endpoint);
      const uuid = await submit(client, 'coffee', 'closed');
      const kept = await submit(client, 'coffee', 'kept');
      expect(await client.call('titanic.close', uuid)).toEqual(['200']);
      await plainWorker(endpoint, 'coffee', { echo: true });
      expect(await result(client, kept)).toEqual(['200', 'kept']);
      expect(await client.call('titanic.reply', uuid)).toEqual(['400']);
    },
    LIMIT_MS,
  );

  test(
    'a request outlives the connection of its client, and any client may ask for its reply',
    async () => {
      const { endpoint } = await stage({ data: dataFolder() });
      const client = await plainClient(endpoint);
      const uuid = await submit(client, 'coffee', 'latte');
      await client.close();
      await plainWorker(endpoint, 'coffee', { version: 2, echo: true });
      const other = await plainClient(endpoint, { version: 2 });
      expect(await result(other, uuid)).toEqual(['200', 'latte']);
    },
    LIMIT_MS,
  );

  test(
    'requests and replies outlive a kill -9 of the broker: what was answered 200 is there, and is done (M15)',
    async () => {
      const bind = await freeEndpoint();
      const data = dataFolder();
      let broker = await startBroker({ bind, data });
      const first = await plainClient(bind);
      await plainWorker(bind, 'coffee', { echo: true });
      const done = await submit(first, 'coffee', 'done before');
      expect(await result(first, done)).toEqual(['200', 'done before']);
      const waiting = await submit(first, 'tea', 'waits for a worker');
      const closed = await submit(first, 'tea', 'closed before');
      expect(await first.call('titanic.close', closed)).toEqual(['200']);
      const held = await plainWorker(bind, 'cake', { version: 2 });
      const running = await submit(first, 'cake', 'runs when the broker dies');
      await held.request();
      // The very last word before the kill: its 200 is a promise.
      const last = await submit(first, 'tea', 'last');
      broker.kill();
      await broker.ended;

      broker = await startBroker({ bind, data });
      const second = await plainClient(bind);
      await until('the journal is read', async () => statusOf(await second.call('titanic.reply', done)) !== 500);
      expect(await second.call('titanic.reply', done)).toEqual(['200', 'done before']);
      expect(await second.call('titanic.reply', waiting)).toEqual(['300']);
      expect(await second.call('titanic.reply', closed)).toEqual(['400']);
      for (const service of ['tea', 'cake']) await plainWorker(bind, service, { version: 2, echo: true });
      expect(await result(second, waiting)).toEqual(['200', 'waits for a worker']);
      expect(await result(second, last)).toEqual(['200', 'last']);
      expect(await result(second, running)).toEqual(['200', 'runs when the broker dies']);
      expect(await second.call('titanic.close', done)).toEqual(['200']);
      broker.kill();
      await broker.ended;

      broker = await startBroker({ bind, data });
      const third = await plainClient(bind);
      await until('the journal is read', async () => statusOf(await third.call('titanic.reply', last)) === 200);
      // A close outlives it too.
      expect(await third.call('titanic.reply', done)).toEqual(['400']);
    },
    LIMIT_MS,
  );

  test(
    'a request that fails is answered with its error, and not forever with 300 (M11, M15)',
    async () => {
      const { endpoint } = await stage({ data: dataFolder() });
      const client = await plainClient(endpoint);
      const worker = await plainWorker(endpoint, 'coffee');
      const uuid = await submit(client, 'coffee', 'latte');
      await worker.reply(await worker.request(), 'MAJORDOMO-ERROR', 'looks like', 'one');
      const [, mark, code] = await result(client, uuid);
      expect([mark, code]).toEqual(['MAJORDOMO-ERROR', 'REPLY_UNSENDABLE']);
    },
    LIMIT_MS,
  );
});
