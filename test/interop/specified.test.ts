// What RFC 7 (MDP/0.1) and RFC 18 (MDP/0.2) say that a broker MUST do, asked by peers that were written from them and from nothing of ours.

import { LIMIT_MS } from '../e2e/stage.js';
import { withPython, plainClient, plainWorker, type Held, type PlainWorker } from './plain-peers.js';
import { clear, heardAfterDismissal, RFC, served, stage, VERSIONS } from './stage.js';

afterEach(clear);

/** Everything that a byte can be, and a frame that is empty. */
const BODY = ['plain text', '', '\x00\x01\x80\xff', 'last'];
const NOBODY: Held = { client: 'nobody', body: [] };

for (const version of VERSIONS) {
  withPython(RFC[version], () => {
    test(
      `a REQUEST and its reply have precisely one client frame, an empty frame behind it, and the body as it was`,
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', ...BODY);
        const held = await worker.request();
        expect(held.body).toEqual(BODY);
        await worker.reply(held, ...BODY.toReversed());
        expect(await client.reply('coffee')).toEqual(BODY.toReversed());
      },
      LIMIT_MS,
    );

    test(
      `a READY is not answered, and a worker has one request at a time`,
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        for (const number of ['1', '2', '3']) await client.request('coffee', number);
        for (const number of ['1', '2', '3']) {
          const held = await worker.request();
          expect(held.body).toEqual([number]);
          await client.request('mmi.service', 'coffee');
          await client.reply('mmi.service');
          expect(worker.unheard).toBe(0);
          await worker.reply(held, `done ${number}`);
          expect(await client.reply('coffee')).toEqual([`done ${number}`]);
        }
      },
      LIMIT_MS,
    );

    test(
      `many workers may handle the same service`,
      async () => {
        const { endpoint } = await stage();
        const workers = [
          await plainWorker(endpoint, 'coffee', { version }),
          await plainWorker(endpoint, 'coffee', { version }),
        ];
        const clients = [await plainClient(endpoint, { version }), await plainClient(endpoint, { version })];
        await Promise.all(clients.map((client, i) => client.request('coffee', `cup ${i}`)));
        const held = await Promise.all(workers.map((worker) => worker.request()));
        expect(new Set(held.map(({ body }) => body[0]))).toEqual(new Set(['cup 0', 'cup 1']));
        for (const [i, worker] of workers.entries())
          await worker.reply(held[i] as Held, `${held[i]?.body[0]} is ready`);
        for (const [i, client] of clients.entries())
          expect(await client.reply('coffee')).toEqual([`cup ${i} is ready`]);
      },
      LIMIT_MS,
    );

    test(
      `a second READY MUST be answered with DISCONNECT and no further commands (M4)`,
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        await worker.ready('coffee');
        expect(await heardAfterDismissal(worker)).toBe(0);
      },
      LIMIT_MS,
    );

    const early: readonly (readonly [string, (worker: PlainWorker) => Promise<void>])[] = [
      ['HEARTBEAT', (worker) => worker.say('heartbeat')],
      ['a reply', (worker) => worker.reply(NOBODY, 'early')],
      ...(version === 2
        ? ([['PARTIAL', (worker) => worker.partial(NOBODY, 'early')]] as [
            string,
            (worker: PlainWorker) => Promise<void>,
          ][])
        : []),
    ];
    for (const [what, act] of early) {
      test(
        `${what} before READY MUST be answered with DISCONNECT and no further commands (M3)`,
        async () => {
          const { endpoint } = await stage();
          const worker = await plainWorker(endpoint, undefined, { version });
          await act(worker);
          expect(await heardAfterDismissal(worker)).toBe(0);
        },
        LIMIT_MS,
      );
    }

    test(
      `a reply when nothing is outstanding MUST be answered with DISCONNECT and no further commands (M4)`,
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        await worker.reply(NOBODY, 'unasked');
        expect(await heardAfterDismissal(worker)).toBe(0);
      },
      LIMIT_MS,
    );

    test(
      `after DISCONNECT of a worker the broker MUST send it no further commands, and hands on what it held`,
      async () => {
        const { endpoint } = await stage();
        const leaving = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        await leaving.request();
        await leaving.say('disconnect');
        await served(await plainClient(endpoint, { version }), 'coffee', '404');
        const other = await plainWorker(endpoint, 'coffee', { version });
        const held = await other.request();
        // It is told nothing but that it is not known, which a worker that has left would not ask.
        await leaving.reply(held, 'too late');
        expect(await heardAfterDismissal(leaving)).toBe(0);
        await other.reply(held, 'in time');
        expect(await client.reply('coffee')).toEqual(['in time']);
      },
      LIMIT_MS,
    );

    test(
      `a worker MAY send DISCONNECT at any time, also before READY, and is not answered`,
      async () => {
        const { endpoint } = await stage();
        const worker = await plainWorker(endpoint, undefined, { version });
        await worker.say('disconnect');
        await worker.ready('coffee');
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        expect((await worker.request()).body).toEqual(['latte']);
      },
      LIMIT_MS,
    );

    test(
      `the broker MUST send heartbeats at regular intervals, to idle workers and to busy ones (M5)`,
      async () => {
        const { endpoint } = await stage({ mdpHeartbeatMs: 700, mdpLiveness: 10 });
        const worker = await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 50 });
        for (let beat = 0; beat < 2; beat++) await worker.hears('heartbeat');
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        const held = await worker.request();
        for (let beat = 0; beat < 2; beat++) await worker.hears('heartbeat');
        await worker.reply(held, 'ready');
        expect(await client.reply('coffee')).toEqual(['ready']);
      },
      LIMIT_MS,
    );

    test(
      `a worker that is silent for some intervals MUST be considered disconnected, and what it held is handed on (M5)`,
      async () => {
        const { broker, endpoint } = await stage({ mdpHeartbeatMs: 300, mdpBusySilenceMaxMs: 0 });
        const silent = await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 0 });
        const client = await plainClient(endpoint, { version });
        await client.request('coffee', 'latte');
        expect((await silent.request()).body).toEqual(['latte']);
        await silent.hears('disconnect');
        await broker.caughtUp();
        expect(broker.all('worker.lost')).toHaveLength(1);
        await plainWorker(endpoint, 'coffee', { version, heartbeatMs: 50, echo: true });
        expect(await client.reply('coffee')).toEqual(['latte']);
      },
      LIMIT_MS,
    );

    test(
      `requests for a service that nobody has registered SHOULD be queued, and SHOULD expire (M13)`,
      async () => {
        const { endpoint } = await stage({ mdpExpiresMs: 300 });
        const client = await plainClient(endpoint, { version });
        const [mark, code, text] = await client.call('coffee', 'latte');
        expect([mark, code]).toEqual(['MAJORDOMO-ERROR', 'DEADLINE_EXCEEDED']);
        expect(JSON.parse(text as string)).toMatchObject({ ran: 'no' });
        const patient = await stage();
        await (await plainClient(patient.endpoint, { version })).request('tea', 'green');
        const worker = await plainWorker(patient.endpoint, 'tea', { version });
        expect((await worker.request()).body).toEqual(['green']);
      },
      LIMIT_MS,
    );
  });
}

