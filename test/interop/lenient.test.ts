// Peers that do not follow the specification to the letter, or follow it in a way that is rare: what is unambiguous is served.

import { LIMIT_MS, startClient } from '../e2e/stage.js';
import { bytes, plainClient, plainWorker, withPython } from './plain-peers.js';
import { clear, stage, VERSIONS } from './stage.js';

afterEach(clear);

withPython('lenient with peers of other makes', () => {
  for (const version of VERSIONS) {
    test(
      `a 0.${version} worker that keeps the client frame as a string of ASCII answers each request once (M16)`,
      async () => {
        const { endpoint } = await stage();
        await plainWorker(endpoint, 'coffee', { version, echo: true, asString: true });
        const client = await plainClient(endpoint);
        for (const drink of ['latte', 'mocha']) expect(await client.call('coffee', drink)).toEqual([drink]);
      },
      LIMIT_MS,
    );

    test(
      `a 0.${version} worker that sends no heartbeats while its handler runs is not dead, and its request runs once (M19)`,
      async () => {
        const { broker, endpoint } = await stage({ mdpHeartbeatMs: 100 });
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint);
        await client.request('coffee', 'latte');
        const held = await worker.request();
        // Four times as long as an idle one may be silent.
        for (let beat = 0; beat < 12; beat++) await worker.heartbeat();
        await worker.reply(held, 'slow but done');
        expect(await client.reply('coffee')).toEqual(['slow but done']);
        await broker.caughtUp();
        expect(broker.all('request.redelivered')).toEqual([]);
        // Idle, it is judged as ever.
        await worker.hears('disconnect');
      },
      LIMIT_MS,
    );

    test(
      `a 0.${version} worker that leaves out the empty frame behind the client is understood, and its request runs once (M20)`,
      async () => {
        const { broker, endpoint } = await stage();
        const worker = await plainWorker(endpoint, 'coffee', { version });
        const client = await plainClient(endpoint);
        for (const body of [['hot'], ['hot', '', 'sweet']]) {
          await client.request('coffee', 'latte');
          const { client: asked } = await worker.request();
          const begin = version === 1 ? ['', 'MDPW01', '\x03'] : ['MDPW02', '\x04'];
          await worker.send(...begin, asked, ...body);
          expect(await client.reply('coffee')).toEqual(body);
        }
        await broker.caughtUp();
        expect(broker.all('request.redelivered')).toEqual([]);
      },
      LIMIT_MS,
    );

    test(
      `names with spaces, and in UTF-8, are served over 0.${version}, and natives call them (M7)`,
      async () => {
        const { endpoint } = await stage();
        const client = await plainClient(endpoint, { version });
        for (const name of ['my coffee', bytes('café au lait'), 'a (b) "c"', 'coffee.']) {
          await plainWorker(endpoint, name, { version, echo: true });
          expect(await client.call(name, 'latte')).toEqual(['latte']);
          expect(await client.call('mmi.service', name)).toEqual(['200']);
        }
        const native = await startClient(endpoint);
        expect(String(await native.call('mdp:my:20coffee.call', 'mocha', { codec: 'raw' }))).toBe('mocha');
      },
      LIMIT_MS,
    );
  }

  test(
    'a worker that is refused for good and comes back at once does so once a second, not thousands of times (M23)',
    async () => {
      const { broker, endpoint } = await stage();
      const worker = await plainWorker(endpoint);
      const began = Date.now();
      for (let time = 0; time < 10; time++) {
        await worker.ready('mmi.service');
        await worker.hears('disconnect');
      }
      // Eight at once, then one a second: never sooner, however busy the machine is.
      expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
      await broker.caughtUp();
      expect(broker.all('peer.fault')).toEqual([expect.objectContaining({ fault: 'name', suppressed: 0 })]);
    },
    LIMIT_MS,
  );
});
