// Packs the packages that users install into dist/packages, one .tgz each.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';

const TARGET = 'dist/packages';
const folders = ['libs', 'apps'].flatMap((group) => readdirSync(group).map((name) => `${group}/${name}`));

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
const workspaces = folders.flatMap((folder) => ['--workspace', folder]);
execFileSync('npm', ['pack', '--silent', '--pack-destination', TARGET, ...workspaces], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