withPython('one version or the other', () => {
  test(
    'RFC 7: a REQ socket, which writes the empty frame itself, is a client like any other',
    async () => {
      const { endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const client = await plainClient(endpoint, { socket: 'REQ' });
      for (const number of ['1', '2', '3']) expect(await client.call('coffee', number)).toEqual([number]);
    },
    LIMIT_MS,
  );

  test(
    'RFC 18: a client has zero or more PARTIAL and one FINAL of a worker, and nothing after it',
    async () => {
      const { endpoint } = await stage();
      const worker = await plainWorker(endpoint, 'coffee', { version: 2 });
      const client = await plainClient(endpoint, { version: 2 });
      await client.request('coffee', 'latte');
      const held = await worker.request();
      // Each part is there before the next one is made.
      await worker.partial(held, 'one');
      expect(await client.partial('coffee')).toEqual(['one']);
      await worker.partial(held, 'two', '', 'and a half');
      expect(await client.partial('coffee')).toEqual(['two', '', 'and a half']);
      await worker.reply(held, 'three', 'frames', 'here');
      expect(await client.reply('coffee')).toEqual(['three', 'frames', 'here']);
      // And none at all.
      await client.request('coffee', 'espresso');
      await worker.reply(await worker.request(), 'two', 'frames');
      expect(await client.reply('coffee')).toEqual(['two', 'frames']);
      expect(await client.call('mmi.service', 'coffee')).toEqual(['200']);
      expect(client.unheard).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    'the commands 03, 04 and 05 of a worker mean what its own version says',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      const first = await plainWorker(endpoint, 'first', { version: 1 });
      const second = await plainWorker(endpoint, 'second', { version: 2, echo: true });
      await served(client, 'first');
      await served(client, 'second');
      // 05 takes a 0.1 worker away, and is a sign of life of a 0.2 worker.
      await first.send('', 'MDPW01', '\x05');
      await second.send('MDPW02', '\x05');
      await served(client, 'first', '404');
      expect(await client.call('second', 'still there')).toEqual(['still there']);
    },
    LIMIT_MS,
  );
});
