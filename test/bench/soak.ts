// npm run soak: what the processes keep in memory: a broker at rest, with 100,000 requests waiting, and everybody after two million calls.
//
// The limits are those that docs and issues promise; the exit code is 1 when one is passed.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, serve, Service } from '@majordomo/worker';
import { endAll, Program, until } from '../e2e/processes.js';
import { listen, say } from '../e2e/fixtures/speech.js';

const MIB = 1024 * 1024;
const BODY_BYTES = 64;
const IDLE_MAX_MIB = 90;
const QUEUED = 100_000;
const QUEUED_MAX_MIB = 150;
const CALLS = 2_000_000;
/** Memory is looked at this often; the first look is what the last is compared with. */
const LOOK_EVERY = 200_000;
const GROWTH_MAX = 0.2;
const IN_FLIGHT = 1_000;

@Service('soak', { concurrency: 4_096 })
class Soak {
  @Method() echo(body: Uint8Array): Uint8Array {
    return body;
  }
}

type Role = 'broker' | 'worker' | 'queueing' | 'calling';

/** What each process does; it is ready when this settles. */
const ROLES: Readonly<Record<Role, (endpoint: string) => Promise<object>>> = {
  broker: async () => ({ endpoint: (await createBroker({ bind: 'tcp://127.0.0.1:0', logger: false })).endpoint }),
  worker: async (endpoint) => ({
    worker: (await serve({ brokers: [endpoint], logger: false, services: [new Soak()] })).name,
  }),
  queueing: async (endpoint) => {
    const client = await connect({ brokers: [endpoint], logger: false });
    const body = new Uint8Array(BODY_BYTES);
    const options = { waitForService: true, deadlineMs: 600_000 };
    for (let i = 0; i < QUEUED; i++) client.call('soak.echo', body, options).catch(() => undefined);
    return {};
  },
  calling: async (endpoint) => {
    const client = await connect({ brokers: [endpoint], logger: false });
    const body = new Uint8Array(BODY_BYTES);
    let asked = 0;
    let answered = 0;
    const loop = async (): Promise<void> => {
      while (asked < CALLS) {
        asked += 1;
        await client.call('soak.echo', body);
        answered += 1;
        if (answered % LOOK_EVERY === 0) say({ event: 'look', answered });
      }
    };
    for (let i = 0; i < IN_FLIGHT; i++) void loop();
    return {};
  },
};

/** Memory of a process now, in MiB. */
function rssMib({ pid }: Program): number {
  return (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / MIB;
}

async function start(role: Role, endpoint = ''): Promise<Program> {
  const program = new Program(fileURLToPath(import.meta.url), { args: [role, endpoint] });
  await program.hear('ready');
  return program;
}

/** One promise: what was measured and what is allowed. */
interface Finding {
  readonly what: string;
  readonly mib: number;
  readonly maxMib: number;
}

async function measureQueue(): Promise<Finding[]> {
  const broker = await start('broker');
  const { endpoint } = await broker.hear('ready');
  const client = await connect({ brokers: [String(endpoint)], logger: false });
  const queued = async (): Promise<number> => {
    const queues = await client.call<readonly { readonly queued: number }[]>('majordomo.queues');
    return queues.reduce((sum, queue) => sum + queue.queued, 0);
  };
  await queued();
  const idle = rssMib(broker);
  await start('queueing', String(endpoint));
  await until(`${QUEUED} requests wait`, async () => (await queued()) === QUEUED);
  const full = rssMib(broker);
  await client.close();
  await endAll();
  return [
    { what: 'idle broker', mib: idle, maxMib: IDLE_MAX_MIB },
    { what: `${QUEUED} queued requests add`, mib: full - idle, maxMib: QUEUED_MAX_MIB },
  ];
}

async function measureCalls(): Promise<Finding[]> {
  const broker = await start('broker');
  const endpoint = String((await broker.hear('ready'))['endpoint']);
  const worker = await start('worker', endpoint);
  const calling = await start('calling', endpoint);
  const programs = { broker, worker, client: calling };
  const looks: Record<keyof typeof programs, number[]> = { broker: [], worker: [], client: [] };
  for (let answered = LOOK_EVERY; answered <= CALLS; answered += LOOK_EVERY) {
    await calling.hear('look', (line) => line['answered'] === answered);
    for (const name of ['broker', 'worker', 'client'] as const) looks[name].push(rssMib(programs[name]));
  }
  await endAll();
  return (['broker', 'worker', 'client'] as const).map((name) => {
    process.stdout.write(`${name} at every ${LOOK_EVERY} calls: ${looks[name].map(Math.round).join(' ')} MiB\n`);
    const [first = NaN] = looks[name];
    return { what: `${name} after ${CALLS} calls`, mib: looks[name].at(-1) ?? NaN, maxMib: first * (1 + GROWTH_MAX) };
  });
}

async function main(): Promise<void> {
  const findings = [...(await measureQueue()), ...(await measureCalls())];
  for (const { what, mib, maxMib } of findings) {
    const verdict = mib <= maxMib ? 'ok' : 'TOO MUCH';
    process.stdout.write(`${what}: ${mib.toFixed(1)} MiB, at most ${maxMib.toFixed(1)}: ${verdict}\n`);
    if (verdict !== 'ok') process.exitCode = 1;
  }
}

const [role, endpoint = ''] = process.argv.slice(2);
if (role === undefined) await main();
else {
  listen();
  say({ event: 'ready', ...(await ROLES[role as Role](endpoint)) });
}
