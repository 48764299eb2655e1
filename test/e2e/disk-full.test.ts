// A disk that fills up, on a small one of our own: what is new is refused in time, calls go on, and room that returns is used at once.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@majordomo/client';
import { isMajordomoError } from '@majordomo/protocol';
import { keepFigures } from './figures.js';
import { Submissions } from './submissions.js';
import { freeEndpoint, until, type Program } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startBroker, startClient, startWorker, type Answer } from './stage.js';

const MIB = 1024 * 1024;
const SIZE_MIB = 16;

const mounted: string[] = [];

/** A disk of 16 MiB. @returns where it is, or why there is none. */
function makeDisk(): { readonly place: string } | { readonly missing: string } {
  const place = join(dataFolder(), 'disk');
  mkdirSync(place);
  const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', place]);
  if (error !== undefined) return { missing: error.message };
  if (status !== 0) return { missing: stderr.toString().trim() };
  mounted.push(place);
  return { place };
}

const trial = makeDisk();
unmount();
if ('missing' in trial) process.stdout.write(`skipped: no small disk can be mounted here: ${trial.missing}\n`);
const withDisk = 'missing' in trial ? describe.skip : describe;

function unmount(): void {
  for (const place of mounted.splice(0)) {
    const { status, stderr } = spawnSync('umount', [place]);
    if (status !== 0) throw new Error(stderr.toString());
  }
}

afterEach(async () => {
  // Whoever has files there ends first, and the disk goes before the folder that it is in.
  for (const broker of brokers.splice(0)) {
    broker.kill();
    await broker.ended;
  }
  unmount();
  await clearStage();
});

const brokers: Program[] = [];

interface Scene {
  readonly bind: string;
  readonly data: string;
  readonly ballast: string;
  readonly broker: Program;
  readonly client: Client;
}

async function scene(options: object): Promise<Scene> {
  const disk = makeDisk();
  if ('missing' in disk) throw new Error(disk.missing);
  const [bind, data] = [await freeEndpoint(), join(disk.place, 'data')];
  const broker = await startBroker({ bind, data, ...options });
  brokers.push(broker);
  await startWorker({ brokers: [bind] });
  return { bind, data, ballast: join(disk.place, 'ballast'), broker, client: await startClient(bind) };
}

/** Takes all of the disk but so much. */
function fill({ data, ballast }: Scene, freeBytes: number): void {
  const { bavail, bsize } = statfsSync(data);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - freeBytes));
}

const CALLS = 20;

/** Calls that nothing keeps on a disk. */
async function callsGoOn(client: Client): Promise<void> {
  const ids = Array.from({ length: CALLS }, (_, i) => `${i}`);
  const answers = await Promise.all(ids.map((id) => client.call<Answer>('lab.echo', { id })));
  expect(answers.map(({ id }) => id)).toEqual(ids);
}

/** Many pages in one write, of which a full disk takes some. */
const input = { text: 'x'.repeat(200_000) };
const IN_FLIGHT = 4;

withDisk('on a small disk of its own', () => {
  test(
    'before the disk is full new requests are refused with a time to wait, and they are taken again as soon as there is room',
    async () => {
      const stage = await scene({ storeReserveBytes: 4 * MIB, storeFullRetryMs: 1_234 });
      const { broker, client, ballast } = stage;
      const kept = await client.submit('lab.gate', { id: 'kept' });
      fill(stage, 3 * MIB);
      await broker.hear('journal.full');
      await expect(client.submit('lab.echo', { id: 'refused' })).rejects.toMatchObject({
        code: 'STORE_FULL',
        ran: 'no',
        retryAfterMs: 1_234,
      });
      await callsGoOn(client);
      // What was taken before can still be settled: that is what the reserve is for.
      expect(await kept.cancel()).toBe(true);
      expect(statfsSync(stage.data).bavail * statfsSync(stage.data).bsize).toBeGreaterThan(2 * MIB);
      rmSync(ballast);
      await broker.hear('journal.room');
      expect(await (await client.submit('lab.echo', { id: 'taken' })).result()).toMatchObject({ id: 'taken' });
      await broker.caughtUp();
      expect(broker.all('journal.full')).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'on a disk that is full to the last block nothing is lost and nobody is misled: what was under way is acknowledged when there is room',
    async () => {
      const stage = await scene({ storeReserveBytes: 0 });
      const { bind, data, broker, client, ballast } = stage;
      fill(stage, 6 * MIB);
      const mayRefuse = (error: unknown): boolean => isMajordomoError(error, 'STORE_FULL');
      const submissions = new Submissions({ client, address: 'lab.echo', inFlight: IN_FLIGHT, input, mayRefuse });
      const { tickets } = submissions;
      await broker.hear('journal.full');
      const acknowledged = tickets.size;
      expect(acknowledged).toBeGreaterThan(0);
      await callsGoOn(client);
      await expect(client.submit('lab.echo', { id: 'refused' })).rejects.toMatchObject({
        code: 'STORE_FULL',
        ran: 'no',
      });
      // It tries again five times a second, and complains about it no more.
      await delay(1_000);
      expect(broker.errors.split('Input/output error').length - 1).toBeLessThanOrEqual(2);
      rmSync(ballast);
      await broker.hear('journal.room');
      await until('more is handed over', () => tickets.size > acknowledged + 2 * IN_FLIGHT);
      await submissions.end();
      broker.kill();
      await broker.ended;
      const next = await startBroker({ bind, data, storeReserveBytes: 0 });
      brokers.push(next);
      await next.hear('journal.read');
      expect(await submissions.answered()).toEqual([...tickets.keys()]);
      keepFigures('disk-full', { 'acknowledged before': acknowledged, 'acknowledged in all': tickets.size });
    },
    LIMIT_MS,
  );
});
