// What can happen to the folder of a journal: a disk that fails, two brokers, bytes that have changed, a file that is something else.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isMajordomoError } from '@majordomo/protocol';
import { BIN, majordomo } from './command.js';
import { keepFigures } from './figures.js';
import { Submissions } from './submissions.js';
import { built, freeEndpoint, Program, until } from './processes.js';
import { buildShim, withShim } from './shim.js';
import { clearStage, dataFolder, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

const FILE = 'data.mdb';
const { rooms: withDisk, library } = withShim(buildShim());

afterEach(clearStage);

const IN_FLIGHT = 50;

withDisk('on a disk that fails', () => {
  test(
    'a disk that fails to sync: nothing more is acknowledged, the process ends with 74 and says why, and what was acknowledged is done',
    async () => {
      const [bind, data] = [await freeEndpoint(), dataFolder()];
      const trouble = join(data, 'trouble');
      const env = { LD_PRELOAD: library, DISK_FILE: join(data, FILE), DISK_FAIL: trouble };
      const args = ['broker', '--json', '--bind', bind, '--data', data];
      const broker = new Program(built(BIN), { args, env });
      await broker.hear('ready');
      const client = await startClient(bind);
      const mayRefuse = (error: unknown): boolean => isMajordomoError(error) && error.code !== 'CLOSED';
      const submissions = new Submissions({ client, address: 'lab.echo', inFlight: IN_FLIGHT, mayRefuse });
      const { tickets } = submissions;
      await until('much is handed over', () => tickets.size > 10 * IN_FLIGHT);
      writeFileSync(trouble, '');
      expect(await broker.ended).toEqual({ code: 74, signal: null });
      expect(broker.errors).toContain(`the journal in ${data} cannot be written any more: Input/output error`);
      const before = tickets.size;
      rmSync(trouble);
      const next = await startBroker({ bind, data });
      expect(await next.hear('journal.opened')).toMatchObject({ starts: 2 });
      await until('more is handed over', () => tickets.size > before + IN_FLIGHT);
      await submissions.end();
      await startWorker({ brokers: [bind] });
      expect(await submissions.answered()).toEqual([...tickets.keys()]);
      keepFigures('sync-error', { tickets: tickets.size, 'acknowledged before the error': before });
    },
    LIMIT_MS,
  );
});

test(
  'a folder is for one broker: a second one is told who has it, and one that was killed does not hold it',
  async () => {
    const data = dataFolder();
    const first = await startBroker({ bind: await freeEndpoint(), data });
    const start = (): ReturnType<typeof majordomo> =>
      majordomo(['broker', '--bind', 'tcp://127.0.0.1:0', '--data', data]);
    for (let i = 0; i < 2; i++) {
      const { code, stderr } = await start();
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringMatching(
          new RegExp(
            `the journal in ${data} cannot be opened: process ${first.pid} on ${hostname()} has had it open since 20`,
          ),
        ),
      });
    }
    first.kill();
    await first.ended;
    const second = await startBroker({ bind: await freeEndpoint(), data });
    expect(await second.hear('journal.opened')).toMatchObject({ starts: 2 });
    expect((await start()).stderr).toContain(`process ${second.pid} on`);
    second.signal('SIGTERM');
    await second.ended;
    const third = await startBroker({ bind: await freeEndpoint(), data });
    expect(await third.hear('journal.opened')).toMatchObject({ starts: 3 });
  },
  LIMIT_MS,
);

const DAMAGED = ['3', '8', '11'];

test(
  'entries whose bytes have changed are reported and set aside, once, and the rest is served',
  async () => {
    const [bind, data] = [await freeEndpoint(), dataFolder()];
    const first = await startBroker({ bind, data });
    const client = await startClient(bind);
    const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
    const tickets = await Promise.all(ids.map((id) => client.submit('lab.echo', { id, text: `marker ${id}.` })));
    first.kill();
    await first.ended;
    const file = readFileSync(join(data, FILE));
    for (const id of DAMAGED) {
      const marker = `marker ${id}.`;
      expect(file.indexOf(marker)).toBeGreaterThan(0);
      for (let at = file.indexOf(marker); at >= 0; at = file.indexOf(marker, at + 1)) file[at] = (file[at] ?? 0) ^ 4;
    }
    writeFileSync(join(data, FILE), file);
    const second = await startBroker({ bind, data });
    await second.hear('journal.read');
    await second.caughtUp();
    expect(second.all('journal.read')).toMatchObject([{ requests: 17, damaged: 3 }]);
    expect(second.all('journal.damaged')).toMatchObject(DAMAGED.map(() => ({ reason: 'its checksum is wrong' })));
    await startWorker({ brokers: [bind] });
    const ends = await Promise.allSettled(tickets.map((ticket) => client.ticket<Answer>(ticket.id).result()));
    const told = ends.map((end, i) => {
      if (end.status === 'fulfilled') return end.value.id === ids[i] ? 'done' : 'mixed up';
      return isMajordomoError(end.reason) ? end.reason.code : String(end.reason);
    });
    expect(told).toEqual(ids.map((id) => (DAMAGED.includes(id) ? 'TICKET_DAMAGED' : 'done')));
    second.signal('SIGTERM');
    await second.ended;
    const third = await startBroker({ bind, data });
    expect(await third.hear('journal.read')).toMatchObject({ requests: 17, damaged: 0 });
    const asked = await Promise.allSettled(tickets.map(({ id }) => client.ticket(id).status()));
    const codes = asked.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'there'));
    expect(codes).toEqual(ids.map((id) => (DAMAGED.includes(id) ? 'TICKET_DAMAGED' : 'there')));
  },
  LIMIT_MS,
);

test(
  'a file that is no journal is not touched, and whoever starts the broker is told what to do',
  async () => {
    const data = join(dataFolder(), 'data');
    mkdirSync(data);
    writeFileSync(join(data, FILE), 'a letter\n'.repeat(10_000));
    const { code, stdout, stderr } = await majordomo(['broker', '--bind', 'tcp://127.0.0.1:0', '--data', data]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      `the journal in ${data} cannot be opened: its data.mdb is no journal, or is damaged at its beginning; restore it, or move the folder ` +
        'away and start with an empty one',
    );
    expect(readFileSync(join(data, FILE), 'utf8')).toBe('a letter\n'.repeat(10_000));
  },
  LIMIT_MS,
);
