// Faults of the journal and its store: what is said before it is on disk, and what does not come back.

import { decodeEntry, type Broker, type Loaded, type Store } from '@majordomo/broker';
import { Kind, NO_BYTES, type WireRecord } from '@majordomo/protocol';
import type { Variant } from './variant.js';

/** Lets words go that should wait for the disk. */
function hasten(machine: Broker, isMeant: (record: WireRecord) => boolean): void {
  const handle = machine.handle.bind(machine);
  machine.handle = (input, now) => {
    handle(input, now);
    const { output } = machine;
    const records = output.storedRecords.splice(0);
    const links = output.storedLinks.splice(0);
    records.forEach((record, i) => {
      if (isMeant(record)) output.send(links[i] as number, record);
      else output.sendStored(links[i] as number, record);
    });
  };
}

/** What a broken store does as the right one does. */
function rest(store: Store): Omit<Store, 'commit'> {
  return { load: () => store.load(), read: (keys) => store.read(keys), close: () => store.close() };
}

/** A store that lies about one kind of failure. */
function lying(store: Store, code: string): Store {
  return {
    ...rest(store),
    commit: (writes) =>
      store.commit(writes).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== code) throw error;
      }),
  };
}

async function* nothing(): AsyncGenerator<never> {}

/** @returns the entries without those that are meant. */
async function* without(
  loaded: Loaded,
  isMeant: (value: Uint8Array) => boolean,
): Loaded['entries'] & AsyncGenerator<never> {
  for await (const lot of loaded.entries) yield lot.filter(({ value }) => !isMeant(value)) as never;
}

function isSettled(value: Uint8Array): boolean {
  const entry = decodeEntry(value);
  return !('damage' in entry) && entry.state === 'settled';
}

export const DISK_VARIANTS: readonly Variant[] = [
  {
    name: 'acknowledged before commit',
    breaks: 'ACCEPTED leaves at the end of the turn, not when its entry is on disk',
    rule: /^D1/,
    machine: (machine) => hasten(machine, (record) => record.kind === Kind.accepted),
  },
  {
    name: 'reply forwarded before commit',
    breaks: 'the outcome of a durable request leaves before it is on disk',
    rule: /^D1/,
    machine: (machine) => hasten(machine, (record) => record.kind === Kind.final || record.kind === Kind.error),
  },
  {
    name: 'commit without sync',
    breaks: 'the store says that a commit is done when it was written and not synced',
    rule: /^(D1|H6)/,
    store: (store) => ({
      ...rest(store),
      commit: (writes) => {
        void store.commit(writes).catch(() => undefined);
        return Promise.resolve();
      },
    }),
  },
  {
    name: 'full disk ignored',
    breaks: 'a commit for which there was no room is taken for done',
    rule: /^(D1|H6)/,
    store: (store) => lying(store, 'STORE_FULL'),
  },
  {
    name: 'failed sync ignored',
    breaks: 'after an error of the disk the broker goes on as if nothing had happened',
    rule: /^(D1|H6)/,
    store: (store) => lying(store, 'EIO'),
  },
  {
    name: 'outcomes not written',
    breaks: 'the journal keeps what was accepted, and not how it ended',
    rule: /^(D1|H6)/,
    store: (store) => ({
      ...rest(store),
      commit: (writes) => store.commit(writes.filter(({ value }) => value === undefined || !isSettled(value))),
    }),
  },
  {
    name: 'reads that come to nothing',
    breaks: 'the body of a request that waits is asked for and never comes',
    rule: /^(S2|H5|H6)/,
    store: (store) => ({ ...rest(store), commit: (writes) => store.commit(writes), read: () => Promise.resolve([]) }),
  },
  {
    name: 'bodies taken for loaded',
    breaks: 'a request whose body is on disk is handed out as if it were in memory',
    rule: /^B[125]/,
    machine: (machine) => {
      const handle = machine.handle.bind(machine);
      machine.handle = (input, now) => {
        handle(input, now);
        for (const { durable, list, method } of machine.memory.journal.session.requests.values()) {
          const isQueued = list !== undefined && (list as unknown) === method?.queue;
          if (isQueued && durable?.place === 'disk') durable.place = 'memory';
        }
      };
    },
  },
  {
    name: 'bodies mixed up',
    breaks: 'what was read is given to the request beside it, and both seem to be damaged',
    rule: /^(H5|H6|D1)/,
    store: (store) => ({
      ...rest(store),
      commit: (writes) => store.commit(writes),
      read: async (keys) => {
        const entries = await store.read(keys);
        return entries.map(({ key }, i) => ({ key, value: entries[(i + 1) % entries.length]?.value ?? NO_BYTES }));
      },
    }),
  },
  {
    name: 'journal not read',
    breaks: 'a broker that is started again does not read what it had stored',
    rule: /^(H5|H6|D1|S2)/,
    loaded: (loaded) => ({ ...loaded, entries: nothing() }),
  },
  {
    name: 'outcomes not read',
    breaks: 'what was settled before a start is forgotten with it',
    rule: /^(H5|H6|S2)/,
    loaded: (loaded) => ({ ...loaded, entries: without(loaded, isSettled) }),
  },
  {
    name: 'ticket numbers used twice',
    breaks: 'numbers begin again with every start',
    rule: /./,
    loaded: (loaded) => ({ ...loaded, starts: 1 }),
  },
  {
    name: 'outcomes let go too early',
    breaks: 'the outcome of a ticket is removed as soon as somebody has it',
    rule: /^H6/,
    settings: { collectedKeepMs: 0 },
  },
];
