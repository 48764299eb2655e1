// A broker with a large journal is killed with kill -9 while clients submit, call and wait for results: no caller with time left fails.
//
// UNREAD_JOURNAL_ROUNDS says how many times: 3 by default, 30 in the nightly run (npm run test:nightly).

import { setTimeout as delay } from 'node:timers/promises';
import { encodeEntry, LmdbStore } from '@majordomo/broker';
import type { Client } from '@majordomo/client';
import { encodeBody, NO_BYTES, requestIdText } from '@majordomo/protocol';
import { keepFigures } from './figures.js';
import { Load } from './load.js';
import { freeEndpoint, until, wallClock, type Program } from './processes.js';
import { clearStage, dataFolder, LIMIT_MS, startBroker, startClient, startWorker } from './stage.js';
import { Submissions } from './submissions.js';

const ROUNDS = Number(process.env['UNREAD_JOURNAL_ROUNDS'] ?? 2);
/** What a round may take, in ms: some ten times what it does. */
const ROUND_MS = 40_000;
/** Requests of a service that nobody offers: reading them takes a broker a second or more, and clients are back before that. */
const WAITING = 100_000;
/** Written in one commit. */
const LOT = 10_000;
const DAY_MS = 24 * 3_600_000;

afterEach(clearStage);

/** Writes a journal as a broker leaves it that has accepted so many. @returns the tickets, the last that are read first. */
async function fill(folder: string): Promise<string[]> {
  const acceptedAt = Date.now();
  const store = await LmdbStore.open({ folder, date: acceptedAt });
  const { id, starts } = await store.load();
  const first = starts * 2 ** 32 + 1;
  const common = { key: '', orderingKey: '', priority: 4, notBefore: 0, isDoubtful: false, headers: NO_BYTES } as const;
  const request = { service: 'nobody', method: 'serves', submitter: 9, acceptedAt, expiresAt: acceptedAt + DAY_MS };
  for (let at = 0; at < WAITING; at += LOT) {
    const writes = Array.from({ length: LOT }, (_, i) => {
      const key = first + at + i;
      const unique = { ticket: key, ref: at + i + 1, body: encodeBody(key) };
      return { key, value: encodeEntry({ state: 'queued', ...request, ...common, ...unique }), isDamaged: false };
    });
    await store.commit(writes);
  }
  await store.close();
  return Array.from({ length: LOT }, (_, i) => requestIdText(id, first + WAITING - 1 - i));
}

/** Kills a broker and starts it again; settles when it has read its journal. @returns it, and how many new requests it accepted before that. */
async function restart(last: Program, place: { bind: string; data: string }, client: Client) {
  last.kill();
  await last.ended;
  const fresh = new Submissions({ client, address: 'lab.echo', inFlight: 5 });
  const broker = await startBroker(place);
  const readyAt = wallClock();
  await broker.hear('journal.read');
  const whileReading = fresh.tickets.size;
  await fresh.end();
  return { broker, whileReading, readingMs: wallClock() - readyAt };
}

test(
  'nobody with time left fails while a restarted broker reads a large journal: submissions, keys, results, status and calls',
  async () => {
    const place = { bind: await freeEndpoint(), data: dataFolder() };
    const waiting = await fill(place.data);
    let broker = await startBroker(place);
    const client = await startClient(place.bind);
    await startWorker({ brokers: [place.bind] });
    const submissions = new Submissions({ client, address: 'lab.echo', inFlight: 40 });
    const calls = new Load('call', { client, address: 'lab.echo', inFlight: 20, ms: 5 });
    const keyed = await client.submit('lab.echo', { id: 'keyed' }, { idempotencyKey: 'key' });

    let whileReading = 0;
    const readingMs: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const before = submissions.tickets.size;
      await until('the load runs', () => submissions.tickets.size > before + 40);
      await delay(Math.random() * 300);
      const restarted = restart(broker, place, client);
      const last = client.ticket(waiting[round] as string);
      const [again, status] = await Promise.all([
        client.submit('lab.echo', { id: 'keyed' }, { idempotencyKey: 'key' }),
        last.status(),
      ]);
      expect(again.id).toBe(keyed.id);
      expect(status).toMatchObject({ ticket: last.id, state: 'queued' });
      const ended = await restarted;
      broker = ended.broker;
      whileReading += ended.whileReading;
      readingMs.push(ended.readingMs);
    }

    await submissions.end();
    const called = await calls.end();
    expect(new Set(await submissions.answered())).toEqual(new Set(submissions.tickets.keys()));
    expect(called.wrong).toEqual([]);
    expect(called.right).toBe(called.asked);
    keepFigures('unread-journal', {
      kills: ROUNDS,
      'entries, at least': WAITING,
      'reading, slowest': Math.max(...readingMs),
      'new requests accepted while reading': whileReading,
      calls: called.asked,
    });
    expect(whileReading).toBeGreaterThan(0);
  },
  LIMIT_MS + ROUNDS * ROUND_MS,
);
