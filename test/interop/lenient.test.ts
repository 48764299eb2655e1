// Peers that do not follow the specification to the letter, or follow it in a way that is rare: what is unambiguous is served.

import { LIMIT_MS } from '../e2e/stage.js';
import { plainClient, plainWorker, withPython } from './plain-peers.js';
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
  }
});
