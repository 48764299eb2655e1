// The majordomo command as tests run it: to its end, or as a broker that goes on.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { built, Program, type ProgramInit } from './processes.js';
import { LIMIT_MS } from './stage.js';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const BIN = 'apps/cli/bin/majordomo.js';
/** As long as a slow machine may take to connect. */
export const CONNECT = '20s';

/** Runs the command to its end. */
export async function majordomo(args: readonly string[], { stdin = '', env = {} } = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [built(BIN), ...args], {
    env: { ...process.env, MAJORDOMO_LOG_LEVEL: '', MAJORDOMO_CONNECT_TIMEOUT: CONNECT, ...env },
    timeout: LIMIT_MS,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

export interface StartedBroker {
  readonly broker: Program;
  readonly endpoint: string;
}

/** Starts a broker by the command, without a journal unless it is given one. @returns it and where it listens, as its ready line says. */
export function startBrokerCommand(...flags: readonly string[]): Promise<StartedBroker> {
  return startBrokerWith({}, ...flags);
}

/** Starts one in another folder, or one whose files cannot grow beyond so many blocks (processes.ts). */
export async function startBrokerWith(
  init: Pick<ProgramInit, 'cwd' | 'fileBlocksMax'>,
  ...flags: readonly string[]
): Promise<StartedBroker> {
  const data = flags.includes('--data') ? [] : ['--data', 'off'];
  const bind = flags.includes('--bind') ? [] : ['--bind', 'tcp://127.0.0.1:0'];
  const broker = new Program(built(BIN), { args: ['broker', '--json', ...bind, ...data, ...flags], ...init });
  const { endpoint } = await broker.hear('ready');
  return { broker, endpoint: String(endpoint) };
}

/** What the broker has logged under one message. */
export function logged(broker: Program, message: string): Record<string, unknown>[] {
  const whole = broker.errors.slice(0, broker.errors.lastIndexOf('\n') + 1).split('\n');
  const lines = whole.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter(({ msg }) => msg === message);
}
