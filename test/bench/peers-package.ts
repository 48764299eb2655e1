// The peers' packages: installed when they are asked for and missing, then compiled. Nobody who does not run the bench has them.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Absence } from './servers.js';

const FOLDER = fileURLToPath(new URL('../../bench/peers/', import.meta.url));
const COMPILER = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
/** Without a network npm would try again for minutes. */
const BRIEF = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000'];
const INSTALL = ['ci', '--no-progress', '--loglevel=error', ...BRIEF];
const REASON_MAX = 200;

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function manifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(`${FOLDER}${path}package.json`, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/** The versions that are installed, by name. */
export function installedVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, manifest(`node_modules/${name}/`)?.version ?? 'not installed'] as const),
  );
}

function isInstalled(): boolean {
  const wanted = Object.entries(manifest('')?.dependencies ?? {});
  return wanted.every(([name, version]) => manifest(`node_modules/${name}/`)?.version === version);
}

/** Makes them ready to be loaded; resolves with the reason when that fails. `say` is told what takes long. */
export async function preparePeers(say: (sentence: string) => void): Promise<Absence | undefined> {
  if (!isInstalled()) {
    say('The packages of the peers are not there or of other versions: npm ci in test/bench/peers');
    const failure = await failureOf('npm', INSTALL);
    if (failure !== undefined) return { reason: `npm ci in test/bench/peers failed: ${failure}` };
  }
  const failure = await failureOf(process.execPath, [COMPILER, '-p', FOLDER]);
  return failure === undefined ? undefined : { reason: `test/bench/peers does not compile: ${failure}` };
}

/** The first words of what went wrong, undefined when nothing did. */
async function failureOf(file: string, args: readonly string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)(file, args, { cwd: FOLDER });
    return undefined;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const lines = (stderr.trim() || stdout.trim() || message).replaceAll(/^npm error /gm, '').split('\n');
    const words = lines.filter((line) => !line.startsWith('A complete log')).join(' ');
    return words.slice(0, REASON_MAX);
  }
}
