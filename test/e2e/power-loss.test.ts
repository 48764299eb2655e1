// The power is cut while a journal is written: what was acknowledged is there, at hundreds of moments, whatever the disk did with the rest.
//
// The writes of a real process are recorded below LMDB (shim/disk.c) and played onto a copy of its file up to the cut: what was synced is
// there, of the rest any sectors, the last write torn.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbStore } from '@majordomo/broker';
import { Chance } from '@majordomo/protocol';
import { readDiskLog, Replay, SYNC, type DiskRecord } from './disk-log.js';
import { keepFigures } from './figures.js';
import { built, Program } from './processes.js';
import { buildShim, withShim } from './shim.js';
import { clearStage, dataFolder, LIMIT_MS } from './stage.js';

const COMMITS = 250;
const CUTS = 400;
/** Of a disk that does not sync, until it has lost something. */
const CUTS_UNSYNCED = 40;
const ACKNOWLEDGED = 4;
const FILE = 'data.mdb';

const { rooms: withDisk, library } = withShim(buildShim());
let folder: string;
let first: Buffer;
let records: DiskRecord[];

afterEach(clearStage);

/** Records a whole history. */
async function record(): Promise<void> {
  folder = dataFolder();
  const data = join(folder, 'data');
  const log = join(folder, 'disk.log');
  await (await LmdbStore.open({ folder: data, date: 0 })).close();
  first = readFileSync(join(data, FILE));
  const writer = new Program(built('test/dist/e2e/fixtures/journal-writer.js'), {
    args: [JSON.stringify({ folder: data, log, commits: COMMITS })],
    env: { LD_PRELOAD: library, DISK_FILE: join(data, FILE), DISK_LOG: log },
  });
  await writer.hear('done');
  await writer.ended;
  records = readDiskLog(log);
}

function startReader(): Promise<Program> {
  const reader = new Program(built('test/dist/e2e/fixtures/journal-reader.js'));
  return reader.hear('ready').then(() => reader);
}

/** The last commit that was acknowledged before this record; 0 before the first, and undefined before the journal was open. */
function acknowledgedAt(at: number): number | undefined {
  for (let i = at; i >= 0; i--) {
    const { kind, offset } = records[i] as DiskRecord;
    if (kind === ACKNOWLEDGED) return offset;
    if (kind > ACKNOWLEDGED) return 0;
  }
  return undefined;
}

/** What one who opens the journal after a cut finds; undefined when the cut took the reader with it. */
async function readAfter(
  cut: Uint8Array,
  name: string,
  acknowledged: number,
  reader: Program,
): Promise<string | undefined> {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, FILE), cut);
  reader.tell({ folder: place, candidates: [acknowledged, acknowledged + 1] });
  try {
    const line = await reader.hear('read', (each) => each['folder'] === place);
    return String(line['found']);
  } catch {
    return undefined;
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Where to cut, in order. */
function moments(chance: Chance, count: number): number[] {
  return Array.from({ length: count }, () => Math.floor(chance.next() * records.length)).sort((a, b) => a - b);
}

withDisk('below LMDB', () => {
  test(
    'at hundreds of moments, nothing that was acknowledged is lost, and of a commit there is all or nothing',
    async () => {
      await record();
      expect(records.filter(({ kind }) => kind === SYNC).length).toBeGreaterThanOrEqual(COMMITS);
      const chance = new Chance(1);
      const reader = await startReader();
      const replay = new Replay(first, true);
      let played = 0;
      let ahead = 0;
      const wrong: string[] = [];
      for (const [number, at] of moments(chance, CUTS).entries()) {
        for (; played < at; played++) replay.play(records[played] as DiskRecord);
        const acknowledged = acknowledgedAt(at - 1) ?? 0;
        const cut = replay.cut(records[at], () => chance.next());
        const found = await readAfter(cut, `cut-${number}`, acknowledged, reader);
        if (found?.startsWith(`commit ${acknowledged + 1},`) === true) ahead += 1;
        else if (found?.startsWith(`commit ${acknowledged},`) !== true) wrong.push(`record ${at}: ${found}`);
      }
      keepFigures('power-loss', {
        cuts: CUTS,
        records: records.length,
        'cuts that kept more than was acknowledged': ahead,
        lost: wrong.length,
      });
      expect(wrong).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'the same on a disk that does not sync is seen to lose: the test would notice',
    async () => {
      await record();
      const chance = new Chance(2);
      const replay = new Replay(first, false);
      let played = 0;
      let lost = 0;
      let reader = await startReader();
      for (const [number, at] of moments(chance, CUTS_UNSYNCED).entries()) {
        for (; played < at; played++) replay.play(records[played] as DiskRecord);
        const acknowledged = acknowledgedAt(at - 1) ?? 0;
        const cut = replay.cut(records[at], () => chance.next());
        const found = await readAfter(cut, `unsynced-${number}`, acknowledged, reader);
        if (found?.startsWith('commit ') !== true) lost += 1;
        if (found !== undefined) continue;
        await reader.ended;
        reader = await startReader();
      }
      keepFigures('power-loss-unsynced', { cuts: CUTS_UNSYNCED, lost });
      expect(lost).toBeGreaterThan(CUTS_UNSYNCED / 4);
    },
    LIMIT_MS,
  );
});
