// Leaves a socket file behind as a process does that was killed while it listened.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

const SCRIPT = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;

/** @returns settles when the process has ended and its socket file is there. */
export async function staleSocketAt(path: string): Promise<void> {
  const child = spawn(process.execPath, ['--eval', SCRIPT, path], { stdio: 'inherit' });
  await once(child, 'exit');
  if (!existsSync(path)) throw new Error(`${path} was not left behind`);
}
