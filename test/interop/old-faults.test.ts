// What the brokers that plain Majordomo peers know get wrong, and this one does not: lost, doubled and misled replies, and peers that come back.

import { freeEndpoint, until } from '../e2e/processes.js';
import { LIMIT_MS, startBroker, startClient } from '../e2e/stage.js';
import { plainClient, plainWorker, withPython } from './plain-peers.js';
import { clear, heardAfterDismissal, expectServing, RFC, served, stage, VERSIONS } from './stage.js';

afterEach(clear);

for (const version of VERSIONS) {
  withPython(`${RFC[version]}, what old brokers get wrong`, () => {
    test(
      'a request whose worker dies busy is handed to another at once when the connection drops',
      async () => {
        // A heartbeat rule that would take minutes: only the broken connection can tell.
        const { broker, endpoint } = await stage({ mdpHeartbeatMs: 60_000 });
        const dying = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        const lost = await dying.request();
        const other = await plainWorker(endpoint, 'coffee', { version });
        await dying.close();
        const held = await other.request();
        expect(held).toMatchObject({ body: ['latte'] });
        expect(held.client).not.toBe(lost.client);
        await other.reply(held, 'done');
        expect(await client.reply('coffee')).toEqual(['done']);
        await broker.caughtUp();
        expect(broker.all('request.redelivered')).toHaveLength(1);
      },
      LIMIT_MS,
    );

    test(
      'a reply that comes twice is answered with DISCONNECT and reaches nobody (M4)',
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        const held = await worker.request();
        await worker.reply(held, 'once');
        await worker.reply(held, 'twice');
        expect(await client.reply('coffee')).toEqual(['once']);
        expect(await heardAfterDismissal(worker)).toBe(0);
        expect(await client.call('mmi.service', 'coffee')).toEqual(['404']);
        expect(client.unheard).toBe(0);
      },
      LIMIT_MS,
    );

    test(
      'a reply reaches only the client whose request the worker held, also when it names that of another worker (M4)',
      async () => {
        const { endpoint } = await stage();
        const thief = await plainWorker(endpoint, 'tea', { version });
        const honest = await plainWorker(endpoint, 'coffee', { version });
        const clients = [await plainClient(endpoint, { version }), await plainClient(endpoint, { version })] as const;
        await clients[0].request('coffee', 'latte');
        await clients[1].request('tea', 'green');
        const held = await honest.request();
        await thief.request();
        await thief.reply(held, 'stolen');
        expect(await heardAfterDismissal(thief)).toBe(0);
        await honest.reply(held, 'mine');
        expect(await clients[0].reply('coffee')).toEqual(['mine']);
        // What the thief held is handed to another.
        await plainWorker(endpoint, 'tea', { version, echo: true });
        expect(await clients[1].reply('tea')).toEqual(['green']);
      },
      LIMIT_MS,
    );

    test(
      'a client that never asked, but whose routing id a worker knows, hears nothing of it (M4)',
      async () => {
        const { endpoint } = await stage();
        const victim = await plainClient(endpoint, { version, routingId: 'victim' });
        expect(await victim.call('mmi.service', 'coffee')).toEqual(['404']);
        const worker = await plainWorker(endpoint, 'coffee', { version });
        await worker.reply({ client: 'victim' }, 'unasked');
        expect(await heardAfterDismissal(worker)).toBe(0);
        expect(await victim.call('mmi.service', 'coffee')).toEqual(['404']);
        expect(victim.unheard).toBe(0);
      },
      LIMIT_MS,
    );

    test(
      'a late reply to a client that has gone and asked again from a new connection is dropped, and the new request answered',
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const impatient = await plainClient(endpoint, { version });
        await impatient.request('coffee', 'first try');
        const late = await worker.request();
        await impatient.close();
        const again = await plainClient(endpoint, { version });
        await again.request('coffee', 'second try');
        await worker.reply(late, 'too late');
        const held = await worker.request();
        expect(held.body).toEqual(['second try']);
        await worker.reply(held, 'in time');
        expect(await again.reply('coffee')).toEqual(['in time']);
        expect(again.unheard).toBe(0);
      },
      LIMIT_MS,
    );

    test(
      'what a client has asked that has gone is not begun for nobody',
      async () => {
        const { broker, endpoint } = await stage();
        const gone = await plainClient(endpoint, { version });
        await gone.request('coffee', 'for nobody');
        expect(await gone.call('mmi.service', 'coffee')).toEqual(['404']);
        await gone.close();
        await broker.hear('client.left');
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'for me');
        expect((await worker.request()).body).toEqual(['for me']);
      },
      LIMIT_MS,
    );

    test(
      'a worker whose routing id comes back on a new connection is a new worker, and what it held is handed out again (M1)',
      async () => {
        const { broker, endpoint } = await stage();
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        for (let life = 1; life <= 4; life++) {
          const worker = await plainWorker(endpoint, 'coffee', { version, routingId: 'always the same' });
          const held = await worker.request();
          expect(held.body).toEqual(['latte']);
          if (life === 4) await worker.reply(held, `life ${life}`);
          else await worker.close();
          await until(`life ${life} is over`, () => broker.all('worker.lost').length === Math.min(life, 3));
        }
        expect(await client.reply('coffee')).toEqual(['life 4']);
      },
      LIMIT_MS,
    );

    test(
      'a worker whose routing id comes back while the broker still has the old connection is served after a while (M1)',
      async () => {
        const { endpoint } = await stage({ mdpHeartbeatMs: 100 });
        const client = await plainClient(endpoint, { version });
        const init = { version, routingId: 'always the same', heartbeatMs: 100, patienceMs: 300 } as const;
        await client.request('coffee', 'latte');
        let worker = await plainWorker(endpoint, 'coffee', init);
        await worker.request();
        for (;;) {
          // As the specification has it: what hears DISCONNECT, or nothing for too long, comes back at once on a new socket.
          await worker.close();
          worker = await plainWorker(endpoint, 'coffee', init);
          const { kind, client: held } = await worker.hearsAny();
          if (kind !== 'request') continue;
          await worker.reply({ client: held as string }, 'served');
          break;
        }
        expect(await client.reply('coffee')).toEqual(['served']);
      },
      LIMIT_MS,
    );

    test(
      'a worker comes back with READY when the broker has started again and says that it does not know it (M3)',
      async () => {
        const bind = await freeEndpoint();
        const broker = await startBroker({ bind });
        const worker = await plainWorker(bind, 'coffee', { version, heartbeatMs: 100 });
        await served(await plainClient(bind, { version }), 'coffee');
        broker.kill();
        await broker.ended;
        await startBroker({ bind });
        // Its socket connects again by itself, and its next heartbeat is answered.
        await worker.hears('disconnect');
        await worker.close();
        await plainWorker(bind, 'coffee', { version, echo: true });
        expect(await (await plainClient(bind, { version })).call('coffee', 'latte')).toEqual(['latte']);
      },
      LIMIT_MS,
    );

    test(
      'an answer that was under way to a broker that died is for nobody in the next one',
      async () => {
        const bind = await freeEndpoint();
        const broker = await startBroker({ bind });
        const worker = await plainWorker(bind, 'coffee', { version });
        const client = await plainClient(bind, { version });
        await client.request('coffee', 'latte');
        const held = await worker.request();
        broker.kill();
        await broker.ended;
        await worker.reply(held, 'to the dead');
        await startBroker({ bind });
        expect(await heardAfterDismissal(worker)).toBe(0);
        expect(client.unheard).toBe(0);
        await expectServing(bind);
      },
      LIMIT_MS,
    );

    test(
      'expired workers are found behind live ones, and requests only go to those who live (M5)',
      async () => {
        const { broker, endpoint } = await stage({ mdpHeartbeatMs: 1_500 });
        await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 200, echo: true });
        const silent = [];
        for (let i = 0; i < 3; i++) silent.push(await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 0 }));
        await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 200, echo: true });
        await Promise.all(silent.map((worker) => worker.hears('disconnect')));
        await broker.caughtUp();
        expect(broker.all('worker.lost')).toHaveLength(silent.length);
        const client = await plainClient(endpoint, { version });
        for (let number = 0; number < 10; number++)
          expect(await client.call('coffee', String(number))).toEqual([String(number)]);
        const [workers] = await client.call('mmi.workers', '');
        expect(JSON.parse(workers as string)).toHaveLength(2);
      },
      LIMIT_MS,
    );

    test(
      'names that nobody serves do not grow memory',
      async () => {
        const { endpoint } = await stage({ mdpExpiresMs: 200 });
        const client = await plainClient(endpoint, { version });
        const names = Array.from({ length: 500 }, (_, i) => `nobody-${i}`);
        for (const name of names) await client.call('mmi.service', name);
        for (const name of names) await client.request(name, 'latte');
        const unanswered = new Set(names);
        while (unanswered.size > 0) {
          const { service, body } = await client.hears('reply');
          expect((body as string[]).slice(0, 2)).toEqual(['MAJORDOMO-ERROR', 'DEADLINE_EXCEEDED']);
          expect(unanswered.delete(service as string)).toBe(true);
        }
        const native = await startClient(endpoint);
        await until('none of them is known', async () => {
          const { services } = await native.call<{ services: number }>('majordomo.info');
          return services === 0;
        });
        expect(await client.call('mmi.services', '')).toEqual(['[]']);
      },
      LIMIT_MS,
    );
  });
}

