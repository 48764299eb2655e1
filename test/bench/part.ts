// One process of a system under test: does its part, and says on stdout when it is ready and what it took.

import { createInterface } from 'node:readline';
import { listing } from './catalogue.js';
import type { Ask, PartInit, System, Took } from './cell.js';
import { beginLoad, type Load } from './load.js';

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function took(since: NodeJS.CpuUsage): Took {
  const { user, system } = process.cpuUsage(since);
  return { cpuMs: (user + system) / 1_000, rssBytes: process.resourceUsage().maxRSS * 1_024 };
}

/** What a client does in this kind of work, and what one beside it does. */
function askerOf(system: System, init: PartInit): Promise<Ask> | undefined {
  const { work } = init.cell;
  const submits = work === 'submit' || (work === 'mixed' && init.part === 'neighbour');
  return submits ? system.submitter?.(init) : system.client?.(init);
}

/** Becomes what it is told to be; resolves with the endpoint to be said, and with the load if it is a client. */
async function become(system: System, init: PartInit): Promise<{ endpoint: string; load?: Load }> {
  if (init.part === 'client' || init.part === 'neighbour') {
    const ask = await askerOf(system, init);
    if (ask === undefined) throw new Error(`${system.name} does no ${init.cell.work}`);
    return { endpoint: '', load: beginLoad(init.cell, ask) };
  }
  const endpoint = await system[init.part]?.(init);
  if (endpoint === undefined) throw new Error(`${system.name} has no ${init.part} of its own`);
  return { endpoint };
}

async function main(): Promise<void> {
  const init = JSON.parse(process.argv[2] as string) as PartInit;
  const system = await listing(init.system)?.load();
  if (system === undefined) throw new Error(`no system is called ${init.system}`);
  let since = process.cpuUsage();
  let load: Load | undefined;
  // The parent says "start" to everybody when the measured time begins, and "stop" at its end.
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'start') {
      since = process.cpuUsage();
      load?.start();
    }
    if (line === 'stop') say({ took: took(since), ...(load === undefined ? {} : { seen: load.stop() }) });
  });
  const leave = (): never => process.exit(0);
  process.stdin.on('end', () => void (system.tidy?.() ?? Promise.resolve()).then(leave, leave));
  const became = await become(system, init);
  load = became.load;
  say({ ready: became.endpoint });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
