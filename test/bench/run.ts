// One run: starts the processes of a system, lets its clients work, and collects what everybody says.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import type { Listing } from './catalogue.js';
import type { Cell, Part, Role, Run, Seen, Took } from './cell.js';
import { Child } from './child.js';
import { emptyHistogram } from './load.js';
import { costBetween, costOf } from './process-cost.js';
import { makeScratch, removeScratch } from './scratch.js';
import type { Server } from './servers.js';

export interface RunInit {
  readonly listing: Listing;
  readonly cell: Cell;
  /** Measured time, and the time before it that does not count, in ms. */
  readonly measureMs: number;
  readonly warmUpMs: number;
  /** The server that is the broker, for a system that has one. */
  readonly server: Server | undefined;
}

/** Runs one system in one cell once. Rejects when a process fails; all processes are gone when it settles. */
export async function runOnce(run: RunInit): Promise<Run> {
  const children: Child[] = [];
  const { cell, listing } = run;
  const runId = `bench-${randomUUID()}`;
  const folder = isDurable(cell) ? await makeScratch() : '';
  const start = async (part: Role, count: number, endpoint: string): Promise<string> => {
    const group = Array.from(
      { length: count },
      () => new Child({ system: listing.name, cell, runId, part, endpoint, folder }),
    );
    children.push(...group);
    return (await Promise.all(group.map((child) => child.hear('ready')))).join(',');
  };
  try {
    const hasBroker = listing.parts.includes('broker');
    const broker = hasBroker ? await start('broker', 1, '') : (run.server?.endpoint ?? '');
    const workers = await start('worker', cell.workers, broker);
    const endpoint = broker === '' ? workers : broker;
    await Promise.all([start('client', cell.clients, endpoint), start('neighbour', cell.neighbours, endpoint)]);
    await sleep(run.warmUpMs);
    return await measure(children, run);
  } finally {
    await Promise.all(children.map((child) => child.end()));
    if (folder !== '') await removeScratch(folder);
  }
}

function isDurable({ work }: Cell): boolean {
  return work === 'submit' || work === 'mixed';
}

/** The measured time: begins and ends for everybody at once. */
async function measure(children: readonly Child[], { server, measureMs }: RunInit): Promise<Run> {
  const before = server && costOf(server.pid);
  for (const child of children) child.tell('start');
  await sleep(measureMs);
  for (const child of children) child.tell('stop');
  const after = server && costOf(server.pid);
  const of = (part: Role): readonly Child[] => children.filter((child) => child.init.part === part);
  const seenBy = (part: Role): Promise<Seen[]> => Promise.all(of(part).map((client) => client.hear('seen')));
  const [seen, beside] = await Promise.all([seenBy('client'), seenBy('neighbour')]);
  const tookBy = async (part: Part): Promise<Took | undefined> => {
    const all = await Promise.all(of(part).map((child) => child.hear('took')));
    return all.length === 0 ? undefined : added(all);
  };
  const took = {
    broker: (await tookBy('broker')) ?? costBetween(before, after),
    worker: await tookBy('worker'),
    client: await tookBy('client'),
  };
  return summary(seen, beside, took);
}

function added(all: readonly Took[]): Took {
  return {
    cpuMs: all.reduce((sum, took) => sum + took.cpuMs, 0),
    rssBytes: Math.max(...all.map((took) => took.rssBytes)),
  };
}

function perSecond(seen: readonly Seen[]): number {
  return seen.reduce((sum, each) => sum + (each.answered / each.elapsedMs) * 1_000, 0);
}

function summary(seen: readonly Seen[], beside: readonly Seen[], took: Run['took']): Run {
  const answered = seen.reduce((sum, each) => sum + each.answered, 0);
  if (answered === 0) throw new Error('there was no answer in the measured time');
  const latencies = emptyHistogram();
  for (const each of seen) latencies.add(decodeFromCompressedBase64(each.latencies));
  return {
    perSecond: perSecond(seen),
    failed: [...seen, ...beside].reduce((sum, each) => sum + each.failed, 0),
    p50: latencies.getValueAtPercentile(50),
    p99: latencies.getValueAtPercentile(99),
    answered,
    took,
    beside: beside.length === 0 ? undefined : perSecond(beside),
  };
}
