// The brokers that the plain peers are measured with: programs that listen where they are told to.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../../bench/mdp/', import.meta.url));
const FOLDER = fileURLToPath(new URL('../../mdp-programs/', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../../../apps/cli/bin/majordomo.js', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-broker.js', import.meta.url));
/** Node programs take about a second to listen. */
const PATIENCE_MS = 20_000;

/** What stands for the endpoint in the command of a broker. */
export const ENDPOINT = '{endpoint}';

export interface BrokerProgram {
  readonly name: string;
  /** Program and arguments; `{endpoint}` is where it is to listen, `{port}` its port alone. */
  readonly command: readonly string[];
}

/** Compiles `peers.c` and `plain-broker.c`. @returns where they are, or why they are not. */
export function compile(): { readonly peers: string; readonly plain: string } | { readonly missing: string } {
  mkdirSync(FOLDER, { recursive: true });
  const made = { peers: join(FOLDER, 'peers'), plain: join(FOLDER, 'plain-broker') };
  for (const file of Object.values(made)) {
    const source = join(SOURCES, `${file.slice(FOLDER.length)}.c`);
    const { status, error, stderr } = spawnSync('cc', ['-O2', '-o', file, source, '-lzmq']);
    if (error !== undefined) return { missing: `there is no C compiler here (${error.message})` };
    if (status !== 0)
      return { missing: `the C compiler does not take ${source}; is libzmq3-dev there?\n${String(stderr)}` };
  }
  return made;
}

/** Ours, the yardstick, and what zeromq.js alone would reach. */
export function brokersOf(plain: string): BrokerProgram[] {
  return [
    { name: 'majordomo', command: [process.execPath, COMMAND, 'broker', '--bind', ENDPOINT, '--data', 'off'] },
    { name: 'plain broker in C', command: [plain, ENDPOINT] },
    { name: 'bare zeromq.js', command: [process.execPath, BARE, ENDPOINT] },
  ];
}

/** Starts a broker on a port that was free a moment ago. Rejects when it does not listen. */
export async function startBroker(
  { name, command }: BrokerProgram,
  endpoint: string,
): Promise<{ readonly pid: number; end(): Promise<void> }> {
  const port = endpoint.slice(endpoint.lastIndexOf(':') + 1);
  const [file, ...args] = command.map((word) => word.replaceAll(ENDPOINT, endpoint).replaceAll('{port}', port));
  const child = spawn(file as string, args, { stdio: 'ignore' });
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const until = performance.now() + PATIENCE_MS;
  while (!(await listens(Number(port)))) {
    const isOver = failure !== undefined || child.exitCode !== null || performance.now() >= until;
    if (isOver) {
      await endOf(child);
      throw new Error(`${name} does not listen on ${endpoint}: ${failure?.message ?? `exit code ${child.exitCode}`}`);
    }
    await sleep(50);
  }
  return { pid: child.pid as number, end: () => endOf(child) };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy()).once('error', () => resolve(false));
    socket.once('close', () => resolve(socket.bytesRead >= 0 && !socket.errored));
  });
}

/** Nothing that it holds is wanted. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
