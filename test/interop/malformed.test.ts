// What kills other brokers: everything malformed that a peer may send, each on a fresh connection, after which this broker serves on.
//
// Each is said by a lone peer, and by a worker that is at work on a request, which must lose nothing but its own place.

import { LIMIT_MS } from '../e2e/stage.js';
import { withPython, plainClient, plainWorker, type PlainWorker } from './plain-peers.js';
import { clear, expectServing, served, stage } from './stage.js';

afterEach(clear);

/** M2: a worker is told DISCONNECT, a client nothing, or an error where it has asked for something (M21); who is of no protocol at all is told so in our own, and heard no more. */
type Answer = 'disconnect' | 'nothing' | 'error' | 'goodbye';
type Malformed = readonly [what: string, frames: readonly string[], version: 1 | 2, answer: Answer];

const BINARY = '\x00\xff\x01\x80\n';
const LONG = 'x'.repeat(10_000);

const FROM_NOBODY: readonly Malformed[] = [
  ['a single frame', ['x'], 1, 'goodbye'],
  ['a single empty frame', [''], 1, 'goodbye'],
  ['nothing but empty frames', ['', '', ''], 1, 'goodbye'],
  ['a single binary frame', [BINARY], 1, 'goodbye'],
  ['an unknown header', ['', 'MDPX01', 'coffee', 'latte'], 1, 'goodbye'],
  ['an unknown version', ['', 'MDPC09', 'coffee', 'latte'], 1, 'goodbye'],
  ["other people's MDPC03", ['', 'MDPC03', 'coffee', 'latte'], 1, 'goodbye'],
  ["other people's MDPW03", ['', 'MDPW03', '\x01', 'coffee'], 1, 'goodbye'],
  ["other people's MDPC0X", ['MDPC0X', '\x01', 'coffee', 'latte'], 1, 'goodbye'],
  ['a header in lower case', ['', 'mdpc01', 'coffee', 'latte'], 1, 'goodbye'],
  ['a header that goes on', ['', 'MDPC01x', 'coffee', 'latte'], 1, 'goodbye'],
  ['a header that stops early', ['', 'MDPW0'], 1, 'goodbye'],
  ['a first frame that is not empty', ['x', 'MDPW01', '\x01', 'coffee'], 1, 'goodbye'],
  ['two empty frames in front', ['', '', 'MDPC01', 'coffee', 'latte'], 1, 'goodbye'],
  ['a thousand frames', ['', ...Array.from({ length: 1_000 }, () => 'x')], 1, 'goodbye'],
];

const FROM_CLIENTS: readonly Malformed[] = [
  ['a client header alone, 0.1', ['', 'MDPC01'], 1, 'nothing'],
  ['a client header alone, 0.2', ['MDPC02'], 2, 'nothing'],
  ['a 0.1 client header without the empty frame', ['MDPC01', 'coffee', 'latte'], 1, 'nothing'],
  ['a request without a body, 0.1', ['', 'MDPC01', 'coffee'], 1, 'error'],
  ['a request without a body, 0.2', ['MDPC02', '\x01', 'coffee'], 2, 'error'],
  ['a request without a service, 0.2', ['MDPC02', '\x01'], 2, 'nothing'],
  ['a request with an empty service, 0.1', ['', 'MDPC01', '', 'latte'], 1, 'error'],
  ['a request with an empty service, 0.2', ['MDPC02', '\x01', '', 'latte'], 2, 'error'],
  ['a request that says REQUEST as 02, 0.1', ['', 'MDPC01', '\x02', 'coffee', 'latte'], 1, 'error'],
  ['a request that says REQUEST as 02, 0.2', ['MDPC02', '\x02', 'coffee', 'latte'], 2, 'nothing'],
  ['a request for a binary name, 0.1', ['', 'MDPC01', BINARY, 'latte'], 1, 'error'],
  ['a request for mmi.service without a body', ['', 'MDPC01', 'mmi.service'], 1, 'error'],
  ['a 0.2 client command that is not known', ['MDPC02', '\x09', 'coffee', 'latte'], 2, 'nothing'],
  ['a 0.2 client command that is empty', ['MDPC02', '', 'coffee', 'latte'], 2, 'nothing'],
  ['a 0.2 client command of two bytes', ['MDPC02', '\x01\x01', 'coffee', 'latte'], 2, 'nothing'],
  ['FINAL from a client', ['MDPC02', '\x03', 'coffee', 'latte'], 2, 'nothing'],
];