withPython('RFC 18, peers as they are', () => {
  test(
    'the stray PARTIAL that a known worker library sends after each FINAL does not cost it its connection (M4)',
    async () => {
      const { endpoint } = await stage();
      const worker = await plainWorker(endpoint, 'coffee', { version: 2 });
      const client = await plainClient(endpoint, { version: 2 });
      for (let number = 0; number < 5; number++) {
        await client.request('coffee', String(number));
        const held = await worker.request();
        await worker.reply(held, `done ${number}`);
        await worker.partial({ client: 'nobody' }, 'stray');
        await worker.partial(held, 'stray, and of what it held');
        expect(await client.reply('coffee')).toEqual([`done ${number}`]);
      }
      expect(worker.unheard + client.unheard).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    'peers that write an empty frame before 0.2 headers are understood, and answered so',
    async () => {
      const { endpoint } = await stage();
      const init = { version: 2, prefix: [''] } as const;
      const worker = await plainWorker(endpoint, 'coffee', init);
      const client = await plainClient(endpoint, init);
      await client.request('coffee', 'latte');
      const held = await worker.request();
      await worker.partial(held, 'half');
      expect(await client.partial('coffee')).toEqual(['half']);
      await worker.reply(held, 'whole');
      expect(await client.reply('coffee')).toEqual(['whole']);
      await worker.reply(held, 'twice');
      await worker.hears('disconnect');
    },
    LIMIT_MS,
  );

  test(
    'a client that pipelines to one worker has its replies in the order in which it asked',
    async () => {
      const { endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const client = await plainClient(endpoint);
      const numbers = Array.from({ length: 200 }, (_, i) => String(i));
      for (const number of numbers) await client.request('coffee', number);
      for (const number of numbers) expect(await client.reply('coffee')).toEqual([number]);
    },
    LIMIT_MS,
  );
});
