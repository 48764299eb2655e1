// What a broker may answer to SUBMIT instead of ACCEPTED, and whether the request may have run: the table in docs/errors.md.

import { readFileSync } from 'node:fs';
import { Kind, type WireRecord } from '@majordomo/protocol';
import { JOURNAL } from '../spec/disk.js';
import { Scene, submit, type Peer } from './scene.js';

const LOADING = {
  kind: 'journal-found',
  id: JOURNAL,
  starts: 2,
  date: 0,
  unread: { count: 1, bytes: 100 },
  setAside: [],
} as const;

function errorOf(client: Peer, ...records: readonly WireRecord[]): string {
  const error = client.say(...records).find((record) => record.kind === Kind.error);
  return error?.kind === Kind.error ? `${error.code} ${error.ran}` : 'no error';
}

function loading(): Peer {
  const scene = new Scene({ deferredCountMax: 1 });
  scene.give(LOADING);
  const client = scene.client(1);
  client.say(submit(1, { ageMs: 10 }));
  return client;
}

/** One scene for each row. */
const ROWS: Readonly<Record<string, () => string>> = {
  'UNSUPPORTED no': () => errorOf(new Scene().client(1), submit(1)),
  'REQUEST_CONFLICT no': () => {
    const client = Scene.withDisk().client(1);
    client.say(submit(1, { key: 'k' }));
    return errorOf(client, submit(2, { key: 'k', body: Buffer.from('other') }));
  },
  'REQUEST_FORGOTTEN unknown': () => errorOf(Scene.withDisk().client(1), submit(1, { ageMs: 700_000 })),
  'DRAINING no': () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    scene.give({ kind: 'drain', timeoutMs: 1_000 });
    return errorOf(client, submit(1));
  },
  'STORE_FULL no': () => {
    const scene = Scene.withDisk();
    const client = scene.client(1);
    scene.give({ kind: 'journal-room', hasRoom: false });
    return errorOf(client, submit(1));
  },
  'BUSY no': () => errorOf(loading(), submit(2, { key: 'k' })),
  'BUSY unknown': () => errorOf(loading(), submit(2, { ageMs: 10 })),
};

test.each(Object.entries(ROWS))('%s', (row, play) => {
  expect(play()).toBe(row);
});

test('docs/errors.md has these rows for brokers, and no others', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| broker \| (\w+)/gm)].map(([, code, ran]) => `${code} ${ran}`);
  expect(new Set(rows)).toEqual(new Set(Object.keys(ROWS)));
});