/** The same faults in both versions: what stands before the command, and its bytes. */
function fromWorkers(version: 1 | 2): Malformed[] {
  const begin = version === 1 ? ['', 'MDPW01'] : ['MDPW02'];
  const [reply, heartbeat, disconnect] = version === 1 ? ['\x03', '\x04', '\x05'] : ['\x04', '\x05', '\x06'];
  const cases: readonly (readonly [string, ...string[]])[] = [
    ['a worker header alone'],
    ['a command that is not known', '\x09'],
    ['a command that is empty', ''],
    ['a command of two bytes', '\x01\x01', 'coffee'],
    ['REQUEST from a worker', '\x02', 'client', '', 'body'],
    ['READY without a service', '\x01'],
    ['READY with an empty service', '\x01', ''],
    ['READY with two services', '\x01', 'coffee', 'tea'],
    ['READY with a binary name (M7)', '\x01', BINARY],
    ['READY with a name of 10,000 characters (M7)', '\x01', LONG],
    ['READY for mmi.service (M7)', '\x01', 'mmi.service'],
    ['READY for titanic.request (M7)', '\x01', 'titanic.request'],
    ['READY for majordomo (M7)', '\x01', 'majordomo'],
    ['READY for majordomo.info (M7)', '\x01', 'majordomo.info'],
    ['a reply without frames', reply],
    ['a reply with a client alone', reply, 'client'],
    ['a reply without a delimiter', reply, 'client', 'body'],
    ['a reply with a delimiter that is not empty', reply, 'client', 'x', 'body'],
    ['a reply without a body', reply, 'client', ''],
    ['a reply with an empty client', reply, '', '', 'body'],
    ['a reply for a client that never asked', reply, 'nobody', '', 'body'],
    ['a reply for a client that never asked, without a delimiter', reply, 'nobody', 'body', 'more'],
    ['READY with a line break (M7)', '\x01', 'my\ncoffee'],
    ['READY with half a character (M7)', '\x01', 'caf\xc3'],
    ['HEARTBEAT with a frame behind it', heartbeat, 'x'],
    ['DISCONNECT with a frame behind it', disconnect, 'x'],
  ];
  return cases.map(([what, ...frames]) => [`${what}, 0.${version}`, [...begin, ...frames], version, 'disconnect']);
}

const NO_DELIMITER: Malformed = ['a 0.1 worker without the empty frame', ['MDPW01', '\x01', 'coffee'], 1, 'disconnect'];
const ALL: readonly Malformed[] = [...FROM_NOBODY, ...FROM_CLIENTS, NO_DELIMITER, ...fromWorkers(1), ...fromWorkers(2)];

/** Each answer, and that nothing else is said. */
const HEARD: Readonly<Record<Answer, (bad: PlainWorker) => Promise<unknown>>> = {
  nothing: async (bad) => {
    // It is still there: what it says next is answered, and that is the first answer (I2).
    await bad.say('heartbeat');
    await bad.hears('disconnect');
  },
  disconnect: (bad) => bad.hears('disconnect'),
  // It is a worker that hears what clients are told.
  error: (bad) => bad.hears('wrong'),
  // To the peer it is as wrong as what it has sent is to us.
  goodbye: async (bad) => {
    const { frames } = await bad.hears('wrong');
    expect((frames as string[])[0]).toMatch(/^\x9d.*NOT_NATIVE$/s);
  },
};

async function named<T>(what: string, play: () => Promise<T>): Promise<T> {
  try {
    return await play();
  } catch (error) {
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
}

withPython('malformed messages', () => {
  test(
    'after every malformed message on a fresh connection the broker serves; a worker is told DISCONNECT (M2)',
    async () => {
      const { broker, endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const client = await plainClient(endpoint);
      for (const [what, frames, version, answer] of ALL) {
        const bad = await plainWorker(endpoint, undefined, { version });
        await bad.send(...frames);
        await named(what, () => HEARD[answer](bad));
        expect(bad.unheard).toBe(0);
        await named(what, async () => expect(await client.call('coffee', what)).toEqual([what]));
        await bad.close();
      }
      expect(broker.errors).toBe('');
      await expectServing(endpoint);
    },
    LIMIT_MS,
  );

  test(
    'a worker that says any of them while it is busy loses its request to another, and the client hears of nothing',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      for (const [what, frames, version] of [...fromWorkers(1), ...fromWorkers(2)]) {
        const bad = await plainWorker(endpoint, 'coffee', { version });
        await client.request('coffee', what);
        await named(what, () => bad.request());
        await bad.send(...frames);
        await named(what, () => bad.hears('disconnect'));
        const good = await plainWorker(endpoint, 'coffee', { version });
        const held = await good.request();
        await good.reply(held, `done: ${what}`);
        expect(await client.reply('coffee')).toEqual([`done: ${what}`]);
        await Promise.all([bad.close(), good.close()]);
        await served(client, 'coffee', '404');
      }
    },
    LIMIT_MS,
  );

  test(
    'after any of them, a client is served on the same connection',
    async () => {
      const { endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      for (const [what, frames, version, answer] of [...FROM_CLIENTS, ...FROM_NOBODY]) {
        const client = await plainClient(endpoint, { version });
        await client.call('coffee', 'before');
        await client.send(...frames);
        if (answer === 'error') await named(what, () => client.hears('reply'));
        await named(what, async () => expect(await client.call('coffee', 'after')).toEqual(['after']));
        await client.close();
      }
    },
    LIMIT_MS,
  );

  test(
    'requests for names that cannot be are answered with an error, and cost nothing (M7, M11)',
    async () => {
      const { endpoint } = await stage();
      const client = await plainClient(endpoint);
      for (const name of [BINARY, LONG, 'my\ncoffee', 'ünï'])
        expect((await client.call(name, 'latte')).slice(0, 2)).toEqual(['MAJORDOMO-ERROR', 'NO_SUCH_SERVICE']);
      expect(JSON.parse((await client.call('mmi.services', ''))[0] as string)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'a worker with names that change, and a client on the connection of a worker, harm nobody (M1)',
    async () => {
      const { endpoint } = await stage();
      await plainWorker(endpoint, 'coffee', { echo: true });
      const both = await plainWorker(endpoint, 'tea');
      await both.send('', 'MDPC01', 'coffee', 'latte');
      const client = await plainClient(endpoint);
      await client.request('tea', 'green');
      // What it asked as a client was not answered: the next word is its own request.
      expect((await both.request()).body).toEqual(['green']);
      await client.send('', 'MDPW01', '\x01', 'coffee');
      await expectServing(endpoint);
    },
    LIMIT_MS,
  );
});
