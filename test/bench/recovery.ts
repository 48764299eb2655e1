// node test/dist/bench/recovery.js [requests]: how soon a broker serves what waited in its journal when it is started again.
//
// Requests are handed over until they are a million, the broker is killed, and a worker waits for the next one. The exit code is 1 when the
// first is not served in the time that is promised, or when any is missing in the end.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBroker } from '@majordomo/broker';
import { connect } from '@majordomo/client';
import { Method, serve, Service } from '@majordomo/worker';
import { endAll, Program, wallClock } from '../e2e/processes.js';
import { listen, say } from '../e2e/fixtures/speech.js';

const REQUESTS = 1_000_000;
const BODY_BYTES = 64;
const IN_FLIGHT = 5_000;
/** From createBroker to the first that is served, in ms. */
const SERVED_MAX_MS = 2_000;
/** Served requests at which the time is taken, beside the last. */
const LOOKS = [1, 1_000, 10_000, 100_000];
const MIB = 1024 * 1024;

/** What each process is told. */
interface Part {
  readonly role: 'broker' | 'worker' | 'client' | 'newcomer';
  readonly endpoint: string;
  readonly data: string;
  readonly requests: number;
}

@Service('recovery', { concurrency: 1_000 })
class Recovery {
  #served = 0;
  constructor(readonly requests: number) {}

  @Method() take(): null {
    this.#served += 1;
    if (LOOKS.includes(this.#served) || this.#served === this.requests) say({ event: 'served', count: this.#served });
    return null;
  }
}

@Service('fresh')
class Fresh {
  @Method() take(): null {
    return null;
  }
}

const ROLES: Readonly<Record<Part['role'], (part: Part) => Promise<object>>> = {
  broker: async ({ endpoint: bind, data }) => {
    say({ event: 'begun' });
    const { endpoint } = await createBroker({
      bind,
      data,
      onEvent: (event) => {
        if (event.event.startsWith('journal.')) say({ ...event, cpuMs: process.cpuUsage().user / 1_000 });
      },
    });
    return { endpoint };
  },
  worker: async ({ endpoint, requests }) => {
    await serve({ brokers: [endpoint], logger: false, services: [new Recovery(requests)] });
    return {};
  },
  client: async ({ endpoint, requests }) => {
    const client = await connect({ brokers: [endpoint], logger: false });
    const body = new Uint8Array(BODY_BYTES);
    let begun = 0;
    const loop = async (): Promise<void> => {
      while (begun < requests) {
        begun += 1;
        await client.submit('recovery.take', body);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
    return {};
  },
  newcomer: async ({ endpoint }) => {
    await serve({ brokers: [endpoint], logger: false, services: [new Fresh()] });
    const client = await connect({ brokers: [endpoint], logger: false });
    say({ event: 'connected' });
    const ticket = await client.submit('fresh.take');
    say({ event: 'accepted' });
    await ticket.result();
    return {};
  },
};

/** Starts a process; it is ready when its role is. */
function start(part: Part): Program {
  return new Program(fileURLToPath(import.meta.url), { args: [JSON.stringify(part)] });
}

/** Waits for longer than tests do: a million take their time. */
async function patiently(program: Program, event: string, count?: number): Promise<number> {
  for (;;) {
    const line = program.all(event).find((each) => count === undefined || each['count'] === count);
    if (line !== undefined) return line.at;
    await program
      .hear(event, (each) => count === undefined || each['count'] === count, program.lines.length)
      .catch((error: unknown) => {
        if (String(error).includes('has ended')) throw error;
      });
  }
}

function tell(what: string, ms: number): void {
  process.stdout.write(`${what.padEnd(46)} ${Math.round(ms)} ms\n`);
}

/** With nobody there to be served. */
async function measureReading(part: Part): Promise<void> {
  const broker = start(part);
  const begun = await patiently(broker, 'begun');
  tell('from createBroker to all read, with no worker', (await patiently(broker, 'journal.read')) - begun);
  broker.kill();
  await broker.ended;
}

/** With somebody who submits something new meanwhile. */
async function measureNew(part: Part): Promise<void> {
  const broker = start(part);
  const newcomer = start({ ...part, role: 'newcomer' });
  const begun = await patiently(broker, 'begun');
  const connected = (await patiently(newcomer, 'connected')) - begun;
  tell('from createBroker to a new client connected', connected);
  tell('  its submission accepted', (await patiently(newcomer, 'accepted')) - begun);
  tell('  its result', (await patiently(newcomer, 'ready')) - begun);
  tell('  all read', (await patiently(broker, 'journal.read')) - begun);
  broker.kill();
  newcomer.kill();
  await Promise.all([broker.ended, newcomer.ended]);
}

async function main(requests: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'majordomo-recovery-'));
  const part = { endpoint: 'tcp://127.0.0.1:0', data, requests };
  const first = start({ ...part, role: 'broker' });
  const endpoint = String((await first.hear('ready'))['endpoint']);
  const before = wallClock();
  const client = start({ ...part, role: 'client', endpoint });
  const full = await patiently(client, 'ready');
  tell(`${requests} requests are handed over`, full - before);
  first.kill();
  client.kill();
  await Promise.all([first.ended, client.ended]);
  process.stdout.write(`the journal has ${Math.round(statSync(join(data, 'data.mdb')).size / MIB)} MiB\n`);
  await measureReading({ ...part, role: 'broker' });
  await measureNew({ ...part, role: 'broker', endpoint });
  const worker = start({ ...part, role: 'worker', endpoint });
  const started = wallClock();
  const second = start({ ...part, role: 'broker', endpoint });
  const begun = await patiently(second, 'begun');
  tell('from the start of the process to createBroker', begun - started);
  process.stdout.write('from createBroker to\n');
  tell('  listening', (await patiently(second, 'ready')) - begun);
  const servedFirst = (await patiently(worker, 'served', 1)) - begun;
  tell('  the first request served', servedFirst);
  const looks = [...LOOKS.slice(1).filter((count) => count < requests), requests];
  for (const count of looks) tell(`  ${count} served`, (await patiently(worker, 'served', count)) - begun);
  tell('  all read', (await patiently(second, 'journal.read')) - begun);
  await endAll();
  rmSync(data, { recursive: true });
  if (servedFirst <= SERVED_MAX_MS) return;
  process.stdout.write(`TOO LATE: at most ${SERVED_MAX_MS} ms are promised\n`);
  process.exitCode = 1;
}

const [given = String(REQUESTS)] = process.argv.slice(2);
if (!given.startsWith('{')) await main(Number(given));
else {
  listen();
  const part = JSON.parse(given) as Part;
  say({ event: 'ready', ...(await ROLES[part.role](part)) });
}
