// The servers of the peers: each started once for the whole bench, on free ports of the loopback, with its data in a folder that goes again.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerName } from './catalogue.js';
import { makeScratch, removeScratch } from './scratch.js';
import { programsOf, type Greeting, type Program } from './server-programs.js';

/** RabbitMQ takes 5 to 15 s on a small machine. */
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 100;
/** A server that was asked to end and does not is killed after this; nothing it holds is wanted. */
const GRACE_MS = 3_000;

/** A server that listens. */
export interface Server {
  readonly name: ServerName;
  /** `host:port` */
  readonly endpoint: string;
  readonly pid: number;
  readonly version: string;
}

/** Why there is no server. */
export interface Absence {
  readonly reason: string;
}

/** The servers of one bench. After `end` none of them runs. */
export class Servers {
  readonly #processes: ChildProcess[] = [];
  readonly #started: Server[] = [];
  #folder = '';
  #ending: Promise<void> | undefined;

  /** Those that listen. */
  get running(): readonly Server[] {
    return this.#started;
  }

  /** Resolves when it answers, or with the reason why it is not there; never rejects. */
  async start(name: ServerName): Promise<Server | Absence> {
    try {
      this.#folder ||= await makeScratch();
      const home = join(this.#folder, name);
      mkdirSync(home);
      const plan = await programsOf(name, home);
      if ('reason' in plan) return plan;
      const processes = plan.programs.map((program) => this.#spawn(program, home));
      // The server is the last; what it needs stands before it.
      const server = processes.at(-1) as ChildProcess;
      const version = await listening(server, plan.port, plan.greeting);
      const started = { name, endpoint: `127.0.0.1:${plan.port}`, pid: server.pid as number, version };
      this.#started.push(started);
      return started;
    } catch (error) {
      return { reason: `${name} did not start: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  #spawn({ file, args, environment }: Program, home: string): ChildProcess {
    const started = spawn(file, args, { cwd: home, env: { ...process.env, ...environment }, stdio: 'ignore' });
    started.on('error', () => undefined);
    this.#processes.push(started);
    return started;
  }

  /** May be called twice. */
  end(): Promise<void> {
    return (this.#ending ??= this.#endAll());
  }

  async #endAll(): Promise<void> {
    await Promise.all(this.#processes.splice(0).reverse().map(endOf));
    if (this.#folder !== '') await removeScratch(this.#folder);
  }
}

function isOver(server: ChildProcess): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null;
}

async function endOf(server: ChildProcess): Promise<void> {
  if (isOver(server)) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(timer);
}

/** Asks until it answers as it should, and says its version. */
async function listening(server: ChildProcess, port: number, greeting: Greeting): Promise<string> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    if (isOver(server))
      throw new Error(`it ended with ${String(server.exitCode ?? server.signalCode ?? 'no process')}`);
    const version = greeting.version.exec(await answerTo(greeting.ask, port))?.[1];
    if (version !== undefined) return version;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`it did not listen within ${PATIENCE_MS / 1_000} s`);
}

/** The first bytes that a server answers, '' when it does not. */
function answerTo(ask: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(ask));
    const settle = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(1_000, () => settle(''));
    socket.once('data', (bytes) => settle(bytes.toString('latin1')));
    socket.once('error', () => settle(''));
    socket.once('close', () => settle(''));
  });
}
