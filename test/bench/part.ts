// One process of a system under test: does its part, and says on stdout when it is ready and what it took.

import { createInterface } from 'node:readline';
import type { PartInit, System } from './cell.js';
import { runLoad } from './load.js';

const SYSTEMS: Readonly<Record<string, () => Promise<System>>> = {
  floor: async () => (await import('./systems/floor.js')).floor,
  majordomo: async () => (await import('./systems/majordomo.js')).majordomo,
};

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function took(since: NodeJS.CpuUsage): { cpuMs: number; rssBytes: number } {
  const { user, system } = process.cpuUsage(since);
  return { cpuMs: (user + system) / 1_000, rssBytes: process.resourceUsage().maxRSS * 1_024 };
}

async function main(): Promise<void> {
  const init = JSON.parse(process.argv[2] as string) as PartInit;
  const system = await SYSTEMS[init.system]?.();
  if (system === undefined) throw new Error(`no system is called ${init.system}`);
  let since = process.cpuUsage();
  // The parent says "start" when the measured time begins for everybody, and "stop" at its end.
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'start') since = process.cpuUsage();
    if (line === 'stop') say({ took: took(since) });
  });
  process.stdin.on('end', () => process.exit(0));
  if (init.part === 'broker') say({ ready: await system.broker(init) });
  else if (init.part === 'worker') {
    await system.worker(init);
    say({ ready: '' });
  } else {
    const ask = await system.client(init);
    say({ ready: '' });
    const seen = await runLoad(init, ask);
    say({ seen });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
