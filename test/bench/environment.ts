// Where and with what the figures were taken; without it they mean nothing.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem, release, type as systemType } from 'node:os';
import type { Settings } from './arguments.js';
import { installedVersions } from './peers-package.js';
import type { Candidate } from './rounds.js';
import type { Server } from './servers.js';

export interface Environment {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly rounds: number;
  readonly secondsMeasured: number;
  readonly secondsWarmUp: number;
  /** By the name of the program or the package. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What this machine and this run are. `now` in ms since 1970. */
export function environment(
  settings: Settings,
  candidates: readonly Candidate[],
  servers: readonly Server[],
  now: number,
): Environment {
  const [first] = cpus();
  const present = candidates.filter(({ absence }) => absence === undefined);
  return {
    measuredAt: new Date(now).toISOString(),
    node: process.version,
    system: `${systemType()} ${release()}`,
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / 1_024 / 1_024),
    rounds: settings.rounds,
    secondsMeasured: settings.measureMs / 1_000,
    secondsWarmUp: settings.warmUpMs / 1_000,
    versions: {
      zeromq: zeromqVersion(),
      ...Object.fromEntries(servers.map(({ name, version }) => [name, version])),
      ...installedVersions(present.flatMap(({ listing }) => listing.packages)),
    },
  };
}

function zeromqVersion(): string {
  const path = createRequire(import.meta.url).resolve('zeromq/package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}

/** One line of it, for the head of the table and the foot of the chart. */
export function environmentLine({ node, cpu, cores, rounds, secondsMeasured, measuredAt }: Environment): string {
  const runs = `medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${secondsMeasured} s`;
  return `${cores} cores (${cpu}), Node ${node.slice(1)}, ${measuredAt.slice(0, 10)}, ${runs}`;
}
