#!/usr/bin/env node
// Starts the majordomo command; in a workspace that was not built yet, says how to build it.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../dist/esm/main.js', import.meta.url))) {
  await import('../dist/esm/main.js');
} else {
  process.stderr.write('majordomo is not built yet: run npm run build first\n');
  process.exitCode = 1;
}
