// Completes package-lock.json with the binary packages of other platforms, so that `npm ci` accepts it everywhere.
//
// A registry mirror may lack some of them. `npm install` then leaves them out without a word, and `npm ci` refuses
// the lock ("Missing: X@ from lock file"). This adds the entries npm would have written, less the integrity, which
// only the registry knows. Run it after every `npm install`; with --check it only says whether any is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const all = lock.packages;
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];
let added = 0;

for (const [path, pkg] of Object.entries(all)) {
  for (const [name, range] of Object.entries(pkg.optionalDependencies ?? {})) {
    // the lookup order of node's resolution: nested, then each ancestor's node_modules
    let at = path,
      found = false;
    for (;;) {
      if (all[`${at ? `${at}/` : ''}node_modules/${name}`]) {
        found = true;
        break;
      }
      if (!at) break;
      at = at.includes('/node_modules/') ? at.slice(0, at.lastIndexOf('/node_modules/')) : '';
    }
    const words = name.split(/[/-]/);
    const os = OS.find((o) => words.includes(o));
    const cpu = CPU.find((c) => words.includes(c)) ?? (words.includes('armv7') ? 'arm' : undefined);
    if (found || !/^\d+\.\d+\.\d+/.test(range) || !os) {
      if (!found) console.error(`skipped ${name}@${range} of ${path}`);
      continue;
    }
    const libc = words.some((w) => w.startsWith('musl'))
      ? 'musl'
      : words.some((w) => w.startsWith('gnu'))
        ? 'glibc'
        : undefined;
    all[`node_modules/${name}`] = {
      version: range,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(pkg.dev ? { dev: true } : {}),
      ...(libc ? { libc: [libc] } : {}),
      license: pkg.license,
      optional: true,
      os: [os],
    };
    added++;
  }
}
if (process.argv.includes('--check')) {
  if (added) {
    console.error(`${added} platform packages are missing from ${file}: run node tools/complete-lock.mjs`);
    process.exit(1);
  }
} else if (added) {
  lock.packages = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${added} added`);
